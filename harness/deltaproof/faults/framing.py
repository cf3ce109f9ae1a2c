"""Faults of how events are written: encoding, lines, fields. Not of the JSON text in them."""

from __future__ import annotations

from collections.abc import Callable

from deltaproof.faults.draft import Draft, need
from deltaproof.faults.fault import Fault, fault
from deltaproof.faults.pieces import Piece, with_data
from deltaproof.sse import BOM, LIMIT


def _events(draft: Draft) -> list[Piece]:
    """Return the pieces that carry data."""
    draft.chunks()
    return [piece for piece in draft.pieces if piece.data]


def _line_before(line: bytes) -> Callable[[Draft], None]:
    """Put a line before the data of every event."""

    def put(draft: Draft) -> None:
        newline = draft.newline()
        for piece in _events(draft):
            piece.raw = line + newline + piece.raw

    return put


def _event(*lines: bytes) -> Callable[[Draft], None]:
    """Add an event of some lines behind some chunk."""
    return lambda draft: _add(draft, draft.event(*lines))


def _add(draft: Draft, piece: Piece) -> None:
    draft.insert(piece, after=draft.pick(draft.chunks()))


def _newlines(newline: bytes) -> Callable[[Draft], None]:
    """End the lines of the whole stream in another way."""

    def do(draft: Draft) -> None:
        need(draft.newline() == b"\n", "the lines do not end with LF")
        for piece in draft.pieces:
            piece.raw = piece.raw.replace(b"\n", newline)

    return do


def _texts(*contents: str) -> Callable[[Draft], None]:
    """Add text behind the first delta of the stream, in as many deltas as there are texts."""

    def say(draft: Draft) -> None:
        first = draft.deltas()[0]
        last = first.piece
        for content in contents:
            last = draft.say(first, {"content": content}, after=last).piece

    return say


@fault("bom", "sse-utf8.bom")
def bom(draft: Draft) -> None:
    """A byte order mark stands before the stream."""
    draft.pieces.insert(draft.pieces.index(draft.chunks()[0]), Piece(BOM))


@fault("latin-1", "sse-utf8.not-utf8")
def latin_1(draft: Draft) -> None:
    """A chunk without choices is sent as Latin-1, which is not UTF-8 beyond ASCII."""
    spare = draft.spare()
    spare.put(spare.text(escapes=draft.escapes).rstrip()[:-1].encode() + b',"note":"caf\xe9"}')


@fault("newline-single", "sse-framing.joined")
def newline_single(draft: Draft) -> None:
    """No empty line stands between the events, so that they are one."""
    newline = draft.newline()
    for piece in draft.pieces:
        piece.raw = piece.raw.removesuffix(newline)


@fault("newline-mixed", "sse-framing.mixed")
def newline_mixed(draft: Draft) -> None:
    """The lines of some event end in another way than those of the stream."""
    piece = draft.pick(draft.chunks()[1:], "there is one chunk only")
    other = b"\r\n" if draft.newline() == b"\n" else b"\n"
    piece.raw = piece.raw.replace(draft.newline(), other)


@fault("blank-line-missing", "sse-framing.unterminated-done")
def blank_line_missing(draft: Draft) -> None:
    """The body ends before the empty line after [DONE]."""
    need(draft.done() is draft.pieces[-1], "the stream goes on after [DONE]")
    draft.done().raw = draft.done().raw.removesuffix(draft.newline())


@fault("comment-endless", "sse-framing.oversized")
def comment_endless(draft: Draft) -> None:
    """A comment of more than 16 MiB, such as a broken keep-alive makes, comes after the first chunk."""
    draft.insert(draft.event(b":" * (LIMIT + 1)), after=draft.chunks()[0])


@fault("data-unspaced", "sse-single-line-data.unspaced")
def data_unspaced(draft: Draft) -> None:
    """No space follows the colon of the data field."""
    for piece in _events(draft):
        piece.raw = piece.raw.replace(b"data: ", b"data:", 1)


@fault("data-lines", "sse-single-line-data.several-lines")
def data_lines(draft: Draft) -> None:
    """The JSON text of every chunk is spread over two data lines."""
    for piece in draft.chunks():
        piece.data = (piece.data or b"").replace(b"{", b"{\n", 1)
        piece.raw = with_data(piece.raw, piece.data)


@fault("data-prefix-missing", "sse-data-only.unprefixed")
def data_prefix_missing(draft: Draft) -> None:
    """A chunk stands on a line without the name of the data field."""
    spare = draft.spare()
    draft.pieces[draft.pieces.index(spare)] = draft.event(spare.text(escapes=draft.escapes).encode())


@fault("unknown-field", "sse-data-only.unknown")
def unknown_field(draft: Draft) -> None:
    """A line with a field that the standard does not know stands before some chunk."""
    piece = draft.pick(draft.chunks())
    piece.raw = b"server: 7" + draft.newline() + piece.raw


FAULTS = (
    Fault("crlf", "", "Every line ends with CR and LF.", _newlines(b"\r\n")),
    Fault("cr", "", "Every line ends with CR alone.", _newlines(b"\r")),
    Fault("comment", "", "A comment to keep the connection alive comes after some chunk.", _event(b": keep-alive")),
    bom,
    latin_1,
    Fault(
        "surrogates-split",
        "sse-utf8.lone-surrogate",
        "The two halves of a character come in two chunks, each escaped.",
        _texts("\ud83d", "\ude00"),
    ),
    Fault(
        "replacement-character",
        "sse-utf8.replacement",
        "A text holds U+FFFD, which a cut character leaves behind.",
        _texts("\ufffd"),
    ),
    newline_single,
    newline_mixed,
    blank_line_missing,
    comment_endless,
    data_unspaced,
    data_lines,
    data_prefix_missing,
    unknown_field,
    Fault(
        "event-lines",
        "sse-data-only.field",
        "Every event has a name.",
        _line_before(b"event: message"),
    ),
    Fault("id-lines", "sse-data-only.field", "Every event has an id.", _line_before(b"id: 7")),
    Fault("retry-lines", "sse-data-only.field", "Every event has a time to wait.", _line_before(b"retry: 3000")),
    Fault("data-empty", "sse-no-empty-event.empty", "An event has empty data.", _event(b"data:")),
    Fault("id-alone", "sse-no-empty-event.no-data", "An event has an id and no data.", _event(b"id: 7")),
    Fault(
        "retry-alone", "sse-no-empty-event.no-data", "An event has a time to wait and no data.", _event(b"retry: 3000")
    ),
    Fault(
        "comment-as-data",
        "sse-comments-allowed.as-data",
        "A comment to keep the connection alive is sent as data.",
        _event(b"data: : keep-alive"),
        also={"sse-data-json.invalid": "What is sent as data must be JSON, and a comment is none."},
    ),
)
