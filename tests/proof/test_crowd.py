"""Two hundred at once in every framing, of which a third break in ways of their own, among clients that talk nonsense.

Streams in chunks that end in every way are in tests/record/test_many.py.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from dataclasses import dataclass, field
from pathlib import Path

from deltaproof.exchange import End
from tests.record.rig import Client, client, kept, recorder, request, run
from tests.record.scripted import CHUNKED_HEAD, LAST, STREAM_HEAD, Asked, Line, chunk, gzipped, scripted

CLIENTS = 200
SCENARIOS = 9
NONSENSE = (b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"")
LINGER_NONE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Way:
    """How an exchange goes: the bytes of its response, whether they are compressed, and how it ends for whom."""

    name: str
    end: End
    breaks: bool = False


WAYS = (
    Way("chunked", End.EOF),
    Way("length", End.EOF),
    Way("until-close", End.EOF),
    Way("gzip", End.EOF),
    Way("half-closed client", End.EOF),
    Way("half-closed client, until-close", End.EOF),
    Way("reset within a chunk", End.RESET, breaks=True),
    Way("closed within a length", End.CUT, breaks=True),
    Way("client resets", End.CLIENT_GONE, breaks=True),
    Way("no chunk where one should be", End.CUT, breaks=True),
    Way("no HTTP", End.CUT, breaks=True),
    Way("error", End.EOF),
)


def events(number: int) -> tuple[bytes, ...]:
    """Return events that no other stream has."""
    return tuple(
        f'data: {{"stream": {number}, "event": {place}, "text": "{number:03}-{place} é"}}\n\n'.encode()
        for place in range(8)
    )


def response(number: int) -> tuple[bytes, bytes, bytes]:
    """Return what the server sends to one client: what that reads first, what follows, and the body as it is kept."""
    told = events(number)
    body = b"".join(told)
    length = STREAM_HEAD + b"Content-Length: %d\r\n\r\n"
    chunks = b"".join(map(chunk, told))
    match WAYS[number % len(WAYS)].name:
        case "length":
            return length % len(body) + body[:-9], body[-9:], body
        case "until-close" | "half-closed client, until-close":
            return STREAM_HEAD + b"\r\n" + body, b"", body
        case "gzip":
            packed = gzipped(told)
            head = STREAM_HEAD + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
            return head + b"".join(map(chunk, packed)), LAST, b"".join(packed)
        case "reset within a chunk":
            return CHUNKED_HEAD + chunks + b"40\r\ndata: half", b"", body + b"data: half"
        case "closed within a length":
            return length % (len(body) + 1) + body, b"", body
        case "client resets":
            return CHUNKED_HEAD + chunks, b"", body
        case "no chunk where one should be":
            return CHUNKED_HEAD + chunks + b"zz\r\nnone\r\n", b"", body + b"zz\r\nnone\r\n"
        case "no HTTP":
            return b"\x00no HTTP\r\n\r\n" + body, b"", b"\x00no HTTP\r\n\r\n" + body
        case "error":
            return b"HTTP/1.1 500 Oops\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:5], body[5:], body
    return CHUNKED_HEAD + chunks, LAST, body


@dataclass(slots=True)
class Crowd:
    """Clients that begin together, and a server that ends each exchange once all of them have what came first."""

    began: asyncio.Barrier = field(default_factory=lambda: asyncio.Barrier(CLIENTS))
    heard: asyncio.Barrier = field(default_factory=lambda: asyncio.Barrier(CLIENTS))
    go: dict[int, asyncio.Event] = field(default_factory=lambda: {number: asyncio.Event() for number in range(CLIENTS)})

    async def script(self, asked: Asked, line: Line) -> None:
        """Answer one client, in two parts and some pieces."""
        number = json.loads(asked.body)["number"]
        first, rest, _ = response(number)
        for start in range(0, len(first), 97):
            await line.say(first[start : start + 97])
            await asyncio.sleep(0)  # the others have their turn
        await self.go[number].wait()
        match WAYS[number % len(WAYS)]:
            case Way(end=End.RESET):
                line.reset()
            case Way(end=End.CLIENT_GONE):
                await line.until_gone()
            case Way(end=end, name=name):
                await line.say(rest)
                if end is End.CUT or "until-close" in name:
                    line.close()

    async def listen(self, port: int, number: int) -> None:
        """Be one client."""
        first, rest, _ = response(number)
        way = WAYS[number % len(WAYS)]
        async with client(port) as one:
            await self.began.wait()
            await one.ask(asking(number))
            if "half-closed" in way.name:
                one.writer.write_eof()
            await one.exactly(first)
            await self.heard.wait()  # all two hundred are under way
            self.go[number].set()
            if way.end is End.CLIENT_GONE:
                reset(one)
                return
            await one.exactly(rest)
            if way.breaks:
                assert await ending(one) == ("reset" if way.end is End.RESET else "closed"), way


def asking(number: int) -> bytes:
    """Return the request of one client."""
    body = json.dumps({"stream": True, "number": number}).encode()
    return request(f"/scenario/s{number % SCENARIOS}/v1/chat/completions", body=body)


def reset(one: Client) -> None:
    """Break the connection off."""
    one.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
    one.writer.transport.abort()


async def ending(one: Client) -> str:
    """Tell how the connection ends, of which nothing more is to come."""
    try:
        assert await one.hear() == b""
    except ConnectionResetError:
        return "reset"
    return "closed"


async def talk_nonsense(port: int, said: bytes) -> None:
    """Be a client that asks for nothing."""
    async with client(port) as one:
        await one.ask(said)
        one.writer.write_eof()
        assert (await one.rest())[:10] in (b"", b"HTTP/1.1 4")


def test_of_200_at_once_a_third_breaks_and_nothing_is_lost(tmp_path: Path) -> None:
    """Each is kept with all that came of it and with its end, in its cassette; of nonsense there is nothing."""
    assert 3 * sum(WAYS[number % len(WAYS)].breaks for number in range(CLIENTS)) >= CLIENTS

    async def talk() -> int:
        crowd = Crowd()
        async with scripted(crowd.script) as upstream, recorder(upstream.url, tmp_path) as rig:
            async with asyncio.TaskGroup() as group:
                for number in range(CLIENTS):
                    group.create_task(crowd.listen(rig.port, number))
                for number in range(40):
                    group.create_task(talk_nonsense(rig.port, NONSENSE[number % len(NONSENSE)]))
            return len(upstream.asked)

    assert run(talk()) == CLIENTS
    found = {}
    for name in range(SCENARIOS):
        for exchange in kept(tmp_path, f"s{name}"):
            number = json.loads(exchange.sent)["number"]
            assert (number % SCENARIOS, exchange.scenario) == (name, f"s{name}")
            assert sum(read.size for read in exchange.reads) == len(exchange.body)
            assert (exchange.head is None) == (WAYS[number % len(WAYS)].name == "no HTTP")
            assert number not in found
            found[number] = (exchange.body, exchange.end)
    assert found == {number: (response(number)[2], WAYS[number % len(WAYS)].end) for number in range(CLIENTS)}
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"s{name}.yaml" for name in range(SCENARIOS)]
