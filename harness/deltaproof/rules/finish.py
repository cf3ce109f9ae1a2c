"""Rules about how a choice ends: its finish_reason, and what comes with it and after it. Not `[DONE]`, not usage."""

from __future__ import annotations

from collections.abc import Iterator

from deltaproof.exchange import End
from deltaproof.rules.rule import Deviation, rule
from deltaproof.stream import Choice, Delta, Text, ToolChoice
from deltaproof.stream.strict import in_brief

_CUT = ("length", "content_filter")
_NATIVELY_CUT = ("length", "max_tokens", "max_output_tokens", "content_filter")  # the words of the upstreams seen
_NOTHING: tuple[object, ...] = (None, "", [], {})
_CALLS = ("tool_calls", "function_call")
_TEXTS = ("content", "refusal", "reasoning_content", "reasoning")


def _added_at(choice: Choice) -> Iterator[int]:
    """Yield the numbers of the events that opened a call, or added more than white space to a text."""
    texts: list[Text | None] = [choice.content, choice.refusal, choice.reasoning]
    for call in choice.calls:
        yield call.place.event
        texts.append(call.arguments)
    for text in texts:
        if text is not None:
            yield from (piece.event for piece in text.pieces() if piece.text.strip())


def _must_finish(choice: Choice) -> bool:
    """Tell whether a finish_reason came or had to: a told error excuses it, and so does a client that leaves."""
    return bool(choice.finishes) or not (choice.ending.error or choice.ending.end is End.CLIENT_GONE)


@rule("finish-once", each=Choice, when=_must_finish)
def once(choice: Choice) -> Iterator[Deviation]:
    """Count the finish_reasons that are not null; of several, ask whether calls or text came with a later one."""
    first, *more = choice.finishes or (None,)
    if first is None:
        case, end = ("missing", "is done") if choice.ending.done else ("cut", "breaks off")
        yield Deviation(case, choice.place, f"the stream {end}, and the choice has no finish_reason", "")
    elif more:
        others = {finish.place.event for finish in more}
        another = next((finish for finish in more if finish.reason != first.reason), more[0])
        reasons = f"finish_reason {in_brief(first.reason)}, then {in_brief(another.reason)}"
        if any(event in others for event in _added_at(choice)):
            message = f"{choice.finish_count} chunks have a finish_reason, and what they carry goes on"
            yield Deviation("every-chunk", more[0].place, f"{message}: {reasons}", "")
        else:
            case = "again" if another.reason == first.reason else "changed"
            yield Deviation(case, another.place, reasons, "")


def _has_finish(delta: Delta) -> bool:
    return delta.finish_reason not in (None, "")


@rule("finish-final", each=Delta, when=lambda delta: delta.finish is not None or _has_finish(delta))
def final(delta: Delta) -> Iterator[Deviation]:
    """Look at what comes after a finish_reason; a chunk that has one of its own is for `finish-once` to tell."""
    if _has_finish(delta):
        return
    after = f"after finish_reason {in_brief(delta.finish)} comes"
    for key in _CALLS:
        if delta.body.get(key) not in _NOTHING:
            yield Deviation("calls", delta.place, f"{after} {key}")
            return
    for key in _TEXTS:
        if delta.body.get(key) not in _NOTHING:
            yield Deviation("text", delta.place, f"{after} {key}")
            return


@rule("finish-empty-delta", each=Delta, when=lambda delta: delta.finish is None and _has_finish(delta))
def empty_delta(delta: Delta) -> Iterator[Deviation]:
    """Tell calls and text from keys that are null, empty or a vendor's own."""
    carried = [key for key in (*_CALLS, *_TEXTS) if delta.body.get(key) not in _NOTHING]
    if carried:
        yield Deviation("carries", delta.place, f"the chunk with the finish_reason carries {' and '.join(carried)}")
    elif delta.body:
        names = ", ".join(list(delta.body)[:5])
        yield Deviation("padding", delta.place, f"the delta beside the finish_reason is not {{}}: it has {names}")


def _only_reason(choice: Choice) -> object:
    """Return the finish_reason, None where the choice has none or several that differ; those are for `finish-once`."""
    return choice.finish if all(finish.reason == choice.finish for finish in choice.finishes) else None


def _is_named(choice: Choice) -> bool:
    return choice.request is not None and choice.request.choice is ToolChoice.NAMED


def _should_tell_of_calls(choice: Choice) -> bool:
    """Tell whether a choice has calls or says so, and gives a reason that is none of another rule's."""
    if _is_named(choice) and choice.calls:
        return False
    return _only_reason(choice) in (*_CALLS, "stop") and (bool(choice.calls) or choice.finish in _CALLS)


@rule("finish-tool-calls", each=Choice, when=_should_tell_of_calls)
def tool_calls(choice: Choice) -> Iterator[Deviation]:
    """Compare the finish_reason with whether there are calls; without the request, `stop` may be right."""
    place = choice.finishes[-1].place
    if not choice.calls:
        if choice.function_call is None:
            message = f"finish_reason is {in_brief(choice.finish)}, but the choice has no call"
            yield Deviation("without-call", place, message, "")
    elif choice.finish != "tool_calls":
        case = "stop" if choice.finish == "stop" else "function-call"
        yield Deviation(case, place, f"finish_reason is {in_brief(choice.finish)}, but the choice has tool calls", "")


@rule("finish-named-tool-choice", each=Choice, when=lambda choice: _is_named(choice) and choice.calls and choice.finish)
def named_tool_choice(choice: Choice) -> Iterator[Deviation]:
    """Accept `stop` and `tool_calls`; of the other defined values only `function_call` is out of place."""
    if _only_reason(choice) == "function_call":
        message = "finish_reason is 'function_call' for the call of a named tool"
        yield Deviation("function-call", choice.finishes[-1].place, message, "")


def _says_cut(delta: Delta) -> bool:
    return delta.finish_reason in _CUT or _native(delta) in _NATIVELY_CUT


def _native(delta: Delta) -> str:
    """Return the upstream's own word for why it ended, in lower case, as OpenRouter passes it on."""
    return str(delta.value.get("native_finish_reason")).lower()


@rule("finish-truncation", each=Delta, when=lambda delta: _has_finish(delta) and _says_cut(delta))
def truncation(delta: Delta) -> Iterator[Deviation]:
    """Compare the finish_reason with the upstream's own where a gateway passes both on."""
    if delta.finish_reason not in (*_CUT, "error"):
        message = (
            f"the upstream ended with {in_brief(_native(delta))}, but finish_reason is {in_brief(delta.finish_reason)}"
        )
        yield Deviation("relabelled", delta.place, message)


RULES = (once, final, empty_delta, tool_calls, named_tool_choice, truncation)
