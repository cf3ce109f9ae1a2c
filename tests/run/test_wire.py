"""Facts about how a response is read: bytes, reads, times, and how it ended."""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, pairwise, repeat

import pytest

from deltaproof.drive.ask.wire import Answered, Ask, Unanswered, Wire
from deltaproof.drive.http.target import Target
from deltaproof.drive.http.trouble import Trouble
from deltaproof.exchange import End, Exchange, Head
from tests.run.server import STREAM_END, STREAM_HEAD, Act, Asked, piece, response, serving

EVENT = b"data: {}\n\n"
ASK = Ask(request={"a": 1})
SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n"
UNTIL_CLOSED = b"HTTP/1.1 200 OK\r\nX-Twice: a\r\nx-tWICE: b\r\n\r\n"


def send(
    url: str, *, ask: Ask = ASK, timeout: float = 20.0, key: str = ""
) -> tuple[Answered | Unanswered, list[Exchange]]:
    """Send one request; return what came, and what was kept."""
    kept: list[Exchange] = []

    async def once() -> Answered | Unanswered:
        async with Wire(Target(url, "", "m", key, ""), timeout=timeout) as wire:
            return await wire.send(ask, kept.append)

    return asyncio.run(once()), kept


def say(*said: bytes | Act, ask: Ask = ASK, timeout: float = 20.0, key: str = "") -> Answered:
    """Return what comes where a server says this."""
    with serving(lambda _: said) as server:
        answer, kept = send(server.url, ask=ask, timeout=timeout, key=key)
    assert isinstance(answer, Answered)
    assert kept == [answer.exchange]
    return answer


def test_an_exchange_has_what_was_sent_and_what_was_read() -> None:
    """Method, URL, bytes and JSON of the request; status, headers and bytes of the response."""
    begun = datetime.now(UTC)
    with serving(lambda _: [UNTIL_CLOSED, b"one", Act.CUT]) as server:
        answer, kept = send(server.url, ask=Ask(request={"a": 1}, scenario="s"))
        (asked,) = server.asked
    assert isinstance(answer, Answered)
    exchange = answer.exchange
    assert kept == [exchange]
    assert exchange == Exchange(
        source=f"{server.url}/chat/completions",
        body=b"one",
        request={"a": 1},
        sent=b'{\n  "a": 1\n}',
        head=Head(200, (("X-Twice", "a"), ("x-tWICE", "b"))),
        reads=exchange.reads,
        method="POST",
        url=f"{server.url}/chat/completions",
        scenario="s",
        sent_headers=exchange.sent_headers,
        sent_at=exchange.sent_at,
        ended=exchange.ended,
    )
    assert {name.lower(): value for name, value in exchange.sent_headers} == dict(asked.headers)
    assert exchange.ended is not None
    assert exchange.reads[-1].at <= exchange.ended
    assert exchange.sent_at is not None
    assert begun <= exchange.sent_at <= datetime.now(UTC)
    assert [read.size for read in exchange.reads] == [3]
    assert (asked.method, asked.path, asked.body) == ("POST", "/v1/chat/completions", exchange.sent)
    told = {name: asked.headers.get(name) for name in ("accept-encoding", "content-type", "authorization")}
    assert told == {"accept-encoding": "identity", "content-type": "application/json", "authorization": None}


@pytest.mark.parametrize(
    ("said", "end", "body"),
    [
        ([STREAM_HEAD, piece(EVENT), STREAM_END], End.EOF, EVENT),
        ([STREAM_HEAD, piece(EVENT), Act.CUT], End.CUT, EVENT),
        ([STREAM_HEAD, piece(EVENT)[:-6], Act.CUT], End.CUT, EVENT[:-4]),
        ([STREAM_HEAD, piece(EVENT), b"no length\r\n"], End.CUT, EVENT),
        ([SHORT, EVENT, Act.CUT], End.CUT, EVENT),
        ([UNTIL_CLOSED, EVENT, Act.CUT], End.EOF, EVENT),
        ([SHORT, EVENT, Act.SILENCE], End.TIMEOUT, EVENT),
        ([STREAM_HEAD, STREAM_END], End.EOF, b""),
    ],
    ids=["whole", "cut", "cut inside a piece", "broken framing", "too short", "until closed", "silence", "empty"],
)
def test_how_a_body_ended_is_known_and_what_had_come_is_kept(
    said: Iterable[bytes | Act], end: End, body: bytes
) -> None:
    """The end is told apart; no byte that came before it is lost."""
    exchange = say(*said, timeout=0.5).exchange
    assert (exchange.end, exchange.body) == (end, body)
    assert sum(read.size for read in exchange.reads) == len(body)


def test_a_reset_is_no_cut() -> None:
    """A connection that is reset loses what the kernel had not handed over, and is told apart from one that is closed."""

    def script(asked: Asked) -> Iterator[bytes | Act]:
        del asked
        yield SHORT
        yield Act.RESET

    with serving(script) as server:
        answer, _ = send(server.url)
    match answer:
        case Answered():
            assert answer.exchange.end is End.RESET
        case Unanswered():
            assert answer.why == "the connection was reset before a response came"


def test_pieces_that_came_at_once_have_one_time() -> None:
    """A read is a piece of the transfer encoding, so that a replay can send the same pieces; its time is the socket's."""
    exchange = say(STREAM_HEAD + piece(EVENT) + piece(EVENT) + piece(EVENT) + STREAM_END).exchange
    assert [read.size for read in exchange.reads] == [len(EVENT)] * 3
    assert len({read.at for read in exchange.reads}) == 1


