"""Faults of how a stream ends: `[DONE]`, connections that are cut, errors that are told in mid-stream."""

from __future__ import annotations

from dataclasses import replace

from deltaproof.exchange import End
from deltaproof.faults.draft import Draft, need
from deltaproof.faults.fault import fault
from deltaproof.faults.pieces import Piece

_CUT = {"finish-once.cut": "What was cut off had the finish_reason."}
_EARLY = "a finish_reason comes too early"
_ERROR = b'{"message":"The server had an error while processing your request","type":"server_error"}'


def _middle(draft: Draft) -> list[Piece]:
    """Return the chunks that come before any finish_reason."""
    pieces = draft.chunks()
    first = next((delta.piece for delta in draft.deltas() if delta.element.get("finish_reason")), None)
    return pieces[: pieces.index(first)] if first else pieces


def _fail(draft: Draft, *lines: bytes) -> None:
    """End the stream with an event in the middle."""
    piece = draft.pick(_middle(draft), _EARLY)
    draft.cut(after=piece)
    draft.insert(draft.event(*lines), after=piece)


@fault("done-missing", "done-sentinel.missing")
def done_missing(draft: Draft) -> None:
    """The stream ends without [DONE]."""
    draft.pieces.remove(draft.done())


@fault("done-twice", "done-sentinel.twice")
def done_twice(draft: Draft) -> None:
    """The stream ends with [DONE] twice."""
    draft.insert(draft.done().copy(), after=draft.done())


@fault("done-space", "done-sentinel.inexact")
def done_space(draft: Draft) -> None:
    """A space follows [DONE]."""
    done = draft.done()
    done.raw = done.raw.replace(b"[DONE]", b"[DONE] ")


@fault("done-followed", "done-sentinel.followed")
def done_followed(draft: Draft) -> None:
    """The last chunk comes again after [DONE]."""
    draft.insert(draft.chunks()[-1].copy(), after=draft.done())


@fault("cut-clean", "done-sentinel.cut", also=_CUT)
def cut_clean(draft: Draft) -> None:
    """The stream ends after some chunk as if that were all."""
    draft.cut(after=draft.pick(_middle(draft), _EARLY))


@fault("cut-reset", "done-sentinel.cut", also=_CUT)
def cut_reset(draft: Draft) -> None:
    """The connection is reset after some chunk."""
    draft.cut(after=draft.pick(_middle(draft), _EARLY))
    draft.end = End.RESET


@fault("cut-before-done", "done-sentinel.cut")
def cut_before_done(draft: Draft) -> None:
    """The connection is reset when all but [DONE] has come."""
    draft.finish()
    del draft.pieces[draft.pieces.index(draft.done()) :]
    draft.end = End.RESET


@fault("cut-mid-event", "sse-framing.unterminated", also=_CUT | {"done-sentinel.cut": "The stream ends before [DONE]."})
def cut_mid_event(draft: Draft) -> None:
    """The connection is cut inside an event."""
    piece = draft.pick(_middle(draft)[1:], _EARLY)
    draft.cut(after=piece)
    piece.raw = piece.raw[: len(piece.raw) // 2]
    piece.chunk = None
    draft.end = End.CUT


@fault(
    "cut-mid-utf8",
    "sse-utf8.not-utf8",
    also=_CUT
    | {
        "done-sentinel.cut": "The stream ends before [DONE].",
        "sse-framing.unterminated": "The character that was cut stands inside an event.",
    },
)
def cut_mid_utf8(draft: Draft) -> None:
    """The connection is cut inside a character."""
    wide = [piece for piece in _middle(draft)[1:] if not piece.raw.isascii()]
    piece = draft.pick(wide, "every chunk that could be cut is ASCII")
    draft.cut(after=piece)
    first = next(place for place, byte in enumerate(piece.raw) if byte > 127)  # noqa: PLR2004 - beyond ASCII
    piece.raw = piece.raw[: first + 1]
    piece.chunk = None
    draft.end = End.CUT


@fault("stall")
def stall(draft: Draft) -> None:
    """Nothing arrives for half a minute after some read."""
    need(len(draft.reads) > 1, "how the body arrived is not known")
    position = draft.pick(range(1, len(draft.reads)))
    draft.reads = (
        *draft.reads[:position],
        *(replace(read, at=round(read.at + 30, 9)) for read in draft.reads[position:]),
    )


@fault("error-told")
def error_told(draft: Draft) -> None:
    """The stream ends with an error as OpenAI tells it."""
    _fail(draft, b'data: {"error":' + _ERROR + b"}")


@fault("error-object-field", "error-event.object-field")
def error_object_field(draft: Draft) -> None:
    """The stream ends with an error that only its object field tells."""
    _fail(draft, b'data: {"object":"error",' + _ERROR[1:])


@fault("error-event-name", "error-event.event-name")
def error_event_name(draft: Draft) -> None:
    """The stream ends with an error that only the name of the event tells."""
    _fail(draft, b"event: error", b"data: " + _ERROR)


@fault("error-bare-line", "error-event.bare-line")
def error_bare_line(draft: Draft) -> None:
    """The stream ends with an error on a line that is no data line."""
    _fail(draft, b"error: " + _ERROR)


@fault("error-string", "error-event.string")
def error_string(draft: Draft) -> None:
    """The stream ends with an error that is a string."""
    _fail(draft, b'data: {"error":"The server had an error"}')


@fault("error-no-message", "error-event.no-message")
def error_no_message(draft: Draft) -> None:
    """The stream ends with an error that has no message."""
    _fail(draft, b'data: {"error":{"code":500}}')


@fault("error-followed", "error-event.followed")
def error_followed(draft: Draft) -> None:
    """The stream goes on after an error."""
    draft.insert(draft.event(b'data: {"error":' + _ERROR + b"}"), after=draft.pick(_middle(draft), _EARLY))


FAULTS = (
    done_missing,
    done_twice,
    done_space,
    done_followed,
    cut_clean,
    cut_reset,
    cut_before_done,
    cut_mid_event,
    cut_mid_utf8,
    stall,
    error_told,
    error_object_field,
    error_event_name,
    error_bare_line,
    error_string,
    error_no_message,
    error_followed,
)
