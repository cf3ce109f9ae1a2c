"""Rules about what one entry of a tool call carries: id, type, name, function. Not which call it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deltaproof.rules.rule import Deviation, rule
from deltaproof.stream import Entry, ToolCall
from deltaproof.stream.strict import in_brief, type_name

_TYPES = ("function", "custom")


@rule("tool-call-open-name", each=Entry)
def open_name(entry: Entry) -> Iterator[Deviation]:
    """Ask the opening entry for the name, and later entries for no piece of one."""
    name = entry.function.get("name")
    if entry.opens and not (isinstance(name, str) and name):
        yield Deviation("late", entry.place, "the call opens without a name")
    elif entry.continues and entry.name and isinstance(name, str) and name not in ("", entry.name):
        yield Deviation(
            "split", entry.place, f"after the name {in_brief(entry.name)} comes {in_brief(name)} for the same call"
        )


@rule("tool-call-continuation-name", each=Entry, when=lambda entry: entry.continues)
def continuation_name(entry: Entry) -> Iterator[Deviation]:
    """Look for a name key where the call has its name; another name is for `tool-call-open-name` to tell."""
    if "name" not in entry.function:
        return
    match entry.function["name"]:
        case None:
            yield Deviation("null", entry.place, "the name is there again, as null")
        case "":
            yield Deviation("empty", entry.place, "the name is there again, as an empty string")
        case name if name == entry.name:
            yield Deviation("repeated", entry.place, f"the name {in_brief(name)} is there again")
        case _:
            pass


@rule("tool-call-open-id", each=ToolCall)
def open_id(call: ToolCall) -> Iterator[Deviation]:
    """Ask the opening entry for an id; whether one comes later decides how bad it is without."""
    value = call.entries[0].value.get("id")
    match value:
        case "null":  # Mistral's client writes the word where it has no id
            yield Deviation("word", call.place, 'the call opens with the word "null" as its id')
        case str() if value:
            return
        case _ if call.id is not None:
            yield Deviation("late", call.place, f"the call opens without an id and gets {in_brief(call.id)} later")
        case "":
            yield Deviation("empty", call.place, "the call's id is empty")
        case None:
            yield Deviation("missing", call.place, "the call has no id")
        case other:
            yield Deviation("missing", call.place, f"the call's id is {type_name(other)}, no string")


@rule("tool-call-open-type", each=Entry, when=lambda entry: entry.opens)
def open_type(entry: Entry) -> Iterator[Deviation]:
    """Look the type up among the two there are."""
    match entry.value.get("type", ...):
        case e if e is ...:
            yield Deviation("missing", entry.place, "the call opens without a type")
        case None:
            yield Deviation("null", entry.place, "the call opens with type null")
        case kind if kind not in _TYPES:
            yield Deviation("unknown", entry.place, f"the call opens with type {in_brief(kind)}")
        case _:
            pass


@rule("tool-call-continuation-id", each=Entry, when=lambda entry: entry.continues)
def continuation_id(entry: Entry) -> Iterator[Deviation]:
    """Look for an id key where the call has its id; another id is for `tool-call-index-identity` to tell."""
    if "id" not in entry.value:
        return
    match entry.value["id"]:
        case None:
            yield Deviation("null", entry.place, "the id is there again, as null")
        case "":
            yield Deviation("empty", entry.place, "the id is there again, as an empty string")
        case "null":
            yield Deviation("word", entry.place, 'the id is there again, as the word "null"')
        case call_id if call_id == entry.id:
            yield Deviation("repeated", entry.place, f"the id {in_brief(call_id)} is there again")
        case _:
            pass


@rule("tool-call-continuation-type", each=Entry, when=lambda entry: entry.continues)
def continuation_type(entry: Entry) -> Iterator[Deviation]:
    """Compare a type that is there again with the call's; the same one does no harm."""
    match entry.value.get("type", ...):
        case e if e is ...:
            return
        case None:
            yield Deviation("null", entry.place, "the type is there again, as null")
        case "":
            yield Deviation("empty", entry.place, "the type is there again, as an empty string")
        case kind if kind != (entry.kind or kind):
            told = f"the type was {in_brief(entry.kind)} and is now {in_brief(kind)}"
            yield Deviation("changed", entry.place, told)
        case _:
            pass


@rule("tool-call-function-object", each=Entry, when=lambda entry: not _is_custom(entry))
def function_object(entry: Entry) -> Iterator[Deviation]:
    """Ask for an object, empty or not."""
    match entry.value.get("function", ...):
        case Mapping():
            return
        case e if e is ...:
            yield Deviation("missing", entry.place, "the entry has no function")
        case None:
            yield Deviation("null", entry.place, "the entry's function is null")
        case other:
            yield Deviation("type", entry.place, f"the entry's function is {type_name(other)}")


@rule("tool-call-custom", each=Entry, when=lambda entry: _is_custom(entry) or "custom" in entry.value)
def custom(entry: Entry) -> Iterator[Deviation]:
    """Ask an entry of a custom call for its custom object, and any other entry for none."""
    body = entry.value.get("custom", ...)
    if not _is_custom(entry):
        yield Deviation("stray", entry.place, "an entry of a function call has a custom key")
    elif "function" in entry.value:
        yield Deviation("function", entry.place, "an entry of a custom call has a function key")
    elif not isinstance(body, Mapping):
        told = "no custom object" if body is ... else f"{type_name(body)} as its custom object"
        yield Deviation("object", entry.place, f"an entry of a custom call has {told}")
    elif not isinstance(body.get("input", ""), str):
        yield Deviation("input", entry.place, f"the input of a custom call is {type_name(body['input'])}, no string")


def _is_custom(entry: Entry) -> bool:
    """Tell whether the call is a custom one: by its type, before it has one by the object that it opens with."""
    kind = entry.kind or entry.value.get("type")
    if kind in _TYPES:
        return kind == "custom"
    opening = (entry.opening or entry).value
    return isinstance(opening.get("custom"), Mapping) and "function" not in opening


RULES = (
    open_name,
    continuation_name,
    open_id,
    open_type,
    continuation_id,
    continuation_type,
    function_object,
    custom,
)
