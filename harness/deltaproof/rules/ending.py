"""Rules about how a stream says that it is over: with [DONE], or with an error. Not how a choice finishes."""

from __future__ import annotations

from collections.abc import Iterator

from deltaproof.exchange import End
from deltaproof.rules.framing import is_whole_body
from deltaproof.rules.rule import Deviation, rule
from deltaproof.stream import ErrorShape, Kind, Payload, Transcript

_UNNOTICED = {
    ErrorShape.STRING: ("string", "the error is a string and no object"),
    ErrorShape.EVENT_NAME: ("event-name", "only the event's name says that this is an error"),
    ErrorShape.OBJECT_FIELD: ("object-field", "only the object field says that this is an error"),
    ErrorShape.BARE_LINE: ("bare-line", "the error stands on a line that is no data line"),
}


def _must_be_done(transcript: Transcript) -> bool:
    """Tell whether [DONE] came or had to: a told error ends a stream too, and so does a client that leaves."""
    if transcript.dones or transcript.errors or transcript.end is End.CLIENT_GONE:
        return bool(transcript.dones)
    is_refused = transcript.head is not None and transcript.head.status >= 400  # noqa: PLR2004 - and all above
    return transcript.streamed or (transcript.end is not End.EOF and not is_refused)


@rule("done-sentinel", each=Transcript, when=_must_be_done)
def done_sentinel(transcript: Transcript) -> Iterator[Deviation]:
    """Count the [DONE] events, compare their text, and look where the first one stands."""
    dones, last = transcript.dones, transcript.last
    if not dones:
        unfinished = [choice.index for choice in transcript.choices if not choice.finishes]
        if unfinished or transcript.end is not End.EOF:
            how = "" if transcript.end is End.EOF else f" ({transcript.end.value})"
            left = f", and choice {unfinished[0]} has no finish_reason" if unfinished else ""
            yield Deviation("cut", last, f"the stream ends{how} before [DONE]{left}")
        else:
            yield Deviation("missing", last, "the stream ends without [DONE]")
        return
    for done in dones:
        if done.event.data != b"[DONE]":
            text = (done.event.data or b"").decode(errors="replace")
            yield Deviation("inexact", done.place, f"the data is {text!r}, not '[DONE]'", text)
    if transcript.done_count > 1:
        yield Deviation("twice", dones[1].place, f"[DONE] comes {transcript.done_count} times", "[DONE]")
    if last.event - dones[0].event.number >= transcript.done_count:
        yield Deviation("followed", last, f"the stream goes on after [DONE], which was event {dones[0].event.number}")


@rule("error-event", each=Payload, when=lambda payload: payload.kind is Kind.ERROR or payload.after_error)
def error_event(payload: Payload) -> Iterator[Deviation]:
    """Look at how an error is written, and for chunks after one."""
    if payload.kind is Kind.CHUNK:
        yield Deviation("followed", payload.place, "a chunk comes after the error")
    elif payload.shape in _UNNOTICED and not is_whole_body(payload.event):
        case, message = _UNNOTICED[payload.shape]
        yield Deviation(case, payload.place, message)
    elif payload.shape is ErrorShape.OBJECT and payload.value is not None:
        error = payload.value["error"]
        told = error.get("message") if isinstance(error, dict) else None
        if not (isinstance(told, str) and told):
            yield Deviation("no-message", payload.place, "the error has no message to show")


RULES = (done_sentinel, error_event)
