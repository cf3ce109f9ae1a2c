"""Rules about which call an entry belongs to: its index, the order of calls, their ids. Not what an entry carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from deltaproof.rules.rule import Deviation, rule
from deltaproof.stream import Choice, Delta, Entry
from deltaproof.stream.strict import in_brief


@rule("tool-call-index-integer", each=Entry)
def index_integer(entry: Entry) -> Iterator[Deviation]:
    """Look at the index as it was sent; true and false are no numbers."""
    match entry.value.get("index", ...):
        case bool() as flag:
            yield Deviation("other", entry.place, f"the index is {in_brief(flag)}")
        case int() as number if number >= 0:
            return
        case e if e is ... and entry.opens:
            yield Deviation("missing", entry.place, "the entry that opens the call has no index")
        case e if e is ...:
            yield Deviation("missing-later", entry.place, "an entry that continues the call has no index")
        case None:
            yield Deviation("null", entry.place, "the index is null")
        case str() as text:
            yield Deviation("string", entry.place, f"the index is the string {in_brief(text)}")
        case other:
            yield Deviation("other", entry.place, f"the index is {in_brief(other)}")


def _indexes(choice: Choice) -> dict[int, Entry]:
    """Return the entry that first used each usable index, in order of opening."""
    first: dict[int, Entry] = {}
    for call in choice.calls:
        if call.index is not None and call.index >= 0:
            first.setdefault(call.index, call.entries[0])
    return first


@rule("tool-call-index-dense", each=Choice, when=_indexes)
def index_dense(choice: Choice) -> Iterator[Deviation]:
    """Compare the indexes, each once and in order of opening, with 0, 1, 2 and so on."""
    indexes = _indexes(choice)
    ordered = sorted(indexes)
    if ordered[0] > 0:
        yield Deviation("starts-high", indexes[ordered[0]].place, f"no call has index 0; the lowest is {ordered[0]}")
    for low, high in pairwise(ordered):
        if high > low + 1:
            yield Deviation("gap", indexes[high].place, f"there is a call {low} and a call {high}, and none between")
            return
    for before, after in pairwise(indexes):
        if after < before:
            yield Deviation("out-of-order", indexes[after].place, f"call {after} opens after call {before}")
            return


@rule("tool-call-index-identity", each=Entry, when=lambda entry: entry.value.get("index") is not None)
def index_identity(entry: Entry) -> Iterator[Deviation]:
    """Look for a call that took another's index, and for a new id in a call that goes on."""
    call_id = entry.value.get("id")
    index = in_brief(entry.value.get("index"))
    if entry.displaced is not None:
        told = f"index {index} belongs to {_named(entry.displaced)}, and now to {_named(entry)} too"
        yield Deviation("reused", entry.place, told)
    elif entry.continues and entry.id and _is_id(call_id) and call_id != entry.id:
        told = f"the id of call {index} was {in_brief(entry.id)} and is now {in_brief(call_id)}"
        yield Deviation("id-changed", entry.place, told)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and value not in ("", "null")  # "null": what Mistral's client makes of none


def _named(entry: Entry) -> str:
    """Say which call an entry opens."""
    name, call_id = entry.function.get("name"), entry.value.get("id")
    told = in_brief(name) if isinstance(name, str) else "a call without a name"
    return f"{told} ({in_brief(call_id)})" if _is_id(call_id) else told


def _elements(delta: Delta) -> list[Mapping[str, object]]:
    """Return the entries that are objects."""
    elements = delta.body.get("tool_calls")
    return [one for one in elements if isinstance(one, Mapping)] if isinstance(elements, list) else []


@rule("tool-call-unique-index-in-chunk", each=Delta, when=_elements)
def unique_index_in_chunk(delta: Delta) -> Iterator[Deviation]:
    """Look for an index again in one array; a name beside it makes it another call, not a second fragment."""
    elements = _elements(delta)
    seen: set[int] = set()
    for element in elements:
        index = element.get("index")
        if type(index) is not int:
            continue
        body = element.get("function")
        if index in seen and not (isinstance(body, Mapping) and body.get("name")):
            yield Deviation("fragments", delta.place, f"one chunk has several entries of call {index}")
            return
        seen.add(index)
    if len(elements) > 1:
        yield Deviation("several", delta.place, f"one chunk has entries of {len(elements)} calls")


@rule("tool-call-id-unique", each=Choice, when=lambda choice: sum(call.id is not None for call in choice.calls) > 1)
def id_unique(choice: Choice) -> Iterator[Deviation]:
    """Compare the ids of one choice's calls; a call without an id has none to share."""
    owners: dict[str, int] = {}
    for call in choice.calls:
        if call.id is None:
            continue
        if call.id in owners:
            told = f"calls {owners[call.id]} and {call.position} of the choice have the id {in_brief(call.id)}"
            yield Deviation("shared", call.place, told)
        owners.setdefault(call.id, call.position)


@rule("tool-call-sequential", each=Entry, when=lambda entry: entry.opened > (0 if entry.opens else 1))
def sequential(entry: Entry) -> Iterator[Deviation]:
    """Look for argument text of a call after which another was opened; a call's place is what was open before it."""
    text = entry.function.get("arguments") or entry.function.get("input")
    if entry.opening is not None and text and entry.opening.opened < entry.opened - 1:
        later = entry.opened - 1 - entry.opening.opened
        told = f"arguments of an earlier call, although {later} more {'was' if later == 1 else 'were'} opened since"
        yield Deviation("interleaved", entry.place, told)


RULES = (
    index_integer,
    index_dense,
    index_identity,
    unique_index_in_chunk,
    id_unique,
    sequential,
)
