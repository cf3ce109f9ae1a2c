"""Requests over HTTP/1.1, read whole from what a client sends. Knows no responses, opens and keeps nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import h11

from deltaproof.drive.http.heads import MOST_HEAD_BYTES, pairs
from deltaproof.drive.http.plain_request import PlainHead, plain_head

MOST_REQUEST_BYTES = 256 * 2**20
"""After which a request is refused with a 413."""


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
            headers=pairs(request),
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


def _server() -> h11.Connection:
    return h11.Connection(h11.SERVER, max_incomplete_event_size=MOST_HEAD_BYTES)
