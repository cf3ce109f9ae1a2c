"""One way around: recorded exchanges are served, asked for through the recorder, and recorded again. No tests."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from urllib.parse import urlsplit

from deltaproof.cassette.shelf import Shelf
from deltaproof.drive.http.responses import Finished, Piece, ResponseTap
from deltaproof.drive.play.replay_server import Options, ReplayServer
from deltaproof.drive.record.keeper import Lost, Missed
from deltaproof.drive.record.routes import CASSETTE
from deltaproof.exchange import End, Exchange, Head, Read
from tests.record.rig import client, kept, recorder

AS_RECORDED = Options()


async def around(
    exchanges: Sequence[Exchange], folder: Path, options: Options = AS_RECORDED, *, patience: float = 60.0
) -> list[Exchange]:
    """Serve exchanges and ask for each through a recorder, one after the other; return what it kept, in that order."""
    async with (
        ReplayServer(Shelf(exchanges), options) as server,
        recorder(server.base_url, folder, patience=patience) as rig,
    ):
        for exchange in exchanges:
            await ask(rig.port, exchange)
        assert not server.shelf.unused
        assert not server.shelf.missed
    assert [one for one in rig.told if isinstance(one, Lost | Missed)] == []
    return _in_order(exchanges, folder)


def _in_order(exchanges: Sequence[Exchange], folder: Path) -> list[Exchange]:
    """Return what was recorded for each exchange; a cassette has them in the order of their ends."""
    again: dict[tuple[str, bytes], deque[Exchange]] = {}
    for path in folder.iterdir():
        for one in kept(folder, path.stem):
            assert path.name == f"{one.scenario or CASSETTE}.yaml"
            again.setdefault((one.scenario, one.sent), deque()).append(one)
    found = [again[one.scenario, one.sent].popleft() for one in exchanges]
    assert not any(again.values())
    return found


async def ask(port: int, exchange: Exchange) -> None:
    """Ask for what was asked for, with the headers that were sent; hang up where the recorded client did."""
    tap = ResponseTap(exchange.method)
    gone = len(exchange.body) if exchange.end is End.CLIENT_GONE else None
    got = 0
    async with client(port) as one:
        await one.ask(request(exchange))
        while True:
            try:
                content = await one.hear()
            except ConnectionResetError:
                return
            for seen in tap.feed(content):
                match seen:
                    case Piece(content=piece):
                        got += len(piece)
                    case Finished():
                        return
            if not content or (gone is not None and got >= gone):
                return


def request(exchange: Exchange) -> bytes:
    """Return the request of a recording as it goes over the wire."""
    parts = urlsplit(exchange.url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    scenario = f"/scenario/{exchange.scenario}" if exchange.scenario else ""
    headers = (f"{name}: {value}" for name, value in exchange.sent_headers if name.lower() != "host")
    lines = [f"{exchange.method} {scenario}{target} HTTP/1.1", "Host: proxy.example", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + exchange.sent


@dataclass(frozen=True, slots=True)
class Told:
    """What a recording tells that no second one may tell otherwise: all but hosts, times and the day.

    Attributes:
        together: the sizes of the reads, those together that one socket read brought.
    """

    asked: tuple[str, str, bytes, tuple[tuple[str, str], ...]]
    head: Head | None
    body: bytes
    together: tuple[tuple[int, ...], ...]
    end: End
    scenario: str


def told(exchange: Exchange) -> Told:
    """Return what a recording tells."""
    headers = tuple(pair for pair in exchange.sent_headers if pair[0].lower() != "host")
    parts = urlsplit(exchange.url)
    return Told(
        asked=(exchange.method, f"{parts.path}?{parts.query}", exchange.sent, headers),
        head=exchange.head,
        body=exchange.body,
        together=tuple(tuple(read.size for read in reads) for _, reads in groupby(exchange.reads, attrgetter("at"))),
        end=exchange.end,
        scenario=exchange.scenario,
    )


def told_in_chunks(exchange: Exchange) -> Told:
    """Return what a recording tells whichever chunks came together, as they do where a replay or a reader hurries."""
    reads = tuple(Read(float(number), read.size) for number, read in enumerate(exchange.reads))
    return told(replace(exchange, reads=reads))