def test_reads_have_times_that_do_not_go_back() -> None:
    """Each is in seconds since the request was sent."""
    with serving(lambda _: [STREAM_HEAD, *(piece(bytes(1000)) for _ in range(200)), STREAM_END]) as server:
        answer, _ = send(server.url)
    times = [read.at for read in answer.exchange.reads]
    assert times[0] >= 0
    assert times[-1] < 20
    assert all(earlier <= later for earlier, later in pairwise(times))


def test_a_client_that_has_enough_goes() -> None:
    """It goes after the first read that brings enough; the server would have gone on."""
    exchange = say(STREAM_HEAD, piece(EVENT), Act.SILENCE, ask=Ask(request={}, enough=1)).exchange
    assert (exchange.end, exchange.body) == (End.CLIENT_GONE, EVENT)


def test_a_response_without_end_comes_to_one() -> None:
    """A server that is never silent may take ten times the timeout, and no more."""
    with serving(lambda _: chain([STREAM_HEAD], repeat(piece(b"x" * 64)))) as server:
        answer, _ = send(server.url, timeout=0.2)
    assert answer.exchange.end is End.TIMEOUT
    assert answer.exchange.body.strip(b"x") == b""


def test_a_cancelled_task_keeps_what_had_come() -> None:
    """Ctrl-C in mid-stream leaves an exchange with all bytes so far, but the key, which the server sent back."""
    kept: list[Exchange] = []

    async def cancelled(url: str) -> None:
        async with Wire(Target(url, "", "m", "sk-secret-1234", "KEY"), timeout=20) as wire:
            task = asyncio.create_task(wire.send(Ask(request={}), kept.append))
            await asyncio.get_running_loop().run_in_executor(None, said.wait, 20)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    said = threading.Event()

    def script(asked: Asked) -> Iterator[bytes | Act]:
        del asked
        yield STREAM_HEAD + piece(EVENT + b": sk-secret-1234\n\n")
        said.set()
        yield Act.SILENCE

    with serving(script) as server:
        asyncio.run(cancelled(server.url))
    (exchange,) = kept
    assert exchange.end is End.CLIENT_GONE
    assert exchange.body in (b"", EVENT + b": **************\n\n")
    assert "secret" not in repr(exchange)


def test_a_coded_body_is_kept_as_sent_and_judged_as_meant() -> None:
    """A server that compresses although it was asked not to is read all the same."""
    coded = gzip.compress(EVENT * 50)
    answer = say(response(coded, headers=("Content-Encoding: gzip",)))
    assert answer.exchange.body == coded
    assert answer.readable.body == EVENT * 50
    assert sum(read.size for read in answer.readable.reads) == 50 * len(EVENT)


def test_a_body_that_is_not_coded_as_told_is_judged_as_it_is() -> None:
    """A wrong header is the server's mistake, and no reason to stop."""
    body = bytes(range(256))
    assert say(response(body, headers=("Content-Encoding: gzip",))).readable.body == body


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_a_key_that_a_server_sends_back_is_hidden_in_its_length(coding: str) -> None:
    """Neither what is kept nor what is judged has the key; offsets and sizes stay."""
    plain = b'{"error": {"message": "no such key: sk-secret-1234"}}'
    headers = (
        (f"Content-Encoding: {coding}", "X-Echo: Bearer sk-secret-1234") if coding else ("X-Echo: sk-secret-1234",)
    )
    answer = say(response(gzip.compress(plain) if coding else plain, headers=headers), key="sk-secret-1234")
    for exchange in (answer.exchange, answer.readable):
        assert exchange.body == plain.replace(b"sk-secret-1234", b"*" * 14)
        assert exchange.head is not None
        assert exchange.head.get("x-echo") in ("*" * 14, "Bearer " + "*" * 14)
        assert "secret" not in repr(exchange)
        assert exchange.head.get("content-encoding") is None


@pytest.mark.parametrize(
    ("said", "end", "trouble", "why"),
    [
        ([Act.CUT], End.CUT, Trouble.CLOSED, "the connection was closed before a response came"),
        (
            [b"HTTP/1.1 200 OK\r\nA", Act.CUT],
            End.CUT,
            Trouble.CLOSED,
            "the connection was closed before a response came",
        ),
        ([Act.SILENCE], End.TIMEOUT, Trouble.SILENT, "nothing came within 0.5 seconds"),
        ([b"SSH-2.0-OpenSSH_9.9\r\n\r\n", Act.CUT], End.CUT, Trouble.NOT_HTTP, "what came is no HTTP"),
    ],
    ids=["closed", "closed inside the head", "silent", "no HTTP"],
)
def test_why_there_is_no_response_is_said(said: Iterable[bytes | Act], end: End, trouble: Trouble, why: str) -> None:
    """What was sent is kept also then."""
    with serving(lambda _: said) as server:
        answer, kept = send(server.url, timeout=0.5)
    assert isinstance(answer, Unanswered)
    assert (answer.trouble, answer.why, answer.connected) == (trouble, why, True)
    assert kept == [answer.exchange]
    exchange = answer.exchange
    assert (exchange.sent, exchange.head, exchange.body, exchange.end) == (b'{\n  "a": 1\n}', None, b"", end)
