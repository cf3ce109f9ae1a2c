"""Clients that leave, that say no more, and that read slowly; and the end of a recording in the middle of it all."""

from __future__ import annotations

import asyncio
import socket
import struct
from pathlib import Path

import pytest

from deltaproof.exchange import End
from tests.record.rig import client, kept, recorder, request, run
from tests.record.scripted import CHUNKED_HEAD, EVENTS, LAST, Asked, Line, chunk, saying, scripted, whole

LINGER_NONE = struct.pack("ii", 1, 0)


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_client_that_hangs_up_leaves_what_had_come(how: str, tmp_path: Path) -> None:
    """The upstream sees its connection end, and the exchange says whose doing that was."""

    async def talk() -> None:
        gone = asyncio.Event()

        async def script(_: Asked, line: Line) -> None:
            await line.say(CHUNKED_HEAD + chunk(EVENTS[0]))
            await line.until_gone()
            line.close()
            gone.set()

        async with scripted(script) as upstream, recorder(upstream.url, tmp_path) as rig:
            async with client(rig.port) as one:
                await one.ask(request())
                await one.exactly(CHUNKED_HEAD + chunk(EVENTS[0]))
                if how == "reset":
                    sock = one.writer.get_extra_info("socket")
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
                    one.writer.transport.abort()
            await gone.wait()

    run(talk())
    (exchange,) = kept(tmp_path)
    assert (exchange.body, exchange.end) == (EVENTS[0], End.CLIENT_GONE)


def test_a_client_that_has_said_all_still_gets_its_answer(tmp_path: Path) -> None:
    """It closes its direction in the middle of the stream; the upstream sees that too, and goes on."""

    async def talk() -> None:
        async def script(_: Asked, line: Line) -> None:
            await line.say(CHUNKED_HEAD)
            await line.until_gone()  # which is what it looks like
            for event in EVENTS:
                await line.say(chunk(event))
            await line.say(LAST)

        async with scripted(script) as upstream, recorder(upstream.url, tmp_path) as rig, client(rig.port) as one:
            await one.ask(request())
            await one.exactly(CHUNKED_HEAD)
            one.writer.write_eof()
            assert await one.rest() == b"".join(map(chunk, EVENTS)) + LAST

    run(talk())
    (exchange,) = kept(tmp_path)
    assert (exchange.body, exchange.end) == (b"".join(EVENTS), End.EOF)


def test_requests_sent_ahead_of_saying_all_are_all_answered(tmp_path: Path) -> None:
    """The upstream is told only after the last of them."""

    async def talk() -> None:
        async with (
            scripted(saying(whole(b"{}"))) as upstream,
            recorder(upstream.url, tmp_path) as rig,
            client(rig.port) as one,
        ):
            await one.ask(request() * 3)
            one.writer.write_eof()
            assert await one.rest() == whole(b"{}") * 3

    run(talk())
    assert [exchange.end for exchange in kept(tmp_path)] == [End.EOF] * 3


def test_a_client_that_reads_slowly_slows_the_upstream(tmp_path: Path) -> None:
    """No more waits for it than the systems and a megabyte hold; in the end it has all."""
    piece = b"0.25, " * 40_000
    pieces = 64

    async def talk() -> int:
        said = 0
        stuck, go = asyncio.Event(), asyncio.Event()

        async def script(_: Asked, line: Line) -> None:
            nonlocal said
            line.writer.transport.set_write_buffer_limits(high=0)
            await line.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (pieces * len(piece)))
            for _number in range(pieces):
                writing = asyncio.ensure_future(line.say(piece))
                await asyncio.wait([writing], timeout=0.3)
                if not writing.done():
                    stuck.set()
                    await go.wait()
                await writing
                said += 1

        async with scripted(script) as upstream, recorder(upstream.url, tmp_path) as rig, client(rig.port) as one:
            one.writer.transport.pause_reading()  # type: ignore[attr-defined]  # typeshed has it for ReadTransport only
            await one.ask(request())
            await stuck.wait()
            before = said
            go.set()
            one.writer.transport.resume_reading()  # type: ignore[attr-defined]
            await one.until(b"\r\n\r\n")
            await one.exactly(piece * pieces)
            return before

    assert run(talk()) < pieces
    (exchange,) = kept(tmp_path)
    assert (len(exchange.body), exchange.end) == (pieces * len(piece), End.EOF)


def test_the_end_of_the_recording_keeps_what_had_come(tmp_path: Path) -> None:
    """Nobody but the recorder ended the stream."""

    async def talk() -> None:
        async def script(_: Asked, line: Line) -> None:
            await line.say(CHUNKED_HEAD + chunk(EVENTS[0]))
            await line.until_gone()

        async with scripted(script) as upstream, recorder(upstream.url, tmp_path) as rig, client(rig.port) as one:
            await one.ask(request())
            await one.exactly(CHUNKED_HEAD + chunk(EVENTS[0]))

    run(talk())
    (exchange,) = kept(tmp_path)
    assert (exchange.body, exchange.end) == (EVENTS[0], End.CLIENT_GONE)
