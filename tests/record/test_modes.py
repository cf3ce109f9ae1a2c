"""Record modes: when the upstream is asked, and when a cassette answers in its place."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from deltaproof.cassette.modes import RecordMode
from deltaproof.drive.record.keeper import Missed, Played
from deltaproof.errors import UnreadableError
from tests.record.rig import client, kept, recorder, request, run
from tests.record.scripted import CHUNKED_HEAD, EVENTS, LAST, Asked, Line, chunk, scripted, whole

STREAM = CHUNKED_HEAD + b"".join(map(chunk, EVENTS)) + LAST


async def echo(asked: Asked, line: Line) -> None:
    """Answer with the request's body."""
    await line.say(whole(asked.body))


async def ask(folder: Path, mode: RecordMode, *bodies: bytes) -> tuple[list[bytes], int, int, int]:
    """Ask in a session of its own; return the status lines, and how many requests were sent on, played and missed."""
    lines = []
    async with (
        scripted(echo, path="/openai/v1") as upstream,
        recorder(upstream.url, folder, mode=mode) as rig,
        client(rig.port) as one,
    ):
        for body in bodies:
            await one.ask(request(body=body))
            head = await one.until(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            content = await one.take(int(length.split(b":")[1]))
            assert content == body or b"deltaproof_error" in content
            lines.append(head.partition(b"\r\n")[0].split()[1])
        played = sum(isinstance(told, Played) for told in rig.told)
        missed = sum(isinstance(told, Missed) for told in rig.told)
    return lines, len(upstream.asked), played, missed


ONE, TWO = b'{"n": 1}', b'{"n": 2}'


@pytest.mark.parametrize(
    ("mode", "came", "entries"),
    [
        (RecordMode.NONE, ([b"200", b"404", b"404"], 0, 1, 2), [ONE]),
        (RecordMode.ONCE, ([b"200", b"404", b"404"], 0, 1, 2), [ONE]),
        (RecordMode.NEW_EPISODES, ([b"200", b"200", b"200"], 2, 1, 0), [ONE, TWO, ONE]),
        (RecordMode.ALL, ([b"200", b"200", b"200"], 3, 0, 0), [ONE, ONE, TWO, ONE]),
        (RecordMode.REWRITE, ([b"200", b"200", b"200"], 3, 0, 0), [ONE, TWO, ONE]),
    ],
    ids=["none", "once", "new_episodes", "all", "rewrite"],
)
def test_with_a_cassette(
    mode: RecordMode, came: tuple[list[bytes], int, int, int], entries: list[bytes], tmp_path: Path
) -> None:
    """One request was recorded; it comes again, then another, then the first a second time: an entry answers once."""
    assert run(ask(tmp_path, RecordMode.ALL, ONE)) == ([b"200"], 1, 0, 0)
    assert run(ask(tmp_path, mode, ONE, TWO, ONE)) == came
    assert [exchange.sent for exchange in kept(tmp_path)] == entries


@pytest.mark.parametrize("mode", [mode for mode in RecordMode if mode is not RecordMode.NONE])
def test_without_a_cassette_all_is_recorded(mode: RecordMode, tmp_path: Path) -> None:
    """Also what comes twice."""
    assert run(ask(tmp_path, mode, ONE, TWO, ONE)) == ([b"200"] * 3, 3, 0, 0)
    assert [exchange.sent for exchange in kept(tmp_path)] == [ONE, TWO, ONE]


def test_a_rewritten_cassette_stays_until_there_is_something_new(tmp_path: Path) -> None:
    """An upstream that is not there costs nothing that was recorded, and shapes kept beside are no cassette."""
    (tmp_path / "snapshot.yaml").write_text("exchanges: []\nsnapshot: 1\n")
    run(ask(tmp_path, RecordMode.ALL, ONE))

    async def talk() -> bytes:
        async with (
            recorder("http://127.0.0.1:9/v1", tmp_path, mode=RecordMode.REWRITE) as rig,
            client(rig.port) as one,
        ):
            await one.ask(request(body=TWO))
            return await one.until(b"\r\n")

    assert run(talk()) == b"HTTP/1.1 502 Bad Gateway\r\n"
    assert [exchange.sent for exchange in kept(tmp_path)] == [ONE]
    run(ask(tmp_path, RecordMode.REWRITE, TWO))
    assert [exchange.sent for exchange in kept(tmp_path)] == [TWO]
    assert (tmp_path / "snapshot.yaml").read_text() == "exchanges: []\nsnapshot: 1\n"


def test_without_a_cassette_none_answers_nothing(tmp_path: Path) -> None:
    """And records nothing."""
    assert run(ask(tmp_path, RecordMode.NONE, ONE)) == ([b"404"], 0, 0, 1)
    assert not (tmp_path / "cassette.yaml").exists()


def test_a_miss_names_the_closest_request(tmp_path: Path) -> None:
    """With its place, and what differs."""
    run(ask(tmp_path, RecordMode.ALL, ONE, b'{"m": [1, 2, 3]}'))

    async def talk() -> bytes:
        async with recorder("http://127.0.0.1:9/v1", tmp_path, mode=RecordMode.NONE) as rig, client(rig.port) as one:
            await one.ask(request(body=TWO))
            return (await one.until(b"}}}")).partition(b"\r\n\r\n")[2]

    error = json.loads(run(talk()))["error"]
    assert error["closest"] == {"source": str(tmp_path / "cassette.yaml"), "entry": 0}
    assert error["message"] == (
        "no recorded request equals this POST /chat/completions;"
        f" in the closest, {tmp_path / 'cassette.yaml'}#0, n is 1, not 2"
    )


def test_a_stream_from_a_cassette_is_as_it_was(tmp_path: Path) -> None:
    """Heads, chunks and all; the upstream need not be there."""

    async def talk() -> None:
        async def script(_: Asked, line: Line) -> None:
            await line.say(STREAM)

        async with scripted(script) as upstream, recorder(upstream.url, tmp_path) as rig, client(rig.port) as one:
            await one.ask(request())
            await one.exactly(STREAM)
        async with recorder("http://127.0.0.1:9/v1", tmp_path, mode=RecordMode.ONCE) as rig, client(rig.port) as one:
            await one.ask(request())
            await one.exactly(STREAM)

    run(talk())


@pytest.mark.parametrize("mode", [RecordMode.NONE, RecordMode.ONCE, RecordMode.NEW_EPISODES])
def test_a_cassette_that_cannot_be_read_is_an_error_at_the_start(mode: RecordMode, tmp_path: Path) -> None:
    """It is never taken for an empty one."""
    (tmp_path / "cassette.yaml").write_text("interactions: [")
    with pytest.raises(UnreadableError, match=r"cassette\.yaml"):
        asyncio.run(ask(tmp_path, mode, ONE))
