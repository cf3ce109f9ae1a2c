"""HTTP/1.1 on the wire: requests read whole, responses read along while they pass. Opens and keeps nothing.

Requests and heads are read by h11. The framing of a response's body is read here: h11 drops the bytes that break it,
and those are what a recording is made for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol, TypeAlias
from urllib.parse import urlsplit

import h11

from deltaproof.drive.http.plain_request import PlainHead, plain_head
from deltaproof.exchange import End, Head

MOST_REQUEST_BYTES = 256 * 2**20
"""After which a request is refused with a 413."""

_MOST_HEAD_BYTES = 256 * 2**10
_LONGEST_LINE = 16 * 2**10  # of framing
_BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
_HEAD_END = re.compile(rb"\n\r?\n")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\n]*)?\r?\n\Z")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as a client sent it, whole.

    Attributes:
        method: in capitals.
        target: path and query, as in the request line.
        headers: names as sent, in order, repeats kept.
        body: chunked framing removed, otherwise byte for byte.
        persistent: whether the client lets the connection live on after the response.
        version: of HTTP, which decides what responses the client can read.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    persistent: bool
    version: str = "1.1"

    @property
    def path(self) -> str:
        """The target without its query."""
        target = self.target
        return target.partition("?")[0] if target.startswith("/") else urlsplit(target).path

    def get(self, name: str) -> str | None:
        """Return the first value of a header, its name compared without case, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Unintelligible:
    """What a client sent is no request: the status to answer with, and why. No request can follow it."""

    status: int
    why: str


class RequestReader:
    """Turns what one client sends over one connection into requests, however it is split."""

    def __init__(self) -> None:
        """Start before the first byte."""
        self._http: h11.Connection | None = None  # for a request that is not plain
        self._request: h11.Request | None = None
        self._plain: PlainHead | None = None  # of the request whose body is coming
        self._last: tuple[bytes, PlainHead] | None = None  # a head of this client, which seldom sends another
        self._body = bytearray()
        self._broken = False

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for a `100 Continue` before it sends the body."""
        return self._http is not None and self._http.they_are_waiting_for_100_continue

    def feed(self, data: bytes) -> Iterator[Incoming | Unintelligible]:
        """Take the next bytes, and yield the requests that they complete."""
        if self._broken:
            return
        while self._http is None and data:
            head = self._plain
            if head is None:
                head = self._head(data)
                if head is None:
                    break
                data = data[head.size :]
            needed = head.length - len(self._body)
            if needed > len(data):
                self._plain = head
                self._body += data
                return
            self._plain = None
            body = bytes(self._body) + data[:needed] if self._body else data[:needed]
            self._body.clear()
            data = data[needed:]
            yield Incoming(head.method, head.target, head.headers, body, persistent=True)
        if not data:
            return
        try:
            self._http = self._http or _server()
            self._http.receive_data(data)
            while (incoming := self._next()) is not None:
                yield incoming
        except h11.RemoteProtocolError as error:
            self._broken = True
            yield Unintelligible(error.error_status_hint, str(error))

    def _head(self, data: bytes) -> PlainHead | None:
        """Read a plain head; most clients send the same one again."""
        if self._last is not None and data.startswith(self._last[0]):
            return self._last[1]
        head = plain_head(data)
        if head is not None:
            self._last = data[: head.size], head
        return head

    def _next(self) -> Incoming | None:
        http = self._http
        while http is not None:
            match http.next_event():
                case h11.Request() as request:
                    self._request = request
                case h11.Data(data=piece):
                    self._body += piece
                    if len(self._body) > MOST_REQUEST_BYTES:
                        raise h11.RemoteProtocolError("the request is too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                case h11.EndOfMessage():
                    return self._whole(http)
                case _:
                    break
        return None

    def _whole(self, http: h11.Connection) -> Incoming:
        """Return the request that is complete, and begin the next with what came after it."""
        request = self._request
        if request is None:  # a message ends only after it began
            raise AssertionError
        incoming = Incoming(
            method=request.method.decode("ascii").upper(),
            target=request.target.decode("ascii"),
            headers=_pairs(request),
            body=bytes(self._body),
            persistent=http.their_state is not h11.MUST_CLOSE,
            version=request.http_version.decode("ascii"),
        )
        rest, _ = http.trailing_data
        self._http, self._request = None, None
        self._body.clear()
        if rest:
            self._http = _server()
            self._http.receive_data(rest)
        return incoming


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
                yield Head(head.status_code, _pairs(head))
                self._framing = _framing(self._method, head)
                self._persistent = _persists(head)
        if self._framing is None and (match or len(self._start) > _MOST_HEAD_BYTES):
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
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEAD_BYTES)
    http.send(h11.Request(method="GET", target="/", headers=[("host", "-")]))
    http.send(h11.EndOfMessage())
    http.receive_data(text)
    try:
        head = http.next_event()
    except h11.RemoteProtocolError:
        return None
    return head if isinstance(head, h11.Response | h11.InformationalResponse) else None


def _server() -> h11.Connection:
    return h11.Connection(h11.SERVER, max_incomplete_event_size=_MOST_HEAD_BYTES)


def _pairs(message: h11.Request | h11.Response) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in message.headers.raw_items())
