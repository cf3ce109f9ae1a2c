"""Many recordings at once, and secrets in all of them: nothing is lost, nothing mixed up, nothing given away."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deltaproof.exchange import End
from tests.record.rig import client, kept, recorder, request, run
from tests.record.scripted import CHUNKED_HEAD, LAST, Asked, Line, chunk, scripted

CLIENTS = 200
EVENTS = 12
ENDS = (End.EOF, End.RESET, End.EOF, End.CUT, End.EOF, End.CLIENT_GONE)
"""How a stream ends, by its number's remainder."""


def event(number: int, place: int) -> bytes:
    """Return an event that no other stream has."""
    return f'data: {{"stream": {number}, "event": {place}, "text": "é{"-" * (number % 7)}"}}\n\n'.encode()


@dataclass(slots=True)
class Crowd:
    """Clients that begin together, and a server that ends each stream in its way once the client has all of it."""

    gate: asyncio.Barrier = field(default_factory=lambda: asyncio.Barrier(CLIENTS))
    heard: dict[int, asyncio.Event] = field(default_factory=lambda: {n: asyncio.Event() for n in range(CLIENTS)})

    async def script(self, asked: Asked, line: Line) -> None:
        """Answer one client."""
        number = json.loads(asked.body)["number"]
        await line.say(CHUNKED_HEAD)
        for place in range(EVENTS):
            await line.say(chunk(event(number, place)))
            await asyncio.sleep(0)  # the others have their turn
        await self.heard[number].wait()
        match ENDS[number % 6]:
            case End.EOF:
                await line.say(LAST)
            case End.RESET:
                line.reset()
            case End.CUT:
                line.close()
            case _:
                await line.until_gone()

    async def listen(self, port: int, number: int) -> None:
        """Be one client."""
        async with client(port) as one:
            await self.gate.wait()
            body = json.dumps({"stream": True, "number": number}).encode()
            await one.ask(request(f"/scenario/s{number % 10}/v1/chat/completions", body=body))
            await one.exactly(CHUNKED_HEAD + b"".join(chunk(event(number, place)) for place in range(EVENTS)))
            self.heard[number].set()
            match ENDS[number % 6]:
                case End.EOF:
                    await one.exactly(LAST)
                case End.RESET:
                    with pytest.raises(ConnectionResetError):
                        await one.hear()
                case End.CUT:
                    assert await one.hear() == b""
                case _:
                    one.writer.close()


def test_of_200_at_once_of_which_half_break_nothing_is_lost(tmp_path: Path) -> None:
    """Every stream is kept with all that came of it and how it ended, whichever others passed meanwhile."""

    async def talk() -> None:
        crowd = Crowd()
        async with scripted(crowd.script) as upstream, recorder(upstream.url, tmp_path) as rig:
            async with asyncio.TaskGroup() as group:
                for number in range(CLIENTS):
                    group.create_task(crowd.listen(rig.port, number))
            assert len(upstream.asked) == CLIENTS

    run(talk())
    found = {}
    for name in range(10):
        for exchange in kept(tmp_path, f"s{name}"):
            number = json.loads(exchange.sent)["number"]
            assert number % 10 == name
            assert exchange.body == b"".join(event(number, place) for place in range(EVENTS))
            assert [read.size for read in exchange.reads] == [len(event(number, place)) for place in range(EVENTS)]
            found[number] = exchange.end
    assert found == {number: ENDS[number % 6] for number in range(CLIENTS)}


SECRETS = {
    "authorization": "Bearer sk-seeded-header-0123456789abcdef",
    "api-key": "seeded0header1azure2key3",
    "Cookie": "session=seededcookie77",
    "OpenAI-Organization": "org-seededorganization",
}


def test_no_secret_is_in_any_file(tmp_path: Path) -> None:
    """Seeded in headers, query and bodies of both sides, echoed by the server; looked for in mid-stream and at the end."""
    seeds = [
        "seeded0header1azure2key3",
        "sk-seeded-header-0123456789abcdef",
        "seededcookie77",
        "org-seededorganization",
    ]
    seeds += ["seededquery4242", "sk-seeded-body-0123456789abcdef", "seededfield9876", "seededsetcookie55"]
    body = {"stream": True, "api_key": "seededfield9876", "messages": [{"role": "user", "content": seeds[5]}]}
    headers = "".join(f"{name}: {value}\r\n" for name, value in SECRETS.items())
    echo = json.dumps({"echo": " ".join(seeds[:4]), "password": "seededfield9876"}).encode()
    head = CHUNKED_HEAD.replace(b"X-Mixed", b"Set-Cookie: id=seededsetcookie55\r\nX-Mixed")

    def files() -> bytes:
        return b"".join(path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file())

    async def talk() -> None:
        go = asyncio.Event()

        async def script(asked: Asked, line: Line) -> None:
            content = b"data: " + echo + b"\n\n"
            await line.say(head + chunk(content[:40]))
            await line.say(chunk(content[40:]))
            await go.wait()
            await line.say(chunk(b"data: " + asked.body + b"\n\n") + LAST)

        async with scripted(script) as upstream, recorder(upstream.url, tmp_path) as rig, client(rig.port) as one:
            path = "/v1/chat/completions?api_key=seededquery4242"
            await one.ask(request(path, headers=headers, body=json.dumps(body).encode()))
            await one.until(b'"}\n\n\r\n')
            passing = files()
            assert b"chat/completions" in passing
            assert [seed for seed in seeds if seed.encode() in passing] == []
            go.set()
            await one.until(LAST)
            assert [seed for seed in seeds if seed.encode() not in upstream.asked[0].head + upstream.asked[0].body] == [
                "seededsetcookie55"
            ]

    run(talk())
    assert len(kept(tmp_path)) == 1
    assert [seed for seed in seeds if seed.encode() in files()] == []
