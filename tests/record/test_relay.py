"""What passes through the proxy: every byte, at once, and nothing else; and how it ended."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from deltaproof.drive.record.session import Told
from deltaproof.exchange import End, Exchange, Head
from tests.record.rig import Client, body_of, client, kept, recorder, request, run
from tests.record.scripted import (
    CHUNKED_HEAD,
    EVENTS,
    LAST,
    STREAM_HEAD,
    Asked,
    Line,
    chunk,
    gzipped,
    saying,
    scripted,
    whole,
)

BODY = b"".join(EVENTS)
LENGTH_HEAD = STREAM_HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY)


@pytest.mark.parametrize(
    ("head", "pieces", "end"),
    [
        pytest.param(CHUNKED_HEAD, [*map(chunk, EVENTS), LAST], b"", id="chunked"),
        pytest.param(LENGTH_HEAD, EVENTS, b"", id="length"),
        pytest.param(STREAM_HEAD + b"\r\n", EVENTS, b"close", id="until-close"),
        pytest.param(
            CHUNKED_HEAD.replace(b"Transfer", b"Content-Encoding: gzip\r\nTransfer"),
            [*map(chunk, gzipped()), LAST],
            b"",
            id="gzip",
        ),
    ],
)
def test_each_fragment_arrives_before_the_next_is_sent(
    head: bytes, pieces: list[bytes], end: bytes, tmp_path: Path
) -> None:
    """One read of the client is one write of the upstream; what is kept has a read for each."""

    async def talk() -> None:
        heard = asyncio.Semaphore(0)

        async def script(_: Asked, line: Line) -> None:
            for piece in (head, *pieces):
                await line.say(piece)
                await heard.acquire()
            if end:
                line.close()

        async with scripted(script) as upstream, recorder(upstream.url, tmp_path) as rig, client(rig.port) as one:
            await one.ask(request())
            for piece in (head, *pieces):
                assert await one.hear() == piece
                heard.release()
            if end:
                assert await one.hear() == b""

    run(talk())
    (exchange,) = kept(tmp_path)
    sizes = [len(piece) for piece in (gzipped() if b"gzip" in head else EVENTS)]
    assert [read.size for read in exchange.reads] == sizes
    assert exchange.end is End.EOF
    assert exchange.head is not None
    assert ("X-Mixed-Case", "as Sent") in exchange.head.headers


def test_one_connection_carries_many_exchanges(tmp_path: Path) -> None:
    """As many as the client sends, over one connection to the upstream, each kept for itself."""

    async def script(asked: Asked, line: Line) -> None:
        await line.say(whole(asked.body))

    async def talk() -> int:
        async with scripted(script) as upstream, recorder(upstream.url, tmp_path) as rig, client(rig.port) as one:
            for number in range(5):
                body = b'{"n": %d}' % number
                await one.ask(request(body=body))
                await one.exactly(whole(body))
            return upstream.connections

    assert run(talk()) == 1
    assert [exchange.body for exchange in kept(tmp_path)] == [b'{"n": %d}' % number for number in range(5)]


def test_requests_sent_ahead_are_answered_in_order(tmp_path: Path) -> None:
    """A client that pipelines gets what it would get from the upstream."""

    async def script(asked: Asked, line: Line) -> None:
        await line.say(whole(asked.body))

    async def talk() -> None:
        async with scripted(script) as upstream, recorder(upstream.url, tmp_path) as rig, client(rig.port) as one:
            await one.ask(request(body=b"1") + request(body=b"22") + request(body=b"333"))
            await one.exactly(whole(b"1") + whole(b"22") + whole(b"333"))

    run(talk())
    assert [exchange.sent for exchange in kept(tmp_path)] == [b"1", b"22", b"333"]


def test_the_upstream_sees_the_client_s_own_request(tmp_path: Path) -> None:
    """All but the path and Host is as the client sent it: names, order, repeats."""
    headers = "ACCEPT: */*\r\nx-two: 1\r\nX-Two: 2\r\nConnection: keep-alive\r\nauthorization: Bearer k\r\n"

    async def talk() -> Asked:
        async with (
            scripted(saying(whole(b"{}")), path="/openai/v1") as upstream,
            recorder(f"{upstream.url}/?api-version=7", tmp_path) as rig,
            client(rig.port) as one,
        ):
            await one.ask(request("/v1/chat/completions?x=1", headers=headers, body=b"{}"))
            await one.exactly(whole(b"{}"))
            host = upstream.url.split("/")[2]
            (asked,) = upstream.asked
            return Asked(asked.head.replace(host.encode(), b"HOST"), asked.body)

    sent = request("/openai/v1/chat/completions?x=1&api-version=7", headers=headers, body=b"{}")
    head, _, body = sent.replace(b"proxy.test", b"HOST").partition(b"\r\n\r\n")
    assert run(talk()) == Asked(head + b"\r\n\r\n", body)


def test_a_body_in_chunks_goes_on_in_chunks(tmp_path: Path) -> None:
    """With the framing that its headers tell of."""
    head = b"POST /v1/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    async def talk() -> bytes:
        async with (
            scripted(saying(whole(b"{}"))) as upstream,
            recorder(upstream.url, tmp_path) as rig,
            client(rig.port) as one,
        ):
            await one.ask(head + chunk(b"ab") + chunk(b"c") + LAST)
            await one.exactly(whole(b"{}"))
            return upstream.asked[0].body

    assert run(talk()) == chunk(b"abc") + LAST
    assert kept(tmp_path)[0].sent == b"abc"


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        pytest.param(request("/v1/models", method="GET", body=b""), whole(b'{"data": []}'), id="models"),
        pytest.param(request("/health", method="GET", body=b""), whole(b"ok", kind="text/plain"), id="no-json"),
        pytest.param(request("/v1/files/1", method="DELETE", body=b""), whole(b"{}"), id="another-method"),
        pytest.param(request(), whole(b'{"error": {}}', status="429 Too Many Requests"), id="refused"),
        pytest.param(request(), whole(b"oops", status="500 Oops", kind="text/html"), id="failed"),
        pytest.param(
            request(), b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + whole(b"{}"), id="an-interim-response"
        ),
        pytest.param(request(), b"HTTP/1.1 204 No Content\r\n\r\n", id="no-body"),
        pytest.param(request(), whole(b"\x00\xff\xfe", kind="application/octet-stream"), id="bytes"),
    ],
)
def test_whatever_is_asked_and_answered_passes(asked: bytes, answer: bytes, tmp_path: Path) -> None:
    """And is kept."""

    async def talk() -> None:
        async with (
            scripted(saying(answer)) as upstream,
            recorder(upstream.url, tmp_path) as rig,
            client(rig.port) as one,
        ):
            await one.ask(asked)
            await one.exactly(answer)

    run(talk())
    (exchange,) = kept(tmp_path)
    head, _, body = answer.rpartition(b"\r\n\r\n") if b"103" in answer else answer.partition(b"\r\n\r\n")
    status = 200 if b"103" in answer else int(head.split()[1])
    assert exchange.body == body
    assert exchange.head is not None
    assert exchange.head.status == status
    assert exchange.method == asked.split()[0].decode()


def test_an_answer_to_head_has_no_body(tmp_path: Path) -> None:
    """Its length tells of another one, and the next response follows at once."""
    bare = whole(b"{}").removesuffix(b"{}")

    async def talk() -> None:
        async with (
            scripted(saying(bare)) as upstream,
            recorder(upstream.url, tmp_path) as rig,
            client(rig.port) as one,
        ):
            for _ in range(2):
                await one.ask(request("/v1/models", method="HEAD", body=b""))
                await one.exactly(bare)

    run(talk())
    assert [exchange.body for exchange in kept(tmp_path)] == [b"", b""]


def ending(tmp_path: Path, *pieces: bytes, how: str) -> tuple[bytes, bool, list[Exchange]]:
    """Let an upstream end a response in some way; return what the client read, whether it was reset, what is kept."""

    async def talk() -> tuple[bytes, bool]:
        heard = asyncio.Event()

        async def script(_: Asked, line: Line) -> None:
            for piece in pieces:
                await line.say(piece)
            if pieces:
                await heard.wait()
            if how == "reset":
                line.reset()
            elif how == "close":
                line.close()
            else:
                await line.until_gone()

        async with (
            scripted(script) as upstream,
            recorder(upstream.url, tmp_path, patience=0.2 if how == "silence" else 60) as rig,
            client(rig.port) as one,
        ):
            await one.ask(request())
            return await read_all(one, sum(map(len, pieces)), heard)

    content, reset = run(talk())
    return content, reset, kept(tmp_path)


async def read_all(one: Client, size: int, heard: asyncio.Event) -> tuple[bytes, bool]:
    """Read until the end of the connection; note when so many bytes have come."""
    content = b""
    while True:
        try:
            piece = await one.hear()
        except ConnectionResetError:
            return content, True
        content += piece
        if len(content) >= size:
            heard.set()
        if not piece or content.endswith(b"}}"):
            return content, False


STREAM = Head(
    200, (("Content-Type", "text/event-stream"), ("X-Mixed-Case", "as Sent"), ("Transfer-Encoding", "chunked"))
)


@pytest.mark.parametrize(
    ("how", "end"),
    [("reset", End.RESET), ("close", End.CUT), ("silence", End.TIMEOUT)],
    ids=["reset", "close", "silence"],
)
def test_a_stream_that_breaks_breaks_for_the_client_alike(how: str, end: End, tmp_path: Path) -> None:
    """In the middle of a chunk and of an event: the client has all that came, and so has the cassette."""
    broken = chunk(EVENTS[1])[:-20]
    content, reset, (exchange,) = ending(tmp_path, CHUNKED_HEAD, chunk(EVENTS[0]), broken, how=how)
    assert content == CHUNKED_HEAD + chunk(EVENTS[0]) + broken
    assert reset == (how == "reset")
    assert exchange.body == EVENTS[0] + EVENTS[1][:-18]
    assert (exchange.end, exchange.head) == (end, STREAM)


@pytest.mark.parametrize(("how", "end"), [("reset", End.RESET), ("close", End.CUT)])
def test_a_server_that_goes_without_a_word_is_kept_as_unanswered(how: str, end: End, tmp_path: Path) -> None:
    """The client's connection ends as the upstream's did."""
    content, reset, (exchange,) = ending(tmp_path, how=how)
    assert (content, reset) == (b"", how == "reset")
    assert (exchange.head, exchange.body, exchange.end) == (None, b"", end)


def test_a_server_that_never_answers_is_a_504(tmp_path: Path) -> None:
    """It says so in JSON, and the request is kept as unanswered."""
    content, _, (exchange,) = ending(tmp_path, how="silence")
    assert content.startswith(b"HTTP/1.1 504 Gateway Timeout\r\n")
    assert "sent nothing within 0.2 seconds" in str(body_of(content))
    assert (exchange.head, exchange.body, exchange.end) == (None, b"", End.TIMEOUT)


def test_what_is_no_http_passes_too(tmp_path: Path) -> None:
    """Byte for byte, and is kept without a head."""
    content, _, (exchange,) = ending(tmp_path, b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"more", how="close")
    assert content == b"SSH-2.0-OpenSSH_9.2\r\n\r\nmore"
    assert (exchange.head, exchange.body, exchange.end) == (None, content, End.CUT)


def test_nobody_there_is_a_502(tmp_path: Path) -> None:
    """The client may ask again on the same connection; it is told, and not kept, or later modes would play it."""

    async def talk() -> tuple[list[bytes], list[Told]]:
        async with scripted(saying(b"")) as upstream:
            url = upstream.url
        async with recorder(url, tmp_path) as rig, client(rig.port) as one:
            answers = []
            for _ in range(2):
                await one.ask(request())
                answers.append(await one.until(b"}}"))
            return answers, rig.told

    answers, told = run(talk())
    for answer in answers:
        assert answer.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
        assert "cannot be reached: nothing listens there: the connection was refused" in str(body_of(answer))
    assert [type(one).__name__ for one in told] == ["Listening", "Missed", "Missed"]
    assert list(tmp_path.iterdir()) == []
