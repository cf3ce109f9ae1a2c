"""Responses over HTTP/1.1, read along while their bytes pass. Knows no requests, opens and keeps nothing.

Heads are read by h11. The framing of a body is read here: h11 drops the bytes that break it, and those are what a
recording is made for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol, TypeAlias

import h11

from deltaproof.drive.http.heads import MOST_HEAD_BYTES, pairs
from deltaproof.exchange import End, Head

_LONGEST_LINE = 16 * 2**10  # of framing
_BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
_HEAD_END = re.compile(rb"\n\r?\n")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\n]*)?\r?\n\Z")


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of a response's body: one chunk of a chunked one, or the part of it that has come, else what has come."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Finished:
    """A response is over: how, and whether another may follow on the same connection."""

    end: End
    persistent: bool


Seen: TypeAlias = Head | Piece | Finished
"""What a tap sees of a response: its head, unless what comes is no HTTP; pieces of its body; its end."""


class ResponseTap:
    """Reads a response along from the bytes that pass. Total: what is no HTTP is a body without a head.

    From what breaks the framing, such as a chunk without a size, everything is taken as body until the connection ends,
    and the response was cut.
    """

    def __init__(self, method: str) -> None:
        """Start before the first byte of the response to a request with this method."""
        self._method = method
        self._start = bytearray()  # up to the end of the head
        self._framing: _Framing | None = None
        self._persistent = False
        self._finished = False

    def feed(self, data: bytes) -> Iterator[Seen]:
        """Take the next bytes, and yield what they say; nothing once the response is finished."""
        if self._finished:
            return
        if self._framing is None:
            self._start += data
            yield from self._heads()
            data = bytes(self._start)
            if self._framing is None:
                return
            self._start.clear()
        yield from self._framing.feed(data)
        if self._framing.over:
            self._finished = True
            yield Finished(End.EOF, self._persistent)

    def close(self, end: End = End.EOF) -> Iterator[Seen]:
        """End the connection: as `end` tells, which is EOF where the server closed it in order."""
        if self._finished:
            return
        self._finished = True
        if self._start:
            yield Piece(bytes(self._start))
        if end is End.EOF and not isinstance(self._framing, _UntilClose):
            end = End.CUT
        yield Finished(end, persistent=False)

    def _heads(self) -> Iterator[Head]:
        """Take heads off the start: those of interim responses, and the one that counts."""
        while self._framing is None and (match := _HEAD_END.search(self._start)):
            head = _response_head(bytes(self._start[: match.end()]))
            if head is None:
                break
            del self._start[: match.end()]
            if isinstance(head, h11.Response):
                yield Head(head.status_code, pairs(head))
                self._framing = _framing(self._method, head)
                self._persistent = _persists(head)
        if self._framing is None and (match or len(self._start) > MOST_HEAD_BYTES):
            self._framing = _Unframed()


class _Framing(Protocol):
    """How a body's end is told; `over` is true once it was reached."""

    over: bool

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Take the next bytes, and yield those of the body."""


@dataclass(slots=True)
class _Length:
    """So many bytes."""

    left: int
    over: bool = False

    def feed(self, data: bytes) -> Iterator[Piece]:
        piece = data[: self.left]
        self.left -= len(piece)
        self.over = not self.left
        if piece:
            yield Piece(piece)


@dataclass(slots=True)
class _UntilClose:
    """All until the server closes the connection, which is in order."""

    over: bool = False

    def feed(self, data: bytes) -> Iterator[Piece]:
        if data:
            yield Piece(data)


@dataclass(slots=True)
class _Unframed:
    """All until the connection ends, since nothing tells what it is."""

    over: bool = False

    def feed(self, data: bytes) -> Iterator[Piece]:
        if data:
            yield Piece(data)


@dataclass(slots=True)
class _Chunked:
    """Chunks that each tell their size, the last one 0; RFC 9112, 7.1. Trailers are passed over."""

    over: bool = False
    _line: bytearray = field(default_factory=bytearray)  # a line of framing that is not complete
    _left: int = 0  # of the chunk that has begun
    _ended: bool = True  # whether the line break after the last chunk has come
    _last: bool = False
    _broken: bool = False

    def feed(self, data: bytes) -> Iterator[Piece]:
        position = 0
        while position < len(data) and not self.over:
            if self._broken:
                yield Piece(data[position:])
                return
            if self._left:
                piece = data[position : position + self._left]
                self._left -= len(piece)
                position += len(piece)
                yield Piece(piece)
                continue
            end = data.find(b"\n", position) + 1
            self._line += data[position : end or len(data)]
            position = end or len(data)
            if not end and len(self._line) <= _LONGEST_LINE:
                return
            if not self._framed(bytes(self._line)):
                self._broken = True
                yield Piece(bytes(self._line))
            self._line.clear()

    def _framed(self, line: bytes) -> bool:
        """Read a line of framing; return whether it is one."""
        if self._last:
            self.over = line in (b"\r\n", b"\n")
            return True
        if not self._ended:
            self._ended = True
            return line in (b"\r\n", b"\n")
        size = _CHUNK_SIZE.match(line)
        if size is None:
            return False
        self._left = int(size[1], 16)
        self._last = not self._left
        self._ended = self._last
        return True


def _framing(method: str, head: h11.Response) -> _Framing:
    """Tell how the end of a response's body is told; RFC 9112, 6.3."""
    headers = dict(iter(head.headers))
    if method == "HEAD" or head.status_code in _BODILESS:
        return _Length(0, over=True)
    if headers.get(b"transfer-encoding", b"").lower().endswith(b"chunked"):
        return _Chunked()
    if b"content-length" in headers:
        length = int(headers[b"content-length"])
        return _Length(length, over=not length)
    return _UntilClose()


def _persists(head: h11.Response) -> bool:
    """Tell whether the server lets the connection live on; RFC 9112, 9.3."""
    told = b",".join(value for name, value in head.headers if name == b"connection").lower()
    framed = any(name in (b"transfer-encoding", b"content-length") for name, _ in head.headers)
    return head.http_version >= b"1.1" and b"close" not in told and (framed or head.status_code in _BODILESS)


def _response_head(text: bytes) -> h11.Response | h11.InformationalResponse | None:
    """Read a response's head, None where it is none."""
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD_BYTES)
    http.send(h11.Request(method="GET", target="/", headers=[("host", "-")]))
    http.send(h11.EndOfMessage())
    http.receive_data(text)
    try:
        head = http.next_event()
    except h11.RemoteProtocolError:
        return None
    return head if isinstance(head, h11.Response | h11.InformationalResponse) else None
