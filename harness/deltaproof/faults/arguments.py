"""Faults of the arguments of a call: their type, their fragments, the text they make. Not whose they are."""

from __future__ import annotations

import json
from collections.abc import Callable

from deltaproof.faults.draft import Draft
from deltaproof.faults.fault import Fault, fault
from deltaproof.faults.views import Call, Entry
from deltaproof.stream import Tool

_JOINED = {
    "arguments-complete-object.joined": "Fragments that do more than append make no JSON text when they are joined."
}


def _set_text(call: Call, text: str) -> None:
    """Put other argument text in the place of a call's own, all of it in its first fragment."""
    first, *others = call.fragments
    first.fragment = text
    for entry in others:
        entry.fragment = ""


def _opening(change: Callable[[Entry], object]) -> Callable[[Draft], None]:
    """Change the entry that opens some call of a function, if it carries no text."""

    def do(draft: Draft) -> None:
        change(
            draft.call(
                lambda call: not (call.is_custom or call.opening.fragment), "no function call opens without text"
            ).opening
        )

    return do


def _whole(change: Callable[[Entry], object]) -> Callable[[Draft], None]:
    """Bring the arguments of some whole call in its opening entry alone, and change that."""

    def do(draft: Draft) -> None:
        call = draft.whole_call(lambda call: call.opening.function, "no call opens with a function")
        call.opening.fragment = call.text
        for entry in call.later:
            draft.drop(entry)
        change(call.opening)

    return do


def _required(draft: Draft, call: Call) -> Tool | None:
    """Return the tool that a call is of, if it requires arguments, None otherwise."""
    tool = draft.asked().tools.get(call.name)
    return tool if tool and tool.parameters and tool.parameters.get("required") else None


@fault("arguments-resent", "arguments-append-only.resent", also=_JOINED)
def resent(draft: Draft) -> None:
    """After its fragments the arguments of a call come again, whole."""
    call = draft.whole_call()
    draft.extend(call, call.text)


@fault("arguments-cumulative", "arguments-append-only.cumulative", also=_JOINED)
def cumulative(draft: Draft) -> None:
    """Each fragment of the arguments repeats all that came before it."""
    call = draft.whole_call(lambda call: len(call.fragments) > 1, "all arguments come in one fragment")
    so_far = ""
    for entry in call.fragments:
        entry.fragment = so_far = so_far + entry.fragment


@fault("arguments-retracted", "arguments-append-only.retracted", also=_JOINED)
def retracted(draft: Draft) -> None:
    """The arguments break off after a few characters, and others begin."""
    call = draft.whole_call(lambda call: not call.opening.fragment, "all arguments begin in the opening entry")
    draft.extend(call, '{"": 0', after=call.opening.piece)


@fault("arguments-trailing", "arguments-append-only.trailing", also=_JOINED)
def trailing(draft: Draft) -> None:
    """A mark of the model's own format comes after the arguments."""
    draft.extend(draft.whole_call(), "</tool_call>")


@fault("arguments-truncated", "arguments-complete-object.truncated")
def truncated(draft: Draft) -> None:
    """The last bracket of the arguments is missing."""
    last = [entry for entry in draft.whole_call().fragments if entry.fragment.strip()][-1]
    last.fragment = last.fragment.rstrip()[:-1]


@fault("arguments-single-quoted", "arguments-complete-object.invalid")
def single_quoted(draft: Draft) -> None:
    """The arguments have single quotes, as Python prints them."""
    for entry in draft.whole_call(lambda call: '"' in call.text, "no arguments have quotes").fragments:
        entry.fragment = entry.fragment.replace('"', "'")


@fault("arguments-encoded-twice", "arguments-complete-object.encoded-twice")
def encoded_twice(draft: Draft) -> None:
    """The arguments are the JSON text of a string that holds the object."""
    call = draft.whole_call()
    for entry in call.fragments:
        entry.fragment = json.dumps(entry.fragment)[1:-1]
    call.fragments[0].fragment = '"' + call.fragments[0].fragment
    call.fragments[-1].fragment += '"'


@fault("arguments-array", "arguments-complete-object.not-an-object")
def array(draft: Draft) -> None:
    """The object stands in an array."""
    call = draft.whole_call()
    call.fragments[0].fragment = "[" + call.fragments[0].fragment
    call.fragments[-1].fragment += "]"


@fault("arguments-text-null", "arguments-complete-object.null")
def text_null(draft: Draft) -> None:
    """The text of the arguments is the word null."""
    _set_text(draft.whole_call(), "null")


@fault("arguments-empty", "arguments-empty-object.empty")
def empty(draft: Draft) -> None:
    """The arguments of a tool that takes none are an empty text instead of an empty object."""
    _set_text(draft.whole_call(lambda call: call.arguments == {}, "no call has an empty object for arguments"), "")


@fault("arguments-lost", "arguments-empty-object.missing")
def lost(draft: Draft) -> None:
    """The arguments of a tool that requires some are an empty text."""
    _set_text(draft.whole_call(lambda call: _required(draft, call), "no tool that is called requires arguments"), "")


@fault("arguments-off-strict-schema", "arguments-schema.strict")
def off_strict_schema(draft: Draft) -> None:
    """The arguments of a strict tool lack what its schema requires."""
    missing = "no strict tool that is called requires arguments"
    _set_text(draft.whole_call(lambda call: (tool := _required(draft, call)) and tool.strict, missing), "{}")


@fault("arguments-off-schema", "arguments-schema.loose")
def off_schema(draft: Draft) -> None:
    """The arguments of a tool that is not strict lack what its schema requires."""
    missing = "no tool that is called requires arguments and is not strict"
    _set_text(draft.whole_call(lambda call: (tool := _required(draft, call)) and not tool.strict, missing), "{}")


@fault("arguments-null-later", "arguments-string.null-continuation")
def null_later(draft: Draft) -> None:
    """A call has one more entry, and its arguments are null."""
    call = draft.call(lambda call: not call.is_custom, "no function is called")
    draft.extend(call, "").function["arguments"] = None


FAULTS = (
    resent,
    cumulative,
    retracted,
    trailing,
    truncated,
    single_quoted,
    encoded_twice,
    array,
    text_null,
    empty,
    lost,
    Fault(
        "call-whole",
        "arguments-open-empty.text",
        "A call comes whole in one entry.",
        _whole(lambda _: None),
    ),
    Fault(
        "arguments-missing",
        "arguments-open-empty.absent",
        "The entry that opens a call has no arguments, not even empty ones.",
        _opening(lambda entry: entry.function.pop("arguments", None)),
    ),
    off_strict_schema,
    off_schema,
    Fault(
        "arguments-object",
        "arguments-string.object",
        "A call comes whole in one entry, its arguments an object and not its text.",
        _whole(lambda entry: entry.function.update(arguments=json.loads(entry.fragment))),
    ),
    Fault(
        "arguments-number",
        "arguments-string.other",
        "The entry that opens a call has a number for its arguments.",
        _opening(lambda entry: entry.function.update(arguments=0)),
    ),
    Fault(
        "arguments-null",
        "arguments-string.null-opening",
        "The entry that opens a call has null for its arguments.",
        _opening(lambda entry: entry.function.update(arguments=None)),
    ),
    null_later,
)
