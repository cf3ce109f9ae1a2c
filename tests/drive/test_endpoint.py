"""The connections that clients open: requests one after the other, answers in order, and every way to go."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Coroutine
from http import HTTPStatus
from typing import TypeVar

import pytest

from deltaproof.drive.http.connection import Answer, Connection
from deltaproof.drive.http.endpoint import LOOPBACK, listen, port_of
from deltaproof.drive.http.requests import Incoming
from deltaproof.errors import DeltaproofError

T = TypeVar("T")


def run(coroutine: Coroutine[object, object, T]) -> T:
    """Run with a time limit that only a hang reaches."""
    return asyncio.run(asyncio.wait_for(coroutine, 30))


async def said(answer: Answer, raw: bytes, *, half_close: bool = False) -> bytes:
    """Return all that a client reads that sends these bytes at once, until the connection is closed."""
    server = await listen(answer, host=LOOPBACK, port=0)
    async with server:
        reader, writer = await asyncio.open_connection(LOOPBACK, port_of(server))
        writer.write(raw)
        if half_close:
            writer.write_eof()
        content = await reader.read()
        writer.close()
        return content


async def tell_path(incoming: Incoming, connection: Connection) -> None:
    """Answer with the path, in so many bytes."""
    connection.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(incoming.path)}\r\n\r\n{incoming.path}".encode())


def test_requests_sent_ahead_are_answered_in_order() -> None:
    """Three requests in one write, the last of which ends the connection."""
    raw = b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"
    assert run(said(tell_path, raw)) == head + b"/1" + head + b"/2" + head + b"/3"


def test_a_head_gets_no_body_that_the_next_answer_would_begin_with() -> None:
    """It has the length that the body would have."""

    async def refuse(incoming: Incoming, connection: Connection) -> None:
        connection.refuse(HTTPStatus.NOT_FOUND, incoming.path)

    raw = b"HEAD /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    body = b'{"error": {"message": "/2", "type": "deltaproof_error", "param": null, "code": null}}'
    head = b"HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
    assert run(said(refuse, raw)) == head + head + body


def test_a_client_that_has_said_all_still_gets_its_answer() -> None:
    """It has closed its own direction."""
    raw = b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
    assert run(said(tell_path, raw, half_close=True)) == b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n/1"


def test_what_is_no_request_gets_an_error_in_json() -> None:
    """And the connection is closed."""
    content = run(said(tell_path, b"garbage\r\n\r\n"))
    assert content.startswith(b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n")
    assert b'{"error": {"message": "this is no HTTP request: illegal request line' in content


def test_a_client_that_waits_to_send_is_told_to_go_on() -> None:
    """It sends its body only after `100 Continue`."""

    async def talk() -> bytes:
        server = await listen(tell_path, host=LOOPBACK, port=0)
        async with server:
            reader, writer = await asyncio.open_connection(LOOPBACK, port_of(server))
            writer.write(b"POST /1 HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            interim = await reader.readuntil(b"\r\n\r\n")
            writer.write(b"hi")
            answer = await reader.readuntil(b"\r\n\r\n/1")
            writer.close()
            return interim + answer

    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    assert run(talk()) == interim + b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n/1"


def test_a_client_that_waits_to_send_is_told_so_after_its_earlier_answers() -> None:
    """Before that it would read it as a part of them."""

    async def talk() -> list[bytes]:
        server = await listen(tell_path, host=LOOPBACK, port=0)
        async with server:
            reader, writer = await asyncio.open_connection(LOOPBACK, port_of(server))
            expecting = b"POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"
            writer.write(b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n" + expecting)
            before = await reader.readuntil(b"100 Continue\r\n\r\n")
            writer.write(b"x" + expecting)
            between = await reader.readuntil(b"100 Continue\r\n\r\n")
            writer.write(b"x")
            after = await reader.readuntil(b"/2")
            writer.close()
            return [before, between, after]

    first, second = (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n" + path for path in (b"/1", b"/2"))
    go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
    assert run(talk()) == [first + go_on, second + go_on, second]


def test_a_reset_is_one_for_the_client() -> None:
    """What was written before may be lost with it."""

    async def break_off(_: Incoming, connection: Connection) -> None:
        connection.reset()

    with pytest.raises(ConnectionResetError):
        run(said(break_off, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"))


def test_a_client_that_is_gone_is_noticed() -> None:
    """One that resets its connection while it waits."""

    async def talk() -> None:
        asked, gone = asyncio.Event(), asyncio.Event()

        async def wait(_: Incoming, connection: Connection) -> None:
            asked.set()
            await connection.gone.wait()
            gone.set()

        server = await listen(wait, host=LOOPBACK, port=0)
        async with server:
            _, writer = await asyncio.open_connection(LOOPBACK, port_of(server))
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await asked.wait()
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
            await gone.wait()

    run(talk())


def test_a_client_that_has_hung_up_in_order_has_said_all() -> None:
    """Whether it still reads shows only when it is written to; an answer that waits for nothing else need not."""

    async def talk() -> None:
        noticed = asyncio.Event()

        async def wait(_: Incoming, connection: Connection) -> None:
            await connection.said_all.wait()
            noticed.set()

        server = await listen(wait, host=LOOPBACK, port=0)
        async with server:
            _, writer = await asyncio.open_connection(LOOPBACK, port_of(server))
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            writer.close()
            await noticed.wait()

    run(talk())


def test_a_client_that_reads_slowly_holds_the_writer_back() -> None:
    """Sixteen MiB do not fit into what waits for it; once it reads, all of them come."""

    async def talk() -> tuple[list[str], int]:
        notices: list[str] = []

        async def pour(_: Incoming, connection: Connection) -> None:
            connection.on_pause = lambda: notices.append("pause")
            connection.on_resume = lambda: notices.append("resume")
            for _number in range(16):
                connection.write(bytes(2**20))
                await connection.drain()
            connection.close()

        server = await listen(pour, host=LOOPBACK, port=0)
        async with server:
            reader, writer = await asyncio.open_connection(LOOPBACK, port_of(server))
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            size = len(await reader.read())
            writer.close()
            return notices[:2], size

    assert run(talk()) == (["pause", "resume"], 16 * 2**20)


def test_a_port_that_is_taken_is_one_clear_line() -> None:
    """It says where, why and what to do."""
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(DeltaproofError) as raised:
            run(said_at(port))
    assert str(raised.value) == (
        f"127.0.0.1:{port}: it cannot be listened on: Address already in use. "
        "Choose another --port, or none for any that is free"
    )


async def said_at(port: int) -> None:
    """Listen on a port."""
    await listen(tell_path, host=LOOPBACK, port=port)


def test_an_answer_of_ours_is_json() -> None:
    """A refusal names what else it has to say beside its message."""

    async def refuse(_: Incoming, connection: Connection) -> None:
        connection.refuse(HTTPStatus.NOT_FOUND, "nothing here", scenarios=["a"])

    content = run(said(refuse, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
    body = b'{"error": {"message": "nothing here", "type": "deltaproof_error", "param": null, "code": null, "scenarios": ["a"]}}'
    assert content == (
        b"HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    )
