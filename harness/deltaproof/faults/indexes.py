"""Faults of which call an entry belongs to: indexes, ids that do not fit, the order of entries."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from deltaproof.faults.draft import Draft, need
from deltaproof.faults.fault import Fault, fault
from deltaproof.faults.views import Call

_SINGLE = "no choice has more than one tool call"


def _number(call: Call, index: object) -> None:
    for entry in call.entries:
        entry.value["index"] = index


def _each(index: Callable[[Call], object]) -> Callable[[Draft], None]:
    """Give each call another index."""

    def renumber(draft: Draft) -> None:
        for call in draft.calls():
            _number(call, index(call))

    return renumber


def _siblings(draft: Draft) -> list[Call]:
    """Return the calls of some choice that has several."""
    calls = draft.calls()
    choices = [choice for choice in {call.choice: 0 for call in calls} if sum(c.choice == choice for c in calls) > 1]
    wanted = draft.pick(choices, _SINGLE)
    return [call for call in calls if call.choice == wanted]


def _neighbours(draft: Draft) -> tuple[Call, Call]:
    """Return two calls of one choice that follow each other, the first one with text after its opening entry."""
    siblings = _siblings(draft)
    pairs = [(one, next_one) for one, next_one in pairwise(siblings) if any(entry.fragment for entry in one.later)]
    return draft.pick(pairs, "no call that another follows has text after its first entry")


@fault(
    "index-missing",
    "tool-call-index-integer.missing",
    also={"tool-call-index-integer.missing-later": "The entries that continue a call would not find it by an index."},
)
def index_missing(draft: Draft) -> None:
    """No entry of any call has an index."""
    calls = draft.calls()
    need(any(call.later for call in calls), "no tool call has more than one entry")
    for call in calls:
        for entry in call.entries:
            entry.value.pop("index", None)


@fault("index-missing-later", "tool-call-index-integer.missing-later")
def index_missing_later(draft: Draft) -> None:
    """Only the entry that opens a call has an index."""
    for call in draft.calls():
        for entry in call.later:
            entry.value.pop("index", None)


@fault("index-negative", "tool-call-index-integer.other")
def index_negative(draft: Draft) -> None:
    """The last call of a choice has the index -1."""
    calls = draft.calls()
    lasts = {call.choice: call for call in calls}
    _number(draft.pick(list(lasts.values())), -1)


@fault("index-gap", "tool-call-index-dense.gap")
def index_gap(draft: Draft) -> None:
    """An index is left out before the last of several calls."""
    last = _siblings(draft)[-1]
    _number(last, last.index + 1)


@fault("index-reversed", "tool-call-index-dense.out-of-order")
def index_reversed(draft: Draft) -> None:
    """The first of several calls has the highest index."""
    siblings = _siblings(draft)
    for call, index in zip(siblings, [call.index for call in reversed(siblings)], strict=True):
        _number(call, index)


@fault("index-all-0", "tool-call-index-identity.reused")
def index_all_0(draft: Draft) -> None:
    """All calls have the index 0."""
    _siblings(draft)
    for call in draft.calls():
        _number(call, 0)


@fault("id-changing", "tool-call-index-identity.id-changed")
def id_changing(draft: Draft) -> None:
    """A later entry of a call has another id."""
    call = draft.call(lambda call: call.id and call.later, "no tool call with an id has more than one entry")
    call.later[0].value["id"] = call.id + "x"


@fault("id-doubled", "tool-call-id-unique.shared")
def id_doubled(draft: Draft) -> None:
    """Two calls of a choice have the same id."""
    first, second, *_ = _siblings(draft)
    second.opening.value["id"] = first.id


@fault("calls-interleaved", "tool-call-sequential.interleaved")
def calls_interleaved(draft: Draft) -> None:
    """The last text of a call comes after the next call is opened."""
    earlier, later = _neighbours(draft)
    draft.move(later.opening.piece, before=earlier.fragments[-1].piece)


@fault("calls-in-a-chunk", "tool-call-unique-index-in-chunk.several")
def calls_in_a_chunk(draft: Draft) -> None:
    """The last text of a call and the opening of the next one come in one chunk."""
    earlier, later = _neighbours(draft)
    earlier.fragments[-1].delta.body["tool_calls"].append(later.opening.value)
    draft.drop(later.opening)


@fault("fragments-in-a-chunk", "tool-call-unique-index-in-chunk.fragments")
def fragments_in_a_chunk(draft: Draft) -> None:
    """Two fragments of one call come in one chunk."""
    call = draft.call(lambda call: len(call.later) > 1, "no tool call has more than two entries")
    pairs = [pair for pair in pairwise(call.later) if not pair[1].delta.element.get("finish_reason")]
    one, other = draft.pick(pairs, "its last fragment comes with the finish_reason")
    one.delta.body["tool_calls"].append(other.value)
    draft.drop(other)


FAULTS = (
    index_missing,
    index_missing_later,
    Fault("index-null", "tool-call-index-integer.null", "Every index is null.", _each(lambda _: None)),
    Fault(
        "index-string",
        "tool-call-index-integer.string",
        "Every index is a string.",
        _each(lambda call: str(call.index)),
    ),
    index_negative,
    Fault(
        "index-from-1",
        "tool-call-index-dense.starts-high",
        "The indexes of calls begin with 1.",
        _each(lambda call: call.index + 1),
    ),
    index_gap,
    index_reversed,
    index_all_0,
    id_changing,
    id_doubled,
    calls_interleaved,
    calls_in_a_chunk,
    fragments_in_a_chunk,
)
