"""Facts about our own recording proxy as a gateway: it passes every recording on as it is, also a broken one."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from deltaproof.breaking import broken
from deltaproof.cassette import read_path
from deltaproof.cassette.scrub import plain
from deltaproof.drive.through.passing import Went, passages_of, send_through
from deltaproof.exchange import End, Exchange, Read
from deltaproof.faults import FAULTS, Fault, InapplicableError
from deltaproof.passage.remarks import Remarked, remarked
from tests.record.rig import recorder
from tests.through.rig import STREAMS, free_port, prepared, told

CASSETTES = Path(__file__).parents[2] / "cassettes"
ALL = os.environ.get("DELTAPROOF_ALL") == "1"


def recordings(*folders: Path) -> list[tuple[str, Exchange]]:
    """Return what is recorded, with names."""
    return [
        (f"{Path(one.source).relative_to(folder)}#{one.entry}", plain(one))
        for folder in folders
        for one in read_path(folder)
        if isinstance(one, Exchange)
    ]


def through_proxy(
    given: Sequence[tuple[str, Exchange]], folder: Path, *, faults: str = "", timeout: float = 20.0
) -> tuple[Remarked, ...]:
    """Send recordings through a recording proxy."""
    port = free_port()
    went = Went()

    async def go() -> tuple[Remarked, ...]:
        async with recorder(f"http://127.0.0.1:{port}/v1", folder) as rig:
            through = prepared(rig.proxy.url, port, given, faults=faults, timeout=timeout)
            await send_through(through, went, lambda _: None)
        return remarked(passages_of(through, went))

    return asyncio.run(asyncio.wait_for(go(), 280))


def clean(found: Iterable[Remarked]) -> bool:
    """Tell whether nothing at all is said of any passage, and each was asked for once; show what is said."""
    said = [(name, remarks) for name, remarks in told(list(found)) if remarks]
    assert said == []
    assert {one.passage.asked for one in found} == {1}
    return True


def test_every_cassette_comes_out_as_it_went_in(tmp_path: Path) -> None:
    """One exchange of each, all with DELTAPROOF_ALL=1: the proxy repairs, breaks, loses and holds back nothing."""
    given = recordings(CASSETTES)
    if not ALL:
        given = list({exchange.source: (name, exchange) for name, exchange in reversed(given)}.values())
    found = through_proxy(given, tmp_path)
    assert clean(found)
    assert len(found) == len(given) > 150
    assert Counter(one.passage.came is not None for one in found) == {True: len(given)}


def one_of_each() -> dict[str, tuple[str, Exchange]]:
    """Return for each fault a recording that has it: the first to which it applies."""
    found: dict[str, tuple[str, Exchange]] = {}
    for name, exchange in recordings(STREAMS, CASSETTES):
        for fault in FAULTS:
            if fault.name not in found and (changed := _with(fault, exchange)) is not None:
                found[fault.name] = f"{name} + {fault.name}", changed
    return found


def _with(fault: Fault, exchange: Exchange) -> Exchange | None:
    try:
        return broken(exchange, [fault])
    except InapplicableError:
        return None


@pytest.mark.skipif(ALL, reason="every recording with every fault is more than one with each")
def test_every_fault_comes_out_as_it_went_in(tmp_path: Path) -> None:
    """One recording with each fault: what deviates still does, a cut is a cut, a reset a reset, a refusal a refusal."""
    given = one_of_each()
    assert given.keys() == {fault.name for fault in FAULTS}
    assert clean(through_proxy(list(given.values()), tmp_path))


BROKEN = sorted(CASSETTES.glob("*/*.yaml")) if ALL else [CASSETTES / "empower" / "empower-weather.yaml"]


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_cassette_with_every_fault_comes_out_as_it_went_in(path: Path, tmp_path: Path) -> None:
    """All faults that apply: of the page that this project began with, of every recording with DELTAPROOF_ALL=1."""
    exchanges = (one for one in read_path(path) if isinstance(one, Exchange))
    given = [(f"{one.entry}", plain(one)) for one in exchanges]
    assert not given or clean(through_proxy(given, tmp_path, faults="*"))


@pytest.mark.parametrize("end", [End.CUT, End.RESET, End.TIMEOUT, End.CLIENT_GONE])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_body_that_breaks_comes_out_as_broken(end: End, share: float, tmp_path: Path) -> None:
    """However it ended, and whether anything of it had come: silence is passed on as silence too."""
    (path,) = (CASSETTES / "vllm").glob("two-calls-one-tool.yaml")
    exchange = next(one for one in read_path(path) if isinstance(one, Exchange))
    size = int(len(exchange.body) * share)
    whole = replace(exchange, body=exchange.body[:size], end=end, reads=tuple(_reads(exchange.reads, size)))
    found = through_proxy([("one", whole)], tmp_path, timeout=2.0)
    if end is End.TIMEOUT:
        assert told(found) == [("one", ["unseen"])]
    else:
        assert clean(found)
    came = found[0].passage.came
    assert came is not None
    assert (came.exchange.body, came.exchange.end) == (whole.body, End.CUT if end is End.CLIENT_GONE else end)


def _reads(reads: Iterable[Read], size: int) -> Iterable[Read]:
    for read in reads:
        if size > 0:
            yield Read(read.at, min(read.size, size))
        size -= read.size
