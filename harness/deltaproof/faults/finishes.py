"""Faults of how a choice ends: its finish_reason and what comes with it and after it. Not of `[DONE]`."""

from __future__ import annotations

from deltaproof.faults.draft import COMPLETE, Draft, need
from deltaproof.faults.fault import fault
from deltaproof.faults.views import Delta
from deltaproof.stream import ToolChoice

_OTHER = {"tool_calls": "stop", "length": "content_filter"}


def _carries(delta: Delta) -> bool:
    """Tell whether a delta opens a call, or has more than white space for a text."""
    texts = [delta.body.get("content"), delta.body.get("refusal"), *(entry.fragment for entry in delta.entries)]
    opens = any(entry.value.get("id") for entry in delta.entries)
    return opens or any(isinstance(text, str) and text.strip() for text in texts)


def _run_up(draft: Draft) -> tuple[list[Delta], Delta]:
    """Return the deltas of some choice from the first that carries something, and the one that finishes it alone."""
    finish = draft.finish()
    deltas = [delta for delta in draft.deltas() if delta.choice == finish.choice]
    is_alone = finish.body == {} and len(finish.piece.json["choices"]) == 1
    need(is_alone, "the chunk with the finish_reason has something else")
    before = deltas[: [delta.element for delta in deltas].index(finish.element)]
    first = next((number for number, delta in enumerate(before) if _carries(delta)), None)
    need(first is not None and _carries(before[-1]), "the finish_reason does not follow a call or a text")
    return before[first:], finish


def _is_named(draft: Draft) -> bool:
    return draft.request is not None and draft.asked().choice is ToolChoice.NAMED


def _calling(draft: Draft, *reasons: str) -> Delta:
    """Return the delta that finishes some choice with a call, one of the reasons given."""
    choices = {call.choice for call in draft.calls()}
    finishes = [delta for delta in draft.deltas() if delta.element.get("finish_reason") in reasons]
    return draft.pick([one for one in finishes if one.choice in choices], f"no call ends with {' or '.join(reasons)}")


@fault("finish-unknown", "choice-finish-reason-value.unknown")
def unknown(draft: Draft) -> None:
    """The finish_reason is a word of another API."""
    draft.finish().element["finish_reason"] = "end_turn"


@fault("finish-empty", "choice-finish-reason-value.empty")
def empty(draft: Draft) -> None:
    """Every chunk has an empty finish_reason until one has another."""
    for delta in draft.deltas():
        if not delta.element.get("finish_reason"):
            delta.element["finish_reason"] = ""


@fault("finish-absent", "choice-finish-reason-value.absent")
def absent(draft: Draft) -> None:
    """No chunk has a finish_reason, not even null, until one has."""
    for delta in draft.deltas():
        if delta.element.get("finish_reason", "") is None:
            del delta.element["finish_reason"]


@fault("finish-missing", "finish-once.missing")
def missing(draft: Draft) -> None:
    """A choice has no finish_reason, and the stream is done all the same."""
    draft.done()
    choice = draft.finish().choice
    for delta in draft.deltas():
        if delta.choice == choice:
            delta.element["finish_reason"] = None


@fault("finish-twice", "finish-once.again")
def twice(draft: Draft) -> None:
    """The finish_reason comes again."""
    finish = draft.finish()
    draft.say(finish, {}, after=finish.piece).element["finish_reason"] = finish.element["finish_reason"]


@fault("finish-changed", "finish-once.changed")
def changed(draft: Draft) -> None:
    """Another finish_reason comes after the first."""
    finish = draft.finish()
    reason = _OTHER.get(str(finish.element["finish_reason"]), "length")
    draft.say(finish, {}, after=finish.piece).element["finish_reason"] = reason


@fault(
    "finish-every-chunk",
    "finish-once.every-chunk",
    also={"finish-empty-delta.carries": "The first chunk with a finish_reason carries something."},
)
def every_chunk(draft: Draft) -> None:
    """Every chunk that carries something has the finish_reason already."""
    deltas, finish = _run_up(draft)
    need(len(deltas) > 1, "all comes in one chunk")
    for delta in deltas:
        delta.element["finish_reason"] = finish.element["finish_reason"]


@fault("finish-carries", "finish-empty-delta.carries")
def carries(draft: Draft) -> None:
    """The finish_reason comes with the last text or call, without a chunk of its own."""
    deltas, finish = _run_up(draft)
    deltas[-1].element["finish_reason"] = finish.element["finish_reason"]
    draft.pieces.remove(finish.piece)


@fault("finish-padding", "finish-empty-delta.padding")
def padding(draft: Draft) -> None:
    """The delta beside the finish_reason has null for its content."""
    _, finish = _run_up(draft)
    finish.body["content"] = None


@fault("finish-early", "finish-final.calls")
def early(draft: Draft) -> None:
    """The finish_reason comes before the last fragment of a call."""
    deltas, finish = _run_up(draft)
    need(deltas[-1].entries, "no call comes before the finish_reason")
    draft.move(finish.piece, before=deltas[-1].piece)


@fault("finish-before-text", "finish-final.text")
def before_text(draft: Draft) -> None:
    """The finish_reason comes before the last text."""
    deltas, finish = _run_up(draft)
    need(not deltas[-1].entries, "no text comes before the finish_reason")
    draft.move(finish.piece, before=deltas[-1].piece)


@fault("finish-stop", "finish-tool-calls.stop")
def stop(draft: Draft) -> None:
    """A choice with a call that nothing named ends with stop."""
    need(draft.asked().choice is not ToolChoice.NAMED, "the request names a tool, and then stop is right")
    _calling(draft, "tool_calls").element["finish_reason"] = "stop"


@fault("finish-function-call", "finish-tool-calls.function-call")
def function_call(draft: Draft) -> None:
    """A choice with a tool call ends with the finish_reason of the deprecated one."""
    need(not _is_named(draft), "the request names a tool")
    _calling(draft, "tool_calls").element["finish_reason"] = "function_call"


@fault("finish-named-function-call", "finish-named-tool-choice.function-call")
def named_function_call(draft: Draft) -> None:
    """A choice with the call that the request names ends with the finish_reason of the deprecated one."""
    need(_is_named(draft), "the request names no tool")
    _calling(draft, "tool_calls", "stop").element["finish_reason"] = "function_call"


@fault("finish-without-call", "finish-tool-calls.without-call")
def without_call(draft: Draft) -> None:
    """A choice that has only text ends as if it had calls."""
    called = {delta.choice for delta in draft.deltas() if delta.entries or delta.body.get("function_call")}
    stopped = [delta for delta in draft.deltas() if delta.element.get("finish_reason") == "stop"]
    finish = draft.pick([delta for delta in stopped if delta.choice not in called], "no choice without a call stops")
    finish.element["finish_reason"] = "tool_calls"


@fault("finish-relabelled", "finish-truncation.relabelled")
def relabelled(draft: Draft) -> None:
    """The upstream's own finish_reason says that a limit cut the text, the one that counts does not."""
    finish = draft.finish()
    need(finish.element["finish_reason"] in COMPLETE, "the finish_reason says that a limit cut the text")
    finish.element["native_finish_reason"] = "length"


FAULTS = (
    unknown,
    empty,
    absent,
    missing,
    twice,
    changed,
    every_chunk,
    carries,
    padding,
    early,
    before_text,
    stop,
    function_call,
    named_function_call,
    without_call,
    relabelled,
)
