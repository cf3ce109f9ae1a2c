"""One request over HTTP, and its response as it is read: bytes, times, and how it ended. Judges nothing.

No redirects are followed, no proxies of the environment used, and every request has a connection of its own: what is
read is what this server sent for it.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Self

from deltaproof.cassette import readable
from deltaproof.cassette.scrub import Cleaner
from deltaproof.cassette.scrub_rules import Scrub
from deltaproof.drive.http.target import CONNECTING, Target
from deltaproof.drive.http.trouble import Trouble, end_by, trouble_by
from deltaproof.exchange import End, Exchange, Head, Read
from deltaproof.suite.requests import request_text

if TYPE_CHECKING:
    import httpx2

MOST_BYTES = 256 * 2**20
"""After which the client goes, whatever else it was to wait for."""

WHOLE = 10
"""How many times the timeout a whole response may take, in which the server is never silent for as long."""

_KEY_ONLY = Scrub(headers=("authorization",), parameters=(), fields=(), shapes=())  # all else is for what writes it


@dataclass(frozen=True, slots=True)
class Answered:
    """A response, perhaps broken; the key is nowhere in it.

    Attributes:
        exchange: as sent and read, content encodings and all.
        readable: the same with content encodings undone, for judging.
        sent_at: when the request was sent, by the monotonic clock.
    """

    exchange: Exchange
    readable: Exchange
    sent_at: float


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No response: why, in a word and in words without a final full stop; and the request as an exchange."""

    exchange: Exchange
    trouble: Trouble
    why: str

    @property
    def connected(self) -> bool:
        """Whether the server was there and took the connection."""
        return self.trouble in (Trouble.SILENT, Trouble.CLOSED, Trouble.NOT_HTTP)


@dataclass(frozen=True, slots=True)
class Ask:
    """What to send.

    Attributes:
        path: below the target's URL.
        request: the JSON object of the body, None where `body` is sent or nothing.
        body: the bytes to send in place of a JSON object.
        scenario: for which.
        enough: after how many bytes of the body the client goes.
        hear: is told of each read of the body as it comes, with the head.
    """

    path: str = "/chat/completions"
    request: dict[str, object] | None = None
    body: bytes = b""
    scenario: str = ""
    enough: int = MOST_BYTES
    hear: Callable[[Head, bytes], object] = lambda _head, _content: None

    @property
    def method(self) -> str:
        """POST where there is a body to send."""
        return "POST" if self.content else "GET"

    @property
    def content(self) -> bytes:
        """The bytes to send."""
        return self.body if self.request is None else request_text(self.request).encode()


@dataclass(slots=True)
class _Reading:
    """A response as far as it was read, when its request was sent, and the client's last step on the way to it."""

    sent_at: float
    date: datetime
    step: str = ""
    sent_headers: tuple[tuple[str, str], ...] = ()
    head: Head | None = None
    body: bytearray = field(default_factory=bytearray)
    reads: list[Read] = field(default_factory=list)
    end: End = End.EOF


