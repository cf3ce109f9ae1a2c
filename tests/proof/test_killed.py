"""The recorder is killed while fifty exchanges pass, all full of secrets: all that had come is there, and no secret.

What is looked for is in every file of the folder: while they pass, after the kill, and once the next one has recovered.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deltaproof.cassette import read_kept, readable
from deltaproof.exchange import End, Exchange
from tests.cli.command import COMMAND, deltaproof
from tests.record.rig import client, kept, request, run
from tests.record.scripted import CHUNKED_HEAD, Asked, Line, chunk, gzipped, scripted, whole

CLIENTS = 50

KEY = "k3y0of1the2client3that4is5echoed"
HEADERS = {
    "Authorization": f"Bearer {KEY}",
    "api-key": "hush0azure1header2value",
    "x-goog-api-key": "hush0google1header2value",
    "X-Auth-Token": "hush0token1header2value",
    "Cookie": "session=hush0cookie1value2",
    "OpenAI-Organization": "org-hush0organization1",
    "OpenAI-Project": "proj_hush0project1value",
    "Proxy-Authorization": "Basic aHVzaDpwcm94eTEyMzQ1Njc4OTA=",
}
QUERY = {"api_key": "hush0query1key2", "access_token": "hush0query1token2", "sig": "hush0query1signature2"}
FIELDS = {
    "api_key": "hush0field1key2value",
    "password": 'hush0field1"word\\é',
    "client_secret": "hush0field1secret2",
    "refresh_token": "hush0field1refresh2",
}
SHAPED = (
    "sk-proj-hush0123456789abcdefABCDEF",
    "hf_hushhushhushhushhushhush01",
    "gsk_hushhushhushhushhushhush02",
    "AIzahushhushhushhushhushhushhush0123456",
    "AKIAHUSHHUSHHUSH0123",
    "ghp_hushhushhushhushhushhushhush012345",
    "eyJodXNoIjoxfQ.eyJodXNoIjoyfQAA.c2lnbmF0dXJlaHVzaA",
    "xoxb-hushhushhush-0123456789",
)
SET = "hush0set1cookie2value"


@dataclass(frozen=True, slots=True)
class Seed:
    """A secret: the texts by which it is known in a file, however JSON or a URL writes it."""

    value: str

    @property
    def marks(self) -> tuple[bytes, ...]:
        """The longest runs of it that no writer changes."""
        runs = "".join(sign if sign.isascii() and sign.isalnum() else " " for sign in self.value).split()
        return tuple(run.encode() for run in runs if len(run) >= 8)


SEEDS = [
    Seed(value.removeprefix("Bearer ").removeprefix("Basic ").removeprefix("session="))
    for value in (*HEADERS.values(), *QUERY.values(), *FIELDS.values(), *SHAPED, SET)
]


def found_in(folder: Path) -> set[str]:
    """Return the secrets that are in any file, or its name, also where a cassette holds something compressed."""
    content = b"".join(path.name.encode() + path.read_bytes() for path in folder.rglob("*") if path.is_file())
    bodies = [
        readable(one).body for path in folder.glob("*.yaml") for one in read_kept(path) if isinstance(one, Exchange)
    ]
    content += b"".join(bodies)
    return {seed.value for seed in SEEDS if any(mark in content for mark in seed.marks)}


def echo(number: int) -> tuple[bytes, ...]:
    """Return events of one stream that say all the secrets again, in text and in the fields that are for them."""
    said = [{"number": number, "text": f"you are {value}, sent as Bearer {KEY}"} for value in SHAPED]
    said += [{"number": number, **HEADERS}, {"number": number, **QUERY}, {"number": number, **FIELDS}]
    said += [{"number": number, "text": " ".join(HEADERS.values())}]
    return tuple(f"data: {json.dumps(one)}\n\n".encode() for one in said)


def response(number: int) -> tuple[bytes, tuple[bytes, ...]]:
    """Return a head and the chunks of a body: whole events, pieces of five bytes, or compressed ones."""
    told = echo(number)
    secret = f"Set-Cookie: id={SET}; Path=/\r\nX-Echo: {KEY}\r\nX-Query: {QUERY['sig']}\r\n".encode()
    head = CHUNKED_HEAD.replace(b"X-Mixed", secret + b"X-Mixed")
    match number % 3:
        case 0:
            return head, told
        case 1:
            body = b"".join(told)
            return head, tuple(body[start : start + 5] for start in range(0, len(body), 5))
        case _:
            return head.replace(b"X-Mixed", b"Content-Encoding: gzip\r\nX-Mixed"), gzipped(told)[:-1]


def asking(number: int) -> bytes:
    """Return the request of one client, full of secrets."""
    headers = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    query = "&".join(f"{name}={value}" for name, value in QUERY.items())
    body = {"stream": True, "number": number, **FIELDS, "messages": [{"role": "user", "content": " ".join(SHAPED)}]}
    path = f"/scenario/s{number % 4}/v1/chat/completions?{query}"
    return request(path, headers=headers, body=json.dumps(body).encode())


async def script(asked: Asked, line: Line) -> None:
    """Say everything but the end; what has no number gets a whole answer."""
    number = json.loads(asked.body).get("number")
    if number is None:
        await line.say(whole(b"{}"))
        return
    head, chunks = response(number)
    await line.say(head + b"".join(map(chunk, chunks)))
    await line.until_gone()


@asynccontextmanager
async def recorder(url: str, folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """Run the command for as long as the block runs; yield its process and its port."""
    arguments = ("record", "--upstream", url, "--out", folder, "--fail-on", "never")
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(COMMAND, *arguments, stdout=null, stderr=pipe)
    try:
        assert process.stderr is not None
        while not (line := (await process.stderr.readline()).decode()).startswith("listening on "):
            assert line, "it has ended"
        rest = asyncio.ensure_future(process.stderr.read())
        yield process, int(line.rpartition(":")[2].partition("/")[0])
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    assert b"Traceback" not in await rest


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "ended"])
def test_what_had_come_is_kept_and_no_secret_is(number: signal.Signals, tmp_path: Path) -> None:
    """Of fifty at once, marked; whole, in small pieces, or compressed, and whether or not the recorder knew its end."""
    out = tmp_path / "out"

    async def talk() -> str:
        async with scripted(script) as upstream:
            async with recorder(upstream.url, out) as (process, port), AsyncExitStack() as stack:
                for each in range(CLIENTS):
                    one = await stack.enter_async_context(client(port))
                    await one.ask(asking(each))
                    head, chunks = response(each)
                    await one.exactly(head + b"".join(map(chunk, chunks)))
                last = await stack.enter_async_context(client(port))
                await last.ask(request(body=b"{}"))
                await last.exactly(whole(b"{}"))  # so that all before it has been seen to
                assert len(list((out / ".journal").glob("*"))) >= CLIENTS
                assert found_in(out) == set()
                process.send_signal(number)
                await process.wait()
            assert found_in(out) == set()
            return upstream.url

    url = run(talk())
    again = ("record", "--upstream", url, "--out", "out", "--", sys.executable, "-c", "")
    ran = deltaproof(*again, cwd=tmp_path)
    killed = number is signal.SIGKILL
    assert ran.err.count("recovered ") >= (CLIENTS if killed else 0)
    assert found_in(out) == set()
    assert {path.name for path in out.iterdir()} == {"cassette.yaml", *(f"s{name}.yaml" for name in range(4))}
    found = {}
    for name in range(4):
        for exchange in kept(out, f"s{name}"):
            asked = json.loads(exchange.sent)
            assert asked["number"] % 4 == name
            assert exchange.end is End.CLIENT_GONE
            assert ("recovered" in exchange.provenance) is killed
            assert len(readable(exchange).body) == sum(map(len, echo(asked["number"])))
            found[asked["number"]] = [json.loads(event[6:]) for event in readable(exchange).body.split(b"\n\n")[:-1]]
    assert sorted(found) == list(range(CLIENTS))
    for each, said in found.items():
        assert [(one["number"], set(one)) for one in said] == [
            (each, set(json.loads(event[6:]))) for event in echo(each)
        ]
    assert deltaproof("check", "--secrets", "out", cwd=tmp_path) == (0, "", "")


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    """Each secret as the response says it; what the search above does not find is not there."""
    assert all(seed.marks for seed in SEEDS)
    head, chunks = response(0)
    (tmp_path / "a").write_bytes(asking(0) + head + b"".join(chunks))
    assert found_in(tmp_path) == {seed.value for seed in SEEDS}
