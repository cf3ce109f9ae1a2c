"""Recordings sent through a gateway that runs in this process, and what is to be said of them. No test."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Sequence
from pathlib import Path

from deltaproof.cassette import read_path
from deltaproof.catalog import load
from deltaproof.drive.http.target import read_target
from deltaproof.drive.through.giving import Giving, given
from deltaproof.drive.through.passing import Through, Went, passages_of, send_through
from deltaproof.exchange import Exchange
from deltaproof.faults import chosen
from deltaproof.passage.marking import Markers
from deltaproof.passage.remarks import Remarked, remarked
from tests.run.server import serving
from tests.through.gateways import Gateway

STREAMS = Path(__file__).parents[1] / "streams"


def stream(name: str) -> tuple[str, Exchange]:
    """Return one of the tests' streams with its name."""
    (exchange,) = (one for one in read_path(STREAMS / f"{name}.sse") if isinstance(one, Exchange))
    return name, exchange


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def prepared(
    url: str,
    port: int,
    recordings: Iterable[tuple[str, Exchange]],
    *,
    faults: str = "",
    jobs: int = 4,
    timeout: float = 20.0,
) -> Through:
    """Prepare to send recordings through the gateway at a URL, whose upstream is at a port."""
    profile = load().profile("de-facto")
    giving = Giving("", profile, None, chosen(faults) if faults else (), 0, Markers("test"))
    return Through(read_target(url, "", None, {}), port, tuple(given(recordings, giving)), giving, jobs, timeout)


def passed(
    gateway: Gateway,
    recordings: Sequence[tuple[str, Exchange]],
    *,
    faults: str = "",
    jobs: int = 4,
    timeout: float = 20.0,
) -> tuple[Remarked, ...]:
    """Send recordings through a miniature gateway, and return what is to be said of each."""
    port = free_port()
    went = Went()
    with serving(gateway(port)) as server:
        through = prepared(server.url, port, recordings, faults=faults, jobs=jobs, timeout=timeout)
        asyncio.run(send_through(through, went, lambda _: None))
    return remarked(passages_of(through, went))


def told(found: Sequence[Remarked]) -> list[tuple[str, list[str]]]:
    """Return the name of each passage with what is said of it: the kind, with the rule where there is one."""
    return [
        (
            one.passage.given.name,
            [f"{remark.kind} {remark.about}" if remark.finding else remark.kind.value for remark in one.remarks],
        )
        for one in found
    ]
