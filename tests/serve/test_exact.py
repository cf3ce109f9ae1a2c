"""What a client gets is what was recorded: status, headers, framing, bytes, and how it ended."""

from __future__ import annotations

import gzip
import socket
from dataclasses import replace

import pytest

from deltaproof.drive.play.replay_server import Options
from deltaproof.drive.play.schedule import Finish, plan
from deltaproof.exchange import End, Exchange, Head, Read
from deltaproof.split import Split
from tests.serve.rig import BODY, CHUNKED, SSE, asking, client, recorded, served

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKS = b"e\r\n" + BODY[:14] + b"\r\n8\r\n" + BODY[14:22] + b"\r\nb\r\n" + BODY[22:] + b"\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
IN_CHUNKS = OK + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS

PLAYED = {
    "chunked": (recorded(SSE, CHUNKED), IN_CHUNKS + b"0\r\n\r\n", "lives on"),
    "chunked, and the server closed": (
        recorded(SSE, CHUNKED, ("Connection", "close")),
        OK + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + CHUNKS + b"0\r\n\r\n",
        "closed",
    ),
    "chunked, cut": (recorded(SSE, CHUNKED, end=End.CUT), IN_CHUNKS, "closed"),
    "chunked, reset": (recorded(SSE, CHUNKED, end=End.RESET), IN_CHUNKS, "reset"),
    "chunked, the client left": (recorded(SSE, CHUNKED, end=End.CLIENT_GONE), IN_CHUNKS, "closed"),
    "length": (
        recorded(SSE, ("Content-Length", "33")),
        OK + b"Content-Length: 33\r\n\r\n" + BODY,
        "lives on",
    ),
    "length, cut": (
        recorded(SSE, ("Content-Length", "99"), end=End.CUT),
        OK + b"Content-Length: 99\r\n\r\n" + BODY,
        "closed",
    ),
    "length, reset": (
        recorded(SSE, ("Content-Length", "99"), end=End.RESET),
        OK + b"Content-Length: 99\r\n\r\n" + BODY,
        "reset",
    ),
    "length that the body contradicts": (
        recorded(SSE, ("Content-Length", "99")),
        OK + b"Content-Length: 33\r\n\r\n" + BODY,
        "lives on",
    ),
    "length that would make a cut body whole": (
        recorded(SSE, ("Content-Length", "33"), end=End.CUT),
        OK + b"Content-Length: 34\r\n\r\n" + BODY,
        "closed",
    ),
    "until the connection closes": (recorded(SSE), OK + b"\r\n" + BODY, "closed"),
    "until the connection closes, reset": (recorded(SSE, end=End.RESET), OK + b"\r\n" + BODY, "reset"),
    "an error": (
        recorded(
            ("content-type", "text/plain"), ("content-length", "4"), status=529, body=b"busy", reads=(Read(0.003, 4),)
        ),
        b"HTTP/1.1 529 \r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\nbusy",
        "lives on",
    ),
    "an empty body": (
        recorded(("content-length", "0"), body=b"", reads=()),
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "lives on",
    ),
    "an empty body in chunks": (
        recorded(CHUNKED, body=b"", reads=()),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "lives on",
    ),
    "no body can follow": (recorded(status=204, body=b"", reads=()), b"HTTP/1.1 204 No Content\r\n\r\n", "lives on"),
    "headers repeated, in any letters": (
        recorded(("set-cookie", "SCRUBBED"), ("SET-Cookie", "SCRUBBED"), ("content-length", "33")),
        b"HTTP/1.1 200 OK\r\nset-cookie: SCRUBBED\r\nSET-Cookie: SCRUBBED\r\ncontent-length: 33\r\n\r\n" + BODY,
        "lives on",
    ),
    "no response": (recorded(head=None, body=b"", reads=(), end=End.CUT), b"", "closed"),
    "no response, reset": (recorded(head=None, body=b"", reads=(), end=End.RESET), b"", "reset"),
    "no HTTP": (recorded(head=None, end=End.CUT), BODY, "closed"),
    "bytes that are no text": (
        recorded(("content-length", "3"), body=b"\xff\x00\xfe", reads=(Read(0.003, 3),)),
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n\xff\x00\xfe",
        "lives on",
    ),
    "a foreign recording without either header": (
        recorded(SSE, reads=None),
        OK + b"transfer-encoding: chunked\r\n\r\n21\r\n" + BODY + b"\r\n0\r\n\r\n",
        "lives on",
    ),
    "a foreign recording with both headers": (
        recorded(SSE, CHUNKED, ("Content-Length", "7"), reads=None),
        OK + b"Transfer-Encoding: chunked\r\n\r\n21\r\n" + BODY + b"\r\n0\r\n\r\n",
        "lives on",
    ),
    "a foreign recording that was decoded": (
        recorded(SSE, ("Content-Encoding", "gzip"), ("Content-Length", "7"), reads=None),
        OK + b"Content-Length: 33\r\n\r\n" + BODY,
        "lives on",
    ),
    "headers that would end the head": (
        recorded(("x-a", "1\r\n\r\nHTTP/1.1 200 OK"), (":status", "200"), ("x\r\ny", "2"), ("content-length", "33")),
        b"HTTP/1.1 200 OK\r\nx-a: 1    HTTP/1.1 200 OK\r\ncontent-length: 33\r\n\r\n" + BODY,
        "lives on",
    ),
    "a body alone": (
        Exchange(source="one.sse", body=BODY),
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n21\r\n"
        + BODY
        + b"\r\n0\r\n\r\n",
        "lives on",
    ),
}


