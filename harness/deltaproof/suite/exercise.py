"""Whether a response has in it what its scenario must exercise. Weighs nothing, and asks for nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator

from deltaproof.catalog import Blame, Exercise
from deltaproof.exchange import Exchange
from deltaproof.fold import FoldedCall, FoldedChoice, Message
from deltaproof.stream import Choice, Transcript
from deltaproof.stream.strict import parse
from deltaproof.suite.chunks import has_logprobs


def missing(wanted: Exercise, exchange: Exchange, transcript: Transcript, message: Message) -> tuple[str, Blame] | None:
    """Say the first thing that a response lacks of what is wanted, and whose choice that is; None if nothing."""
    lacking = next(_missing(wanted, transcript, message), None)
    if lacking is not None:
        return lacking, Blame.MODEL
    if wanted.logprobs and not has_logprobs(exchange):
        return "log probabilities were asked for, and none came", Blame.PROTOCOL
    return None


def _missing(wanted: Exercise, transcript: Transcript, message: Message) -> Iterator[str]:
    choices = message.choices
    if wanted.text and not any(choice.content for choice in choices):
        yield "the model wrote no text"
    calls = max(choices, key=lambda choice: len(choice.tool_calls)).tool_calls if choices else ()
    if len(calls) < wanted.calls:
        yield f"the model made {_count(len(calls), 'call')}, not {wanted.calls}"
    tools = {call.name for call in calls}
    if len(tools) < wanted.tools:
        yield f"the model called {_count(len(tools), 'tool')}, not {wanted.tools}"
    if wanted.text_first and not any(_begins_with_text(choice) for choice in transcript.choices):
        yield "the model wrote no text before its call"
    longest = max((len(call.arguments.encode("utf-8", "replace")) for call in _calls(choices)), default=0)
    if longest < wanted.arguments:
        yield f"the model wrote {longest:,} bytes of arguments, not {wanted.arguments:,}"
    if absent := [text for text in wanted.contains if not any(text in value for value in _values(choices))]:
        yield f"the model wrote no {absent[0]!r} into the arguments"
    if wanted.custom and not any(call.type == "custom" for call in calls):
        yield "the model did not call the custom tool"
    if wanted.function_call and not any(choice.function_call for choice in choices):
        yield "the model did not call the function"
    if wanted.cut and not any(_is_cut(choice) for choice in choices):
        yield "no limit fell inside the arguments of a call"


def _begins_with_text(choice: Choice) -> bool:
    """Tell whether some text came no later than the first call."""
    if not choice.calls or choice.content is None:
        return False
    events = (piece.event for piece in choice.content.pieces() if piece.text.strip())
    return next(events, math.inf) <= choice.calls[0].place.event


def _calls(choices: tuple[FoldedChoice, ...]) -> Iterator[FoldedCall]:
    for choice in choices:
        yield from choice.tool_calls


def _values(choices: tuple[FoldedChoice, ...]) -> Iterator[str]:
    """Yield every string among the values of all arguments."""
    for call in _calls(choices):
        yield from _strings(parse(call.arguments.encode("utf-8", "replace")).value)


def _strings(value: object) -> Iterator[str]:
    """Yield every string in a JSON value, but no keys."""
    left = [value]
    while left:
        match left.pop():
            case str() as text:
                yield text
            case dict() as members:
                left += members.values()
            case list() as elements:
                left += elements


def _is_cut(choice: FoldedChoice) -> bool:
    """Tell whether a limit fell inside the arguments of the last call."""
    if choice.finish_reason != "length" or not choice.tool_calls:
        return False
    return not isinstance(parse(choice.tool_calls[-1].arguments.encode("utf-8", "replace")).value, dict)


def _count(number: int, word: str) -> str:
    return f"{number or 'no'} {word}" if number == 1 else f"{number or 'no'} {word}s"
