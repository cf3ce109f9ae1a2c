"""The reference accumulator: from a transcript to the message it means. Reports nothing, judges nothing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import overload

from deltaproof.stream import Choice, Entry, FunctionCall, Text, ToolCall, Transcript
from deltaproof.stream.strict import is_json, is_same_json, json_text


@dataclass(frozen=True, slots=True)
class FoldedCall:
    """One tool call as a client should have it; the arguments are text, for a custom tool its input."""

    index: int
    id: str | None
    name: str | None
    arguments: str
    type: str = "function"


@dataclass(frozen=True, slots=True)
class FoldedChoice:
    """One choice as a client should have it; None for texts that were never sent."""

    index: int
    content: str | None
    refusal: str | None
    reasoning: str | None
    tool_calls: tuple[FoldedCall, ...]
    function_call: FoldedCall | None
    finish_reason: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """What a whole stream means: its choices in order of index."""

    choices: tuple[FoldedChoice, ...]


def fold(transcript: Transcript) -> Message:
    """Return the message that a stream means, every recoverable deviation repaired.

    The policy, in the order of its steps:

    - **Which call.** As `stream.calls` has it: by index; an index taken by another id and name, or after a whole object
      by another name or object, begins another call; without an index an id decides, then a name, then the call
      before. Calls are numbered in order of opening, whatever indexes were sent.
    - **Name.** The first that is not empty, wherever it comes. The same name again is a repetition. Another one,
      while no argument text has come, is the rest of the name and is added to it; later it is ignored.
    - **Id and type.** The first that is not empty; a type never sent is "custom" where the call opens with a custom
      object, else "function".
    - **Arguments.** The fragments joined; null and absent fragments are nothing, of objects the last is taken as its
      JSON text. If what is joined is no JSON, but the last fragment alone is, two known faults are undone: each
      fragment repeats the one before and goes on (cumulative), or the whole comes again after its fragments (resent).
    - **Texts.** Fragments joined; halves of a surrogate pair in two fragments are put together, a lone half becomes
      U+FFFD, in names and ids too. A `message` stands in for a missing delta. Content parts of type text and thinking
      are read, and reasoning under the first of its two names that has any.
    - **finish_reason.** The last that is not empty, but a `stop` after `tool_calls` does not undo it.

    What no policy can recover is left as it was sent: cut arguments stay cut.
    """
    return Message(tuple(_choice(choice) for choice in transcript.choices))


def _choice(choice: Choice) -> FoldedChoice:
    return FoldedChoice(
        index=choice.index,
        content=_joined(choice.content),
        refusal=_joined(choice.refusal),
        reasoning=_joined(choice.reasoning),
        tool_calls=tuple(_call(position, call) for position, call in enumerate(choice.calls)),
        function_call=_legacy(choice.function_call),
        finish_reason=_finish_reason(choice),
    )


def _legacy(call: FunctionCall | None) -> FoldedCall | None:
    return FoldedCall(0, None, _mended(call.name) or None, _repaired(call.arguments)) if call else None


def _call(position: int, call: ToolCall) -> FoldedCall:
    kind = call.kind or ("custom" if call.entries[0].function is call.entries[0].value.get("custom") else "function")
    objects = [entry.function["arguments"] for entry in call.entries if _has_object(entry)]
    arguments = json_text(objects[-1]) if objects else _repaired(call.arguments)
    return FoldedCall(position, _mended(call.id), _mended(_name(call.entries)), arguments, _mended(kind))


def _has_object(entry: Entry) -> bool:
    return isinstance(entry.function.get("arguments"), dict | list)


def _name(entries: tuple[Entry, ...]) -> str | None:
    """Join the pieces of a name that come before the first argument text."""
    name = ""
    for entry in entries:
        piece = entry.function.get("name")
        if not isinstance(piece, str) or piece == name:
            continue
        if not name or entry.start == 0:
            name += piece
    return name or None


def _repaired(arguments: Text) -> str:
    """Return the fragments joined, or what they mean where they were sent cumulatively or twice."""
    whole = _joined(arguments) or ""
    if arguments.fragments < 2:  # noqa: PLR2004 - a repetition needs two
        return whole
    start, last, _, _ = arguments.fragment(arguments.fragments - 1)
    # The last one first: it is short, and seldom JSON, while parsing the whole takes twelve times its size.
    if not is_json(last) or is_json(whole):
        return whole
    resent = is_same_json(str(arguments)[:start], last)
    cumulative = all(later.text.startswith(earlier.text) for earlier, later in pairwise(arguments.pieces()))
    return last if resent or cumulative else whole


def _joined(text: Text | None) -> str | None:
    """Return the fragments joined."""
    return None if text is None else _mended(str(text))


@overload
def _mended(text: str) -> str: ...
@overload
def _mended(text: None) -> None: ...
def _mended(text: str | None) -> str | None:
    """Return a text with the halves of surrogate pairs put together."""
    if text is None or text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _finish_reason(choice: Choice) -> str | None:
    if choice.finish == "stop" and any(finish.reason == "tool_calls" for finish in choice.finishes):
        return "tool_calls"
    reason = choice.finish
    return _mended(reason) if isinstance(reason, str | None) else json_text(reason)