@pytest.mark.parametrize("name", PLAYED)
@pytest.mark.parametrize("speed", [None, 1.0])
def test_every_byte_and_the_end_are_as_recorded(name: str, speed: float | None) -> None:
    """Whatever told the body's end, and however it ended, the client's socket sees the same again."""
    exchange, expected, ending = PLAYED[name]
    with served(exchange, options=Options(speed)) as server, client(server) as opened:
        opened.ask(asking())
        if ending == "lives on":
            assert opened.read(len(expected)) == expected
            opened.ask(asking())
            assert opened.read(len(expected)) == expected
        else:
            assert opened.ending() == (expected, ending)


@pytest.mark.parametrize("speed", [None, 1.0])
def test_a_server_that_fell_silent_is_silent_until_the_client_goes(speed: float | None) -> None:
    """Nothing comes after the bytes, no end either, while other clients are served; then the client closes."""
    silent = recorded(SSE, CHUNKED, end=End.TIMEOUT)
    with served(silent, options=Options(speed)) as server, client(server) as opened, client(server) as other:
        opened.ask(asking())
        assert opened.read(len(IN_CHUNKS)) == IN_CHUNKS
        other.ask(asking())
        assert other.read(len(IN_CHUNKS)) == IN_CHUNKS
        opened.socket.setblocking(False)  # noqa: FBT003 - as socket has it
        with pytest.raises(BlockingIOError):
            opened.socket.recv(1)
        opened.socket.setblocking(True)  # noqa: FBT003 - as socket has it
        opened.socket.shutdown(socket.SHUT_WR)
        assert opened.ending() == (b"", "closed")


def test_a_reset_takes_nothing_from_a_client_that_reads_late() -> None:
    """More than the sockets hold arrives whole before the reset, though the client began to read late."""
    body = b"x" * 5_000_000
    exchange = recorded(CHUNKED, body=body, reads=(Read(0.001, len(body)),), end=End.RESET)
    with served(exchange) as server, client(server) as opened, client(server) as other:
        opened.ask(asking())
        other.ask(asking(path="/v1/models", method="GET"))
        other.read(10)
        got, ending = opened.ending()
        assert (got.count(b"x"), ending) == (len(body), "reset")


def test_what_came_at_once_is_written_at_once_and_each_read_is_a_chunk() -> None:
    """Two reads of one time are two chunks of one write; the last chunk goes with what came when the end was seen."""
    planned = plan(recorded(SSE, CHUNKED))
    head = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    assert [(write.at, write.content) for write in planned.writes] == [
        (0.001, head + b"e\r\n" + BODY[:14] + b"\r\n8\r\n" + BODY[14:22] + b"\r\n"),
        (0.003, b"b\r\n" + BODY[22:] + b"\r\n0\r\n\r\n"),
    ]
    assert (planned.finish, planned.at) == (Finish.KEEP, 0.003)


def test_the_end_comes_when_it_came() -> None:
    """Where the end was seen later than the last bytes, the last chunk is a write of its own, then."""
    planned = plan(recorded(CHUNKED, ended=0.5))
    assert [write.at for write in planned.writes] == [0.001, 0.003, 0.5]
    assert planned.writes[-1].content == b"0\r\n\r\n"


def test_encodings_are_undone_only_to_split_by_what_a_body_says() -> None:
    """A gzipped body is sent as it was; split after events it is sent readable, under headers that say so."""
    packed = gzip.compress(BODY, mtime=0)
    exchange = recorded(
        SSE,
        ("Content-Encoding", "gzip"),
        ("Content-Length", str(len(packed))),
        body=packed,
        reads=(Read(0.003, len(packed)),),
    )
    as_sent = OK + f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode() + packed
    assert b"".join(plan(exchange).contents) == as_sent
    assert b"".join(plan(exchange, Split.BYTE).contents) == as_sent
    split = plan(exchange, Split.EVENT)
    assert split.contents == (OK + b"Content-Length: 33\r\n\r\n" + BODY[:19], BODY[19:])


def test_a_split_is_one_write_for_each_piece() -> None:
    """Pieces that came at one time are chunks and writes of their own where a split was asked for."""
    exchange = replace(recorded(CHUNKED), reads=(Read(0.003, len(BODY)),))
    planned = plan(exchange, 17)
    assert [write.content.removeprefix(HEAD) for write in planned.writes] == [
        b"11\r\n" + BODY[:17] + b"\r\n",
        b"10\r\n" + BODY[17:] + b"\r\n0\r\n\r\n",
    ]


def test_a_status_that_no_response_has_is_none() -> None:
    """Browsers record a request without an answer as one of status 0: the connection closes."""
    exchange = recorded(body=b"", reads=None, head=Head(0))
    with served(exchange) as server, client(server) as opened:
        opened.ask(asking())
        assert opened.ending() == (b"", "closed")


def test_a_client_of_http_1_0_gets_no_chunks() -> None:
    """It knows none; its body ends with the connection, or has the length that was recorded."""
    with served(recorded(SSE, CHUNKED)) as server, client(server) as opened:
        opened.ask(asking().replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert opened.ending() == (OK + b"\r\n" + BODY, "closed")
