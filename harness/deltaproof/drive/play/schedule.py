"""What a replay writes, when, and how it ends: a recorded exchange as bytes for a socket. Opens and waits for nothing.

How the body's end is told follows from the recorded headers: chunked, by its length, or by the end of the connection.
A recording that is not ours may lack both headers, since recorders drop them: then it is chunked, and headers that
its body contradicts are put right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from http import HTTPStatus
from itertools import groupby
from operator import attrgetter

from deltaproof.cassette import readable
from deltaproof.exchange import End, Exchange, Head, Read
from deltaproof.split import How, Split, split

FEW, SMALL = 64, 2**16
"""Writes and bytes that may go to one client before others have their turn; no single write has more bytes."""

_BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
_STATUSES = range(200, 1000)  # of responses that are final
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2; no pseudo-headers of HTTP/2
_UNSENDABLE = re.compile(r"[\r\n\0]")
_LAST_CHUNK = b"0\r\n\r\n"
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class Finish(Enum):
    """What becomes of the connection after the last write.

    KEEP: it lives on. CLOSE: it is closed. RESET: it is broken off. HOLD: nothing more is said for as long as the
    client waits. LEAVE: the recorded client left, and what the server would have said is not known; a client that does
    not leave is left alone, without the response's end.
    """

    KEEP = "keep"
    CLOSE = "close"
    RESET = "reset"
    HOLD = "hold"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes to write at once, and when: seconds since the request had come."""

    at: float
    content: bytes


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is written for one exchange, in order; then, `at` so many seconds since the request, how it ends.

    Attributes:
        contents: what is written where times do not count. Chunks as recorded are then written together: each is still
            a chunk, and a client mostly gets them together anyway. A split that was asked for is one write for each.
        is_small: whether it costs nobody else much if all is written at once, and the connection lives on after it.
    """

    writes: tuple[Write, ...]
    finish: Finish
    at: float
    contents: tuple[bytes, ...]
    is_small: bool


class _Framing(StrEnum):
    """How the end of a body is told; BODILESS where none can follow the head."""

    BODILESS = "bodiless"
    CHUNKED = "chunked"
    LENGTH = "length"
    CLOSE = "close"


def plan(exchange: Exchange, how: How = Split.RECORDED, version: str = "1.1") -> Plan:
    """Plan to play an exchange as kept, content encodings still on its body: each read is one chunk, or one write.

    Reads with equal times are written at once. The head's time is not recorded: it goes with the first of the body.
    A recording without a head is an event stream if its request is not known either; else what came was no HTTP.
    Where it is to be split by what it says, content encodings are undone; for a client of HTTP/1.0, chunks are.
    """
    kept = _corrected(exchange, how)
    if version == "1.0":
        kept = _without(kept, "transfer-encoding")  # RFC 9112, 6.1
    head = kept.head
    if head is not None and head.status not in _STATUSES:
        return _planned([], _finish(kept.end, closes=True), kept.ended or 0.0)
    framing = _framing(kept)
    body = kept.body if framing is not _Framing.BODILESS else b""
    reads = [read for read in split(kept, how).reads if read.size] if body else []
    if body and not reads:
        reads = [Read(0.0, len(body))]
    ended = max(kept.ended or 0.0, reads[-1].at if reads else 0.0)
    writes = list(_writes(body, reads, framing))
    if head is not None:
        first = writes[0] if writes else Write(ended, b"")
        writes[:1] = [Write(first.at, _head(head) + first.content)]
    if framing is _Framing.CHUNKED and kept.end is End.EOF:
        if writes[-1].at == ended:
            writes[-1:] = [Write(ended, writes[-1].content + _LAST_CHUNK)]
        else:
            writes.append(Write(ended, _LAST_CHUNK))
    closes = head is None or framing is _Framing.CLOSE or "close" in (head.get("connection") or "").lower()
    told = _planned(writes, _finish(kept.end, closes=closes), ended)
    if framing is _Framing.CHUNKED and how is Split.RECORDED and told.is_small:
        return replace(told, contents=(b"".join(told.contents),))
    return told


def _planned(whole: list[Write], finish: Finish, at: float) -> Plan:
    writes = [
        Write(write.at, write.content[start : start + SMALL])
        for write in whole
        for start in range(0, len(write.content), SMALL)
    ]
    contents = tuple(write.content for write in writes)
    small = len(writes) <= FEW and sum(map(len, contents)) <= SMALL and finish is Finish.KEEP
    return Plan(tuple(writes), finish, at, contents, small)


def _finish(end: End, *, closes: bool) -> Finish:
    match end:
        case End.EOF:
            return Finish.CLOSE if closes else Finish.KEEP
        case End.CUT:
            return Finish.CLOSE
        case End.RESET:
            return Finish.RESET
        case End.TIMEOUT:
            return Finish.HOLD
        case End.CLIENT_GONE:
            return Finish.LEAVE


def _framing(exchange: Exchange) -> _Framing:
    head = exchange.head
    if head is None:
        return _Framing.CLOSE
    if exchange.method == "HEAD" or head.status in _BODILESS:
        return _Framing.BODILESS
    if (head.get("transfer-encoding") or "").lower().endswith("chunked"):
        return _Framing.CHUNKED
    return _Framing.CLOSE if head.get("content-length") is None else _Framing.LENGTH


def _writes(body: bytes, reads: list[Read], framing: _Framing) -> Iterator[Write]:
    """Yield the body, framed; what came at once is written at once."""
    start = 0
    for at, together in groupby(reads, key=attrgetter("at")):
        pieces: list[bytes] = []
        for read in together:
            piece = body[start : start + read.size]
            start += read.size
            pieces += [b"%x\r\n" % len(piece), piece, b"\r\n"] if framing is _Framing.CHUNKED else [piece]
        yield Write(at, b"".join(pieces))


def _head(head: Head) -> bytes:
    """Return a head as bytes; nothing in it can end it early."""
    lines = [f"HTTP/1.1 {head.status} {_PHRASES.get(head.status, '')}"]
    lines += [f"{name}: {_UNSENDABLE.sub(' ', value)}" for name, value in head.headers if _NAME.fullmatch(name)]
    text = "\r\n".join([*lines, "", ""])
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace")


def _corrected(exchange: Exchange, how: How) -> Exchange:
    """Return the exchange with its headers put right where its body contradicts them, or is to be read."""
    head = exchange.head
    if head is None and exchange.body and not exchange.method:
        head = Head(200, (("content-type", "text/event-stream"),))
    if head is None:
        return exchange
    kept = replace(exchange, head=head)
    if how in (Split.EVENT, Split.INSIDE_UTF8):
        kept = _decoded(kept)
    # A recorder of ours told times, so that its headers are those that were sent.
    if not exchange.reads and exchange.ended is None:
        kept = _foreign(kept)
    return replace(kept, head=_with_length(kept))


def _decoded(exchange: Exchange) -> Exchange:
    """Return the exchange with content encodings undone, where they can be."""
    decoded = readable(exchange)
    return _without(decoded, "content-encoding") if decoded.body != exchange.body else exchange


def _foreign(exchange: Exchange) -> Exchange:
    """Return the recording of another recorder with headers that can have been sent with its body."""
    kept = exchange
    if _is_text(kept.body):
        kept = _without(kept, "content-encoding")  # its recorder undid the encoding and kept the header
    framing = _framing(kept)
    if framing is _Framing.CHUNKED:
        kept = _without(kept, "content-length")  # RFC 9112, 6.2: not beside transfer-encoding
    if framing is _Framing.CLOSE and kept.head is not None:
        headers = (*kept.head.headers, ("transfer-encoding", "chunked"))
        kept = replace(kept, head=Head(kept.head.status, headers))
    return kept


def _without(exchange: Exchange, name: str) -> Exchange:
    if exchange.head is None:
        return exchange
    headers = tuple(pair for pair in exchange.head.headers if pair[0].lower() != name)
    return replace(exchange, head=Head(exchange.head.status, headers))


def _with_length(exchange: Exchange) -> Head | None:
    """Return the head with a true content-length: all of a complete body, more than there is of a broken one."""
    head = exchange.head
    if head is None or _framing(exchange) is not _Framing.LENGTH:
        return head
    told = (head.get("content-length") or "").strip()
    size = len(exchange.body)
    length = int(told) if told.isascii() and told.isdigit() else -1
    if length == size if exchange.end is End.EOF else length > size:
        return head
    true = str(size if exchange.end is End.EOF else size + 1)
    return Head(
        head.status, tuple((name, true if name.lower() == "content-length" else value) for name, value in head.headers)
    )


def _is_text(body: bytes) -> bool:
    """Tell whether a body is text, which no compressed one is but by a rare chance."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
