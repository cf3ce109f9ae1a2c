"""An upstream that says what a test wants it to say, when it wants it. Knows no proxy."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.cli.command import CLEAN


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came: its head and its body, byte for byte."""

    head: bytes
    body: bytes

    @property
    def line(self) -> str:
        """The request line."""
        return self.head.partition(b"\r\n")[0].decode()


@dataclass(slots=True)
class Line:
    """One connection as its script has it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, content: bytes) -> None:
        """Send bytes with one call, and wait until they have left."""
        self.writer.write(content)
        await self.writer.drain()

    def reset(self) -> None:
        """Break the connection off."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def close(self) -> None:
        """Close the connection in order."""
        self.writer.close()

    async def until_gone(self) -> None:
        """Wait until the other side has ended the connection."""
        try:
            while await self.reader.read(1024):
                pass
        except ConnectionError:
            return


Script: TypeAlias = Callable[[Asked, Line], Awaitable[None]]
"""Answers one request."""


@dataclass(slots=True)
class Upstream:
    """A server that runs.

    Attributes:
        url: its base URL.
        asked: the requests that it got.
        connections: how many were opened to it.
    """

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0


@asynccontextmanager
async def scripted(script: Script, *, tls: ssl.SSLContext | None = None, path: str = "/v1") -> AsyncIterator[Upstream]:
    """Serve a script at a free port for as long as the block runs."""
    upstream = Upstream()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream.connections += 1
        line = Line(reader, writer)
        try:
            while (asked := await read_request(reader)) is not None:
                upstream.asked.append(asked)
                await script(asked, line)
                if writer.is_closing():
                    break
        except ConnectionError:
            pass
        finally:
            writer.close()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls, backlog=512)
    port = server.sockets[0].getsockname()[1]
    upstream.url = f"http{'s' if tls else ''}://localhost:{port}{path}"
    try:
        yield upstream
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def read_request(reader: asyncio.StreamReader) -> Asked | None:
    """Read one request whose length is told, None where the connection ends before it."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    lines = head.lower().split(b"\r\n")
    length = next((int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")), 0)
    body = await reader.readexactly(length)
    if b"transfer-encoding: chunked" in lines:
        body = await reader.readuntil(b"0\r\n\r\n")
    return Asked(head, body)


def saying(*pieces: bytes) -> Script:
    """Return a script that says the same to every request, a piece at a time."""

    async def script(_: Asked, line: Line) -> None:
        for piece in pieces:
            await line.say(piece)

    return script


EVENTS = tuple(f"{event}\n\n".encode() for event in CLEAN.split("\n\n")[:-1])
STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Mixed-Case: as Sent\r\n"
CHUNKED_HEAD = STREAM_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"


def chunk(content: bytes) -> bytes:
    """Return a chunk of a body in chunked transfer encoding."""
    return b"%x\r\n%b\r\n" % (len(content), content)


def whole(body: bytes, *, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """Return a response whose length is told."""
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def gzipped(events: tuple[bytes, ...] = EVENTS) -> tuple[bytes, ...]:
    """Return events compressed, each flushed so that a reader can have it at once."""
    packer = zlib.compressobj(wbits=31)
    pieces = [packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH) for event in events]
    pieces.append(packer.flush())
    assert gzip.decompress(b"".join(pieces)) == b"".join(events)
    return tuple(pieces)