class Wire:
    """Sends requests to one target."""

    def __init__(self, target: Target, *, timeout: float) -> None:
        """Prepare to send; `timeout` is in seconds: how long the server may be silent."""
        self.timeout = timeout
        self._limits = _limits(timeout)
        self._target = target
        self._asked = 0  # for scenarios
        self._cleaner = Cleaner(_KEY_ONLY)
        self._client = _client(target, self._limits)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._client.aclose()

    async def send(self, ask: Ask, keep: Callable[[Exchange], None]) -> Answered | Unanswered:
        """Send one request and read its response to the end, or for as long as it lasts.

        What was read goes to `keep` whatever happens, also if the task is cancelled in mid-stream.
        """
        import httpx2

        reading = _Reading(time.monotonic(), datetime.now(UTC))

        async def traced(name: str, _: Mapping[str, object]) -> None:
            reading.step = name
            if name.endswith("send_request_body.complete"):
                reading.sent_at, reading.date = time.monotonic(), datetime.now(UTC)

        request = self._client.build_request(
            ask.method, self._target.address(ask.path), content=ask.content or None, extensions={"trace": traced}
        )
        reading.sent_headers = _pairs(request.headers)
        try:
            async with asyncio.timeout(self.timeout * WHOLE):
                response = await self._client.send(request, stream=True)
                reading.head = Head(response.status_code, _pairs(response.headers))
                await _read_body(response, reading, ask)
        except (httpx2.HTTPError, TimeoutError) as error:
            reading.end = end_by(error)
            if reading.head is None:
                trouble, why = trouble_by(error, reading.step, self._limits)
                kept = self._exchange(ask, reading)
                keep(kept)
                return Unanswered(kept, trouble, why)
        except asyncio.CancelledError:
            reading.end = End.CLIENT_GONE
            keep(self._exchange(ask, reading))
            raise
        exchange = self._exchange(ask, reading)
        keep(exchange)
        return Answered(exchange, readable(exchange), reading.sent_at)

    def _exchange(self, ask: Ask, reading: _Reading) -> Exchange:
        """Return what was sent and read, without the key: servers send it back, in whatever encoding."""
        url = self._target.address(ask.path)
        entry, self._asked = self._asked, self._asked + bool(ask.scenario)
        exchange = Exchange(
            source=url,
            entry=entry,
            body=bytes(reading.body),
            request=ask.request,
            sent=ask.content,
            head=reading.head,
            reads=tuple(reading.reads),
            end=reading.end,
            ended=time.monotonic() - reading.sent_at,
            sent_headers=reading.sent_headers,
            method=ask.method,
            url=url,
            scenario=ask.scenario,
            sent_at=reading.date,
        )
        return self._cleaner.exchange(exchange)


def _limits(timeout: float) -> httpx2.Timeout:
    import httpx2

    return httpx2.Timeout(timeout, connect=min(timeout, CONNECTING))


def _client(target: Target, limits: httpx2.Timeout) -> httpx2.AsyncClient:
    import httpx2

    headers = {
        "accept": "application/json, text/event-stream",
        "accept-encoding": "identity",
        "content-type": "application/json",
        "user-agent": f"deltaproof/{version('deltaproof')}",
    }
    if target.key:
        headers["authorization"] = f"Bearer {target.key}"
    return httpx2.AsyncClient(
        headers=headers,
        timeout=limits,
        # A connection that is used again may have been closed meanwhile, for which this request is not to blame.
        limits=httpx2.Limits(max_keepalive_connections=0),
        # From the environment would come proxies, and keys out of ~/.netrc.
        trust_env=False,
        verify=_certificates(target),
    )


def _certificates(target: Target) -> ssl.SSLContext:
    """Trust whom OpenSSL trusts: the system's certificates, those in SSL_CERT_FILE and SSL_CERT_DIR."""
    if target.url.startswith("https:"):
        return ssl.create_default_context()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used, and made without reading a hundred certificates


async def _read_body(response: httpx2.Response, reading: _Reading, ask: Ask) -> None:
    """Read until the end, or until there is enough: then what has come is read, and nothing waited for.

    The client hands out a body by the pieces of its transfer encoding, and each is a read. Pieces between which it did
    not wait for the socket came at once, and have one time.
    """
    loop = asyncio.get_running_loop()
    waited = asyncio.Event()
    waited.set()
    try:
        async with asyncio.timeout(None) as patience:
            async for piece in response.aiter_raw():
                at = time.monotonic() - reading.sent_at
                reading.body += piece
                if waited.is_set():
                    waited.clear()
                    loop.call_soon(waited.set)
                else:
                    at = reading.reads[-1].at
                reading.reads.append(Read(at, len(piece)))
                if reading.head is not None:
                    ask.hear(reading.head, piece)
                if len(reading.body) >= ask.enough:
                    patience.reschedule(loop.time())
    except TimeoutError:
        if not patience.expired():
            raise
        reading.end = End.CLIENT_GONE
    finally:
        await response.aclose()


def _pairs(headers: httpx2.Headers) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.raw)
