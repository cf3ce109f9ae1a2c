"""The one server that is relayed to: its address, and connections to it. Knows bytes, not what they mean.

No proxies of the environment are used, and no name but the upstream's is ever looked up.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from deltaproof.drive.http.target import CONNECTING, in_the_clear, read_base
from deltaproof.drive.http.trouble import Trouble, no_connection, no_handshake
from deltaproof.exchange import End


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the upstream is.

    Attributes:
        url: its base URL, as reports name it; no slash at the end, no query.
        host, port: where it is connected to.
        authority: what its Host header says.
        path: of the base URL, such as `/openai/v1`; empty where it has none.
        query: what stands after the `?` of every address, such as an api-version; usually empty.
        tls: whom to trust, None for plain http.
        in_the_clear: whether what is sent can be read on the way.
        key: what opens it, sent in place of what clients send; empty where theirs is passed on.
    """

    url: str
    host: str
    port: int
    authority: str
    path: str
    query: str
    tls: ssl.SSLContext | None
    in_the_clear: bool
    key: str = field(default="", repr=False)

    def address(self, target: str) -> str:
        """Return the URL of a target there, which is a path with its query."""
        return f"{'https' if self.tls else 'http'}://{self.authority}{target}"


def read_origin(url: str) -> Origin:
    """Read what the operator named.

    Raises:
        DeltaproofError: it is no URL.
        RefusedError: it has a password or a key in it.
    """
    base = read_base(url, "Let the client send it: its headers are passed on, and scrubbed where they are kept")
    tls = base.scheme == "https"
    return Origin(
        url=f"{base.scheme}://{base.netloc}{base.path}",
        host=base.hostname or "",
        port=base.port or (443 if tls else 80),
        authority=base.netloc,
        path=base.path,
        query=base.query,
        tls=_trust() if tls else None,
        in_the_clear=in_the_clear(base),
    )


def _trust() -> ssl.SSLContext:
    """Trust whom OpenSSL trusts: the system's certificates, those in SSL_CERT_FILE and SSL_CERT_DIR."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


class Sink(Protocol):
    """Takes what comes over a connection."""

    def sent(self) -> None:
        """Note that all that was to be sent has left."""

    def arrived(self, content: bytes) -> None:
        """Take the bytes of one socket read."""

    def ended(self, end: End) -> None:
        """Note that the other side ended the connection; nothing comes after that."""


class Upstream(asyncio.Protocol):
    """One connection to the upstream.

    Attributes:
        on_end: called when the upstream ended the connection while nobody waited for anything.
    """

    def __init__(self) -> None:
        """Wait for the connection."""
        self.on_end: Callable[[], None] = _nothing
        self._sink: Sink | None = None
        self._transport: asyncio.Transport | None = None

    @property
    def open(self) -> bool:
        """Whether more can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def send(self, content: bytes, sink: Sink) -> None:
        """Send a request; from now on everything that comes goes to `sink`."""
        self._sink = sink
        if self._transport is not None:
            self._transport.write(content)
            if not self._transport.get_write_buffer_size():
                sink.sent()

    def say_all(self) -> None:
        """Close this direction, once all is sent; TLS has no way to do that."""
        if self._transport is not None and self._transport.can_write_eof():
            self._transport.write_eof()

    def release(self) -> None:
        """Await nothing more for now."""
        self._sink = None

    def pause(self) -> None:
        """Read no more until `resume`."""
        if self.open and self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self.open and self._transport is not None:
            self._transport.resume_reading()

    def close(self) -> None:
        """End the connection, whatever is still to come."""
        self._sink, self.on_end = None, _nothing
        if self._transport is not None:
            self._transport.abort()

    # What asyncio calls:

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection; that all is sent is told when nothing waits to be."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError
        transport.set_write_buffer_limits(high=0)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Pass on what has come; what nobody asked for ends the connection, since nothing tells what follows it."""
        if self._sink is None:
            self._end(End.CUT)
        else:
            self._sink.arrived(data)

    def resume_writing(self) -> None:
        """Note that all has left."""
        if self._sink is not None:
            self._sink.sent()

    def eof_received(self) -> None:
        """End: a server that has said all, listens for nothing either."""
        self._end(End.EOF)

    def connection_lost(self, exc: Exception | None) -> None:
        """End, unless that is known."""
        self._end(End.EOF if exc is None else _end(exc))

    def _end(self, end: End) -> None:
        sink, on_end = self._sink, self.on_end
        self.close()
        if sink is not None:
            sink.ended(end)
        else:
            on_end()


@dataclass(frozen=True, slots=True)
class Unreached:
    """There is no connection: why, in a word and in words without a final full stop; and whether time ran out."""

    trouble: Trouble
    why: str
    end: End


async def connect(origin: Origin) -> Upstream | Unreached:
    """Connect to the upstream."""
    try:
        async with asyncio.timeout(CONNECTING):
            sock = await _socket(origin)
    except OSError as error:
        return Unreached(*no_connection(error, CONNECTING), _unreached(error))
    try:
        async with asyncio.timeout(CONNECTING):
            _, upstream = await asyncio.get_running_loop().create_connection(
                Upstream, sock=sock, ssl=origin.tls, server_hostname=origin.host if origin.tls else None
            )
    except OSError as error:
        sock.close()
        return Unreached(*no_handshake(error, CONNECTING), _unreached(error))
    return upstream


async def _socket(origin: Origin) -> socket.socket:
    """Connect to the first address of the host that takes the connection; raise the first one's error if none does."""
    loop = asyncio.get_running_loop()
    errors = []
    for family, kind, number, _, address in await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, number)
        sock.settimeout(0)
        try:
            await loop.sock_connect(sock, address)
        except OSError as error:
            errors.append(error)
            sock.close()
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise errors[0]


def _end(error: Exception) -> End:
    """Say how a connection ended that this error ended."""
    match error:
        case TimeoutError():
            return End.TIMEOUT
        case ConnectionError():
            return End.RESET
        case _:
            return End.CUT


def _unreached(error: Exception) -> End:
    return End.TIMEOUT if isinstance(error, TimeoutError) else End.CUT


def _nothing() -> None:
    """Take a notice that nobody waits for."""
