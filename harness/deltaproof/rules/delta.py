"""Rules about what a delta carries: role, texts, calls as a whole, vendor fields. Not what an entry of a call says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deltaproof.rules.rule import Deviation, rule
from deltaproof.stream import Choice, Delta, FunctionCall, ToolChoice
from deltaproof.stream.strict import in_brief, type_name


@rule("delta-role-first", each=Choice)
def role_first(choice: Choice) -> Iterator[Deviation]:
    """Compare where the first role came with where the choice began."""
    if choice.role is None or choice.role_place is None:
        yield Deviation("missing", choice.place, "no delta of the choice has a role")
    elif choice.role != "assistant":
        yield Deviation("other", choice.role_place, f"the role is {in_brief(choice.role)}")
    elif choice.role_place.event != choice.place.event:
        told = f"the role comes in event {choice.role_place.event}, the choice began in event {choice.place.event}"
        yield Deviation("late", choice.role_place, told)


@rule("delta-role-not-repeated", each=Delta, when=lambda delta: delta.role is not None)
def role_not_repeated(delta: Delta) -> Iterator[Deviation]:
    """Look for a role key where the choice has its role."""
    match delta.body.get("role", ...):
        case e if e is ...:
            return
        case None:
            yield Deviation("null", delta.place, "the role is there again, as null")
        case "":
            yield Deviation("empty", delta.place, "the role is there again, as an empty string")
        case role:
            yield Deviation("repeated", delta.place, f"after the role {in_brief(delta.role)} comes {in_brief(role)}")


@rule("delta-content-type", each=Delta, when=lambda delta: "content" in delta.body)
def content_type(delta: Delta) -> Iterator[Deviation]:
    """Look at the JSON type."""
    match delta.body["content"]:
        case None | str():
            return
        case list():
            yield Deviation("array", delta.place, "content is an array")
        case other:
            yield Deviation("other", delta.place, f"content is {type_name(other)}")


@rule("delta-refusal", each=Delta, when=lambda delta: delta.refused or "refusal" in delta.body)
def refusal(delta: Delta) -> Iterator[Deviation]:
    """Look at the JSON type, and for text of a refusal and calls in one choice, whichever comes first."""
    text = delta.body.get("refusal")
    if not isinstance(text, str | None):
        yield Deviation("type", delta.place, f"refusal is {type_name(text)}")
    refuses = delta.refused or (isinstance(text, str) and text)
    if refuses and (delta.called or delta.body.get("tool_calls")):
        yield Deviation("with-call", delta.place, "the choice refuses and calls a tool")


@rule("delta-tool-calls-array", each=Delta, when=lambda delta: "tool_calls" in delta.body)
def tool_calls_array(delta: Delta) -> Iterator[Deviation]:
    """Look at the JSON type, and at that of each element."""
    match delta.body["tool_calls"]:
        case None:
            yield Deviation("null", delta.place, "tool_calls is null")
        case []:
            yield Deviation("empty", delta.place, "tool_calls is an empty array")
        case list() as elements:
            if odd := [one for one in elements if not isinstance(one, Mapping)]:
                yield Deviation("element", delta.place, f"an element of tool_calls is {type_name(odd[0])}")
        case other:
            yield Deviation("not-array", delta.place, f"tool_calls is {type_name(other)}")


@rule("delta-legacy-function-call", each=Choice, when=lambda choice: choice.function_call)
def legacy_function_call(choice: Choice) -> Iterator[Deviation]:
    """Compare the call with what was asked for, with the calls beside it, and with how the choice ended."""
    asked, call = choice.request, choice.function_call
    if call is None:
        return
    if asked is None or not asked.legacy:
        yield Deviation("unasked", call.place, "a function_call comes, and functions were not asked for")
    if choice.calls:
        yield Deviation("mixed", call.place, "a function_call and tool_calls come in one choice")
    if choice.finish == "tool_calls" or (
        choice.finish == "stop" and (asked is None or asked.choice is not ToolChoice.NAMED)
    ):
        yield Deviation("finish", choice.finishes[-1].place, f"finish_reason is {in_brief(choice.finish)}")
    yield from _legacy_name(call)


def _legacy_name(call: FunctionCall) -> Iterator[Deviation]:
    """Ask the first fragment for the name, and later ones for none."""
    match call.names:
        case ():
            yield Deviation("name-late", call.place, "the function_call has no name")
        case ((place, name),) if place.event != call.place.event:
            yield Deviation("name-late", place, f"the name {in_brief(name)} comes after the first fragment")
        case ((_, name), (place, again)):
            yield Deviation("name-split", place, f"after the name {in_brief(name)} comes {in_brief(again)}")
        case _:
            pass


@rule("delta-vendor-mergeable", each=Delta, when=lambda delta: not delta.extras.isdisjoint(delta.body))
def vendor_mergeable(delta: Delta) -> Iterator[Deviation]:
    """Do to each vendor field that comes again what openai-python does: add numbers, merge lists by index."""
    for name in sorted(delta.body.keys() & delta.extras):
        if name in ("index", "type"):  # replaced, not added
            continue
        match delta.body[name]:
            case int() | float() as number if number:
                yield Deviation("number", delta.place, f"{name} is there again, as {in_brief(number)}")
            case list() as elements if not all(_is_mergeable(element) for element in elements):
                yield Deviation("list", delta.place, f"{name} is there again, its elements without an integer index")
            case _:
                pass


def _is_mergeable(element: object) -> bool:
    return isinstance(element, str | int | float) or (
        isinstance(element, Mapping) and isinstance(element.get("index"), int)
    )


RULES = (
    role_first,
    role_not_repeated,
    content_type,
    refusal,
    tool_calls_array,
    legacy_function_call,
    vendor_mergeable,
)
