"""Recorded, served and recorded again: the second recording tells what the first does.

Demanded is all that `trip.Told` has. Where a body came in chunks, the reads are the chunks, of which those that one
socket read brought come together again. Where it came with a length, or until the connection closed, each read is a
socket read, and so again, since the replay keeps the times (and the clock here lets nothing pile up). One thing is
left to the sockets: a chunk of more than 64 KiB may come in more parts than before, but never with a boundary less.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import pytest

from deltaproof.cassette import read_kept
from deltaproof.drive.play.replay_server import Options
from deltaproof.exchange import End, Exchange, Head, Read
from deltaproof.split import How, Split
from tests.core.corpus import needs_recordings, recorded
from tests.proof.clock import run
from tests.proof.recordings import BREAKS, CHUNKED, TYPE, asked_for, framed, stream
from tests.proof.trip import around, told, told_in_chunks
from tests.record import rig
from tests.record.scripted import EVENTS, gzipped

CASSETTES = Path(__file__).parents[2] / "cassettes"
SERVERS = sorted(folder.name for folder in CASSETTES.iterdir() if folder.is_dir())
AT_ONCE = Options(speed=None)
MOST_AT_ONCE = 2**16  # bytes of a chunk that no socket parts


def entries(path: Path) -> list[Exchange]:
    """Return all that a recording holds."""
    kept = list(read_kept(path))
    exchanges = [one for one in kept if isinstance(one, Exchange)]
    assert len(exchanges) == len(kept) > 0, kept
    return exchanges


@pytest.mark.parametrize("server", SERVERS)
def test_every_committed_cassette_is_recorded_again_as_it_is(server: str, tmp_path: Path) -> None:
    """Every exchange, errors and plain answers too, served in its own time: all is told again."""
    for path in sorted((CASSETTES / server).rglob("*.yaml")):
        exchanges = entries(path)
        again = run(around(exchanges, tmp_path / path.stem))
        assert [told(one) for one in again] == [told(one) for one in exchanges], path.name


@pytest.mark.parametrize("server", SERVERS)
def test_chunks_are_the_same_however_sockets_merge_them(server: str, tmp_path: Path) -> None:
    """Served as fast as it goes, one socket read brings what many did; each chunk is a read for all that."""
    for path in sorted((CASSETTES / server).rglob("*.yaml")):
        exchanges = entries(path)
        again = run(around(exchanges, tmp_path / path.stem, AT_ONCE))
        assert [told_in_chunks(one) for one in again] == [told_in_chunks(one) for one in exchanges], path.name


def sizes(exchange: Exchange) -> list[int]:
    """Return the sizes of the reads."""
    return [read.size for read in exchange.reads]


@needs_recordings
@pytest.mark.parametrize("remainder", range(4))
def test_every_stream_of_other_servers_is_recorded_again_as_it_is(remainder: int, tmp_path: Path) -> None:
    """Served split in many ways, recorded, told to have come in any framing and to have ended in any way, and again."""
    ways: list[How] = [Split.EVENT, Split.RECORDED, 1000, Split.INSIDE_UTF8]
    paths = recorded(1)[remainder::4]
    foreign = [asked_for(exchange, number) for number, path in enumerate(paths) for exchange in entries(path)]
    first = run(around(foreign, tmp_path / "first", Options(None, ways[remainder])))
    assert [one.body for one in first] == [one.body for one in foreign]
    varied = [in_any_way(exchange, number) for number, exchange in enumerate(first)]
    again = run(around(varied, tmp_path / "again"))
    for before, after in zip(varied, again, strict=True):
        if max(sizes(before), default=0) <= MOST_AT_ONCE:
            assert told(after) == told(before)
        else:
            assert told(replace(after, reads=())) == told(replace(before, reads=()))
            assert {*accumulate(sizes(before))} <= {*accumulate(sizes(after))}


def in_any_way(exchange: Exchange, number: int) -> Exchange:
    """Return a recording as it is, or as if it had come otherwise, by its number."""
    if number % 2:
        return exchange
    framing, end = BREAKS[number // 2 % len(BREAKS)]
    return framed(exchange, framing, end)


@pytest.mark.parametrize(("framing", "end"), BREAKS)
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_any_framing_ends_in_any_way_again(framing: str, end: End, coding: str, tmp_path: Path) -> None:
    """Compressed or not; what was cut is cut at the same byte, in the middle of an event or of a compressed block."""
    headers = [("Content-Encoding", "gzip")] if coding == "gzip" else []
    exchange = framed(stream(gzipped() if headers else EVENTS), framing, end, *headers)
    (again,) = run(around([exchange], tmp_path))
    assert told(again) == told(exchange)


BARE = Exchange(
    source="one.yaml",
    body=b"",
    method="POST",
    url="http://one.example/v1/x",
    sent=b"{}",
    sent_headers=(("Content-Length", "2"),),
    ended=0.001,
)
ODD = {
    "nothing, closed": replace(BARE, end=End.CUT),
    "nothing, reset": replace(BARE, end=End.RESET),
    "no HTTP": replace(BARE, body=b"SSH-2.0", reads=(Read(0.001, 7),), end=End.CUT),
    "a head alone, cut": replace(BARE, head=Head(200, (TYPE, CHUNKED)), end=End.CUT),
    "a head alone, reset": replace(BARE, head=Head(200, (TYPE, CHUNKED)), end=End.RESET),
    "an empty stream": replace(BARE, head=Head(200, (TYPE, CHUNKED))),
    "no body can follow": replace(BARE, head=Head(204, (("X-A", "1"),))),
    "to HEAD": replace(
        BARE, method="HEAD", sent=b"", sent_headers=(("X-A", "1"),), head=Head(200, (("Content-Length", "7"),))
    ),
    "bytes in an error": replace(
        BARE, head=Head(529, (("Content-Length", "4"),)), body=b"\xff\x00\r\n", reads=(Read(0.001, 4),)
    ),
    "headers repeated": replace(
        BARE,
        head=Head(200, (("x-a", "1"), ("X-A", "\xe9"), ("content-length", "1"))),
        body=b" ",
        reads=(Read(0.001, 1),),
    ),
    "many chunks at once": replace(
        BARE,
        head=Head(200, (TYPE, CHUNKED)),
        body=bytes(range(256)) * 4,
        reads=(*(Read(0.001, 1) for _ in range(24)), *(Read(0.002, 125) for _ in range(8))),
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_recorded_again_as_it_is(name: str, tmp_path: Path) -> None:
    """Answers that never came, that are none, or that have no body."""
    (again,) = run(around([ODD[name]], tmp_path))
    assert told(again) == told(ODD[name])


def test_a_server_that_fell_silent_is_silent_again(tmp_path: Path) -> None:
    """Until the recorder has waited for as long as it is told to; all that had come is there."""
    silent = framed(stream(EVENTS), "chunked", End.TIMEOUT)
    (again,) = rig.run(around([silent], tmp_path, patience=0.3))
    assert told_in_chunks(again) == told_in_chunks(silent)


def test_a_third_recording_is_found_where_the_first_was(tmp_path: Path) -> None:
    """By its scenario: what is recorded for several goes to as many cassettes, and is served and recorded from each."""
    several = [
        replace(framed(stream(EVENTS), "chunked", end), scenario=f"{end}-{number}")
        for end in (End.EOF, End.CUT)
        for number in range(3)
    ]
    again = run(around(several, tmp_path / "second"))
    third = run(around(again, tmp_path / "third"))
    assert [told(one) for one in third] == [told(one) for one in several]
    assert sorted(path.stem for path in (tmp_path / "third").iterdir()) == sorted(one.scenario for one in several)
