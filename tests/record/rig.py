"""A recording under test, and clients for it that read byte for byte. No test lives here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from deltaproof.cassette import read_kept
from deltaproof.cassette.modes import RecordMode
from deltaproof.cassette.scrub_rules import Scrub
from deltaproof.catalog import load
from deltaproof.drive.record.keeper import Found
from deltaproof.drive.record.proxy import Place, Proxy
from deltaproof.drive.record.session import Plan, Told, recording
from deltaproof.drive.record.upstream import read_origin
from deltaproof.drive.record.watch import Judging
from deltaproof.exchange import Exchange

T = TypeVar("T")

REQUEST = {
    "model": "m",
    "stream": True,
    "messages": [{"role": "user", "content": "go"}],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
}


def run(coroutine: Coroutine[object, object, T]) -> T:
    """Run with a time limit that only a hang reaches."""
    return asyncio.run(asyncio.wait_for(coroutine, 60))


@dataclass(slots=True)
class Rig:
    """A recording that runs: its proxy, its folder, and what was told so far."""

    proxy: Proxy
    folder: Path
    told: list[Told]

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.proxy.url.split(":")[2].removesuffix("/v1"))

    @property
    def findings(self) -> list[tuple[int, str]]:
        """The findings told so far: in which exchange, of which rule."""
        return [(one.number, one.finding.rule) for one in self.told if isinstance(one, Found)]


@asynccontextmanager
async def recorder(
    upstream: str,
    folder: Path,
    *,
    patience: float = 60.0,
    mode: RecordMode = RecordMode.ALL,
    key: str = "",
    cassette: str = "",
) -> AsyncIterator[Rig]:
    """Record an upstream for as long as the block runs."""
    told: list[Told] = []
    plan = Plan(
        origin=replace(read_origin(upstream), key=key),
        folder=folder,
        mode=mode,
        scrub=Scrub(),
        place=Place("127.0.0.1", 0),
        judging=Judging(load().profile("de-facto"), None),
        patience=patience,
        cassette=cassette,
    )
    async with recording(plan, told.append) as proxy:
        yield Rig(proxy, folder, told)


def kept(folder: Path, name: str = "cassette") -> list[Exchange]:
    """Return what a cassette holds, as kept."""
    exchanges = list(read_kept(folder / f"{name}.yaml"))
    assert all(isinstance(one, Exchange) for one in exchanges), exchanges
    return [one for one in exchanges if isinstance(one, Exchange)]


def request(
    path: str = "/v1/chat/completions", *, headers: str = "", body: bytes | None = None, method: str = "POST"
) -> bytes:
    """Return a request as a client sends it."""
    content = json.dumps(REQUEST).encode() if body is None else body
    return (
        f"{method} {path} HTTP/1.1\r\nHost: proxy.test\r\ncontent-type: application/json\r\n"
        f"{headers}Content-Length: {len(content)}\r\n\r\n"
    ).encode() + content


class Client:
    """A client that reads from a socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def ask(self, raw: bytes) -> None:
        """Send bytes."""
        self.writer.write(raw)
        await self.writer.drain()

    async def hear(self) -> bytes:
        """Return what one read brings, empty where the connection ended in order."""
        return await self._reader.read(2**20)

    async def exactly(self, content: bytes) -> None:
        """Read as many bytes as these, which they must be."""
        assert await self._reader.readexactly(len(content)) == content

    async def take(self, size: int) -> bytes:
        """Return the next bytes, so many of them."""
        return await self._reader.readexactly(size)

    async def until(self, end: bytes) -> bytes:
        """Read up to some bytes."""
        return await self._reader.readuntil(end)

    async def rest(self) -> bytes:
        """Read until the connection is closed."""
        return await self._reader.read()


@asynccontextmanager
async def client(port: int) -> AsyncIterator[Client]:
    """Connect for as long as the block runs."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


def body_of(answer: bytes) -> object:
    """Return the JSON in a response whose length is told."""
    return json.loads(answer.partition(b"\r\n\r\n")[2])
