"""Rules about the arguments of a call: their type, their fragments, their JSON text. Not which call they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deltaproof.rules.argument_schema import Violation, violations
from deltaproof.rules.argument_text import NOT_APPENDED, SPACE, Form, around, place_of, read_arguments
from deltaproof.rules.rule import Deviation, rule
from deltaproof.stream import Entry, ToolCall
from deltaproof.stream.strict import in_brief, type_name

_COMPLETE = ("tool_calls", "stop", "function_call")  # what tells a client that it has everything


def _has_json_arguments(call: ToolCall) -> bool:
    """Tell whether a call is one of a function, whose arguments are JSON, and no part of them is another type."""
    if call.kind == "custom" or "custom" in call.entries[0].value:
        return False
    return all(isinstance(entry.function.get("arguments"), str | None) for entry in call.entries)


def _has_text(call: ToolCall) -> bool:
    return _has_json_arguments(call) and bool(str(call.arguments).strip(SPACE))


def _is_complete(call: ToolCall) -> bool:
    """Tell whether a client was told that the call is whole: not that a limit cut it, nor an error, nor nothing."""
    return call.finish in _COMPLETE and not call.ending.error


@rule("arguments-string", each=Entry, when=lambda entry: "arguments" in entry.function)
def string(entry: Entry) -> Iterator[Deviation]:
    """Look at the type alone, and for null at whether the entry opens its call."""
    match entry.function["arguments"]:
        case str():
            return
        case None if entry.opens:
            yield Deviation("null-opening", entry.place, "the call opens with null as its arguments")
        case None:
            yield Deviation("null-continuation", entry.place, "a fragment of the arguments is null")
        case Mapping():
            yield Deviation("object", entry.place, "the arguments are a JSON object, not the text of one")
        case other:
            yield Deviation("other", entry.place, f"the arguments are {type_name(other)}, not a string")


def _opens_function(entry: Entry) -> bool:
    return entry.opens and isinstance(entry.value.get("function"), Mapping)


@rule("arguments-open-empty", each=Entry, when=_opens_function)
def open_empty(entry: Entry) -> Iterator[Deviation]:
    """Look for the key in the opening entry, and for any text in it; other types are for `arguments-string`."""
    if "arguments" not in entry.function:
        yield Deviation("absent", entry.place, "the call opens without an arguments key")
    elif isinstance(text := entry.function["arguments"], str) and text:
        yield Deviation("text", entry.place, "the call opens with argument text")


_APPENDED_WRONGLY = {
    Form.RESENT: "the arguments are whole, and then come again",
    Form.CUMULATIVE: "each fragment repeats the one before and goes on",
    Form.RETRACTED: "the arguments break off, and begin again with other text",
    Form.TRAILING: "after the arguments, which are whole, comes something else",
}


@rule("arguments-append-only", each=ToolCall, when=_has_text)
def append_only(call: ToolCall) -> Iterator[Deviation]:
    """Follow the grammar of JSON through the joined text; where it breaks, compare the fragments with each other."""
    form, position = read_arguments(call.arguments)
    if form in NOT_APPENDED:
        words = around(str(call.arguments), position)
        yield Deviation(form.value, place_of(call, position), _APPENDED_WRONGLY[form], words)


_NO_OBJECT = {
    Form.INVALID: ("invalid", "the arguments are no JSON"),
    Form.NULL: ("null", "the arguments are null"),
    Form.NOT_AN_OBJECT: ("not-an-object", "the arguments are JSON, but no object"),
    Form.ENCODED_TWICE: ("encoded-twice", "the arguments are a JSON string that holds the object, encoded twice"),
} | {form: ("joined", f"the fragments joined are no JSON: {words}") for form, words in _APPENDED_WRONGLY.items()}


@rule("arguments-complete-object", each=ToolCall, when=lambda call: _is_complete(call) and _has_text(call))
def complete_object(call: ToolCall) -> Iterator[Deviation]:
    """Parse the joined text as strictly as RFC 8259 has it."""
    form, position = read_arguments(call.arguments)
    words = around(str(call.arguments), position)
    if form is Form.TRUNCATED:
        message = f"the arguments end inside, after {position:,} characters, and finish_reason is {call.finish!r}"
        yield Deviation("truncated", place_of(call, position), message, words)
    elif form is not Form.OBJECT:
        case, message = _NO_OBJECT[form]
        yield Deviation(case, place_of(call, position), message, words)


def _takes_none(call: ToolCall) -> bool:
    return _is_complete(call) and _has_json_arguments(call) and str(call.arguments).strip(SPACE) in ("", "{}")


@rule("arguments-empty-object", each=ToolCall, when=_takes_none)
def empty_object(call: ToolCall) -> Iterator[Deviation]:
    """Look at a call without arguments, and at what its tool requires where the request tells."""
    if str(call.arguments).strip(SPACE):
        return
    required = call.tool.parameters.get("required") if call.tool and call.tool.parameters else None
    if required:
        yield Deviation(
            "missing", place_of(call, 0), f"no arguments came, but the tool requires {in_brief(required)}", ""
        )
    else:
        yield Deviation("empty", place_of(call, 0), "the arguments are empty text instead of {}", "")


def _violations(call: ToolCall) -> tuple[Violation, ...] | None:
    """Return how the arguments break the tool's schema, None where that cannot be told."""
    if call.tool is None or call.tool.parameters is None or not (_is_complete(call) and _has_text(call)):
        return None
    whole = read_arguments(call.arguments).form is Form.OBJECT
    return violations(call.tool.parameters, str(call.arguments)) if whole else None


@rule("arguments-schema", each=ToolCall, when=lambda call: _violations(call) is not None)
def schema(call: ToolCall) -> Iterator[Deviation]:
    """Validate the parsed arguments against the schema that the request declares for the tool."""
    for path, message in _violations(call) or ():
        case = "strict" if call.tool and call.tool.strict else "loose"
        yield Deviation(case, call.place, f"at {path}, {message}", str(call.arguments))


RULES = (string, open_empty, append_only, complete_object, empty_object, schema)
