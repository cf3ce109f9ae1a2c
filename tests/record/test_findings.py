"""What is told while streams pass, and the report that is made of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from deltaproof.checking import Judged, check_paths
from deltaproof.cli.log import Log
from deltaproof.drive.record.keeper import Kept
from deltaproof.exchange import Skipped
from tests.cli.command import REPEATED
from tests.record.rig import client, recorder, request, run
from tests.record.scripted import CHUNKED_HEAD, EVENTS, LAST, Asked, Line, chunk, gzipped, saying, scripted, whole

REPEATING = tuple(f"{event}\n\n".encode() for event in REPEATED.split("\n\n")[:-1])
NAMED_AGAIN = (1, "tool-call-continuation-name")


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_finding_is_told_while_the_stream_goes_on(coding: str, tmp_path: Path) -> None:
    """The upstream sends no more until it was told; a compressed stream is no different."""
    events = REPEATING if coding == "identity" else gzipped(REPEATING)
    head = CHUNKED_HEAD.replace(b"Transfer", b"Content-Encoding: %b\r\nTransfer" % coding.encode())

    async def talk() -> None:
        heard, told = asyncio.Event(), asyncio.Event()

        async def script(_: Asked, line: Line) -> None:
            await line.say(head + b"".join(map(chunk, events[:3])))
            await told.wait()
            await line.say(b"".join(map(chunk, events[3:])) + LAST)

        async with scripted(script) as upstream, recorder(upstream.url, tmp_path) as rig, client(rig.port) as one:
            await one.ask(request())
            await one.exactly(head + b"".join(map(chunk, events[:3])))
            assert rig.findings == [NAMED_AGAIN]
            told.set()
            await one.until(LAST)
            heard.set()
        assert rig.findings == [NAMED_AGAIN]

    run(talk())


def test_what_only_the_end_shows_is_told_at_the_end(tmp_path: Path) -> None:
    """Such as a [DONE] that never came; what was told before is not told again."""

    async def talk() -> list[tuple[int, str]]:
        async def script(_: Asked, line: Line) -> None:
            await line.say(CHUNKED_HEAD + b"".join(map(chunk, REPEATING[:-1])) + LAST)

        async with scripted(script) as upstream, recorder(upstream.url, tmp_path) as rig, client(rig.port) as one:
            await one.ask(request())
            await one.until(LAST)
        return rig.findings

    assert run(talk()) == [NAMED_AGAIN, (1, "done-sentinel")]


def test_the_report_is_that_of_check(tmp_path: Path) -> None:
    """Exchange by exchange: what was judged, skipped and not readable, whatever was told before."""
    answers = {
        "/v1/models": whole(b'{"data": []}'),
        "/v1/chat/completions": CHUNKED_HEAD + b"".join(map(chunk, REPEATING)) + LAST,
        "/scenario/broken/v1/chat/completions": CHUNKED_HEAD + b"".join(map(chunk, EVENTS[:-1])) + LAST,
        "/scenario/plain/v1/chat/completions": whole(b'{"choices": []}'),
        "/scenario/damaged/v1/chat/completions": whole(
            b"\x1f\x8b\x00", kind="text/event-stream\r\nContent-Encoding: gzip"
        ),
    }

    async def talk() -> Log:
        said = iter(answers.values())

        async def script(_: Asked, line: Line) -> None:
            await line.say(next(said))

        async with scripted(script) as upstream, recorder(upstream.url, tmp_path) as rig, client(rig.port) as one:
            for path, answer in answers.items():
                await one.ask(request(path, body=b"{}" if "plain" in path else None))
                await one.exactly(answer)
        log = Log("de-facto", None, lambda _: None)
        for one_told in rig.told:
            log.take(one_told)
        return log

    report = run(talk()).report()
    checked = check_paths([tmp_path])
    assert {(one.exchange.source, one.exchange.entry): one.judgement for one in report.judged} == {
        (one.exchange.source, one.exchange.entry): one.judgement for one in checked.judged
    }
    assert len(report.judged) == 2
    assert set(report.skipped) == set(checked.skipped)
    assert len(report.skipped) == 2
    assert [error.what for error in report.unreadable] == [error.what for error in checked.unreadable]
    assert len(report.unreadable) == 1


def test_what_is_told_has_its_controls_visible(tmp_path: Path) -> None:
    """A server cannot drive the terminal of whoever records it."""
    shown: list[str] = []
    nasty = REPEATING[2].replace(b'"name":"f"', b'"name":"\\u001b[2J\xc2\x9b1m"')

    async def talk() -> None:
        answer = CHUNKED_HEAD + chunk(REPEATING[0]) + chunk(REPEATING[1]) + chunk(nasty) + LAST
        log = Log("de-facto", None, shown.append)
        async with (
            scripted(saying(answer)) as upstream,
            recorder(upstream.url, tmp_path) as rig,
            client(rig.port) as one,
        ):
            await one.ask(request())
            await one.exactly(answer)
        for told in rig.told:
            log.take(told)

    run(talk())
    assert shown[0].startswith("listening on http://127.0.0.1:")
    assert any(line.startswith("#1 cassette: ") for line in shown)
    assert all(line.isprintable() for line in shown)


def test_what_is_kept_is_told_in_the_order_in_which_it_ended(tmp_path: Path) -> None:
    """Each with its number, and its place in the cassette."""

    async def talk() -> list[Kept]:
        async with (
            scripted(saying(whole(b"{}"))) as upstream,
            recorder(upstream.url, tmp_path) as rig,
            client(rig.port) as one,
        ):
            for _ in range(3):
                await one.ask(request("/v1/models", method="GET", body=b""))
                await one.exactly(whole(b"{}"))
        return [told for told in rig.told if isinstance(told, Kept)]

    sightings = run(talk())
    assert [told.number for told in sightings] == [1, 2, 3]
    assert [told.sighting.entry for told in sightings if isinstance(told.sighting, Skipped)] == [0, 1, 2]
    assert not any(isinstance(told.sighting, Judged) for told in sightings)


def test_what_is_told_has_no_secrets(tmp_path: Path) -> None:
    """A key that a server echoes where it deviates is not for whoever reads the terminal."""
    key = b"sk-seeded0123456789abcdef"
    nasty = REPEATING[2].replace(b'"name":"f"', b'"name":"%b"' % key)

    async def talk() -> list[str]:
        answer = CHUNKED_HEAD + chunk(REPEATING[0]) + chunk(REPEATING[1]) + chunk(nasty)
        shown: list[str] = []
        log = Log("de-facto", None, shown.append)
        async with (
            scripted(saying(answer)) as upstream,
            recorder(upstream.url, tmp_path) as rig,
            client(rig.port) as one,
        ):
            await one.ask(request(headers=f"Authorization: Bearer {key.decode()}\r\n"))
            await one.exactly(answer)
            assert rig.findings  # it was told of before it was kept
        for told in rig.told:
            log.take(told)
        return shown

    shown = run(talk())
    assert "*" * len(key) in "".join(shown)
    assert key.decode() not in "".join(shown)
