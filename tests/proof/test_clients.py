"""Real clients get through the recorder what they get without it, and what is recorded is what was served."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import aiohttp
import httpx
import httpx2
import openai
import pytest
import requests

from deltaproof.cassette import readable
from deltaproof.cassette.shelf import Shelf
from deltaproof.drive.play.replay_server import Options, ReplayServer
from deltaproof.exchange import End, Exchange, Head, Read
from tests.proof.recordings import asked_for, framed
from tests.proof.trip import Told, told_in_chunks
from tests.record.rig import kept, recorder, run
from tests.record.scripted import gzipped

CASSETTES = Path(__file__).parents[2] / "cassettes"
CHUNK = openai.types.chat.ChatCompletionChunk
CURL = shutil.which("curl") or ""
NODE = shutil.which("node") or ""
FETCH = """
const [url, body] = process.argv.slice(1);
const answer = await fetch(url, {method: "POST", body, headers: {"content-type": "application/json"}});
const pieces = [];
let failed = "";
try { for await (const piece of answer.body) pieces.push(Buffer.from(piece)); } catch (error) { failed = error.name; }
console.log(JSON.stringify([answer.status, Buffer.concat(pieces).toString("base64"), failed]));
"""


@dataclass(frozen=True, slots=True)
class Got:
    """What a client made of a response: its status, its body or what it read it as, and what it failed with."""

    status: int
    content: object
    failed: str = ""


Client: TypeAlias = Callable[[str, bytes], Got]
"""Sends a body to a URL."""
JSON = {"content-type": "application/json"}


def by_httpx2(url: str, body: bytes) -> Got:
    """Read what has no encoding any more."""
    with httpx2.Client(trust_env=False) as client, client.stream("POST", url, content=body, headers=JSON) as response:
        content = bytearray()
        try:
            for piece in response.iter_bytes():
                content += piece
        except httpx2.TransportError as error:
            return Got(response.status_code, bytes(content), type(error).__name__)
        return Got(response.status_code, bytes(content))


def by_httpx(url: str, body: bytes) -> Got:
    """Read what has no encoding any more."""
    with httpx.Client(trust_env=False) as client, client.stream("POST", url, content=body, headers=JSON) as response:
        content = bytearray()
        try:
            for piece in response.iter_bytes():
                content += piece
        except httpx.TransportError as error:
            return Got(response.status_code, bytes(content), type(error).__name__)
        return Got(response.status_code, bytes(content))


def by_requests(url: str, body: bytes) -> Got:
    """Read byte by byte: of more, it would drop what came before a break."""
    with requests.Session() as session:
        session.trust_env = False
        with session.post(url, data=body, headers=JSON, stream=True, timeout=60) as response:
            content = bytearray()
            try:
                for piece in response.iter_content(1):
                    content += piece
            except requests.RequestException as error:
                return Got(response.status_code, bytes(content), type(error).__name__)
            return Got(response.status_code, bytes(content))


def by_aiohttp(url: str, body: bytes) -> Got:
    """Read as it comes, in an event loop of its own."""

    async def ask() -> Got:
        async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=JSON) as response:
            content = bytearray()
            try:
                async for piece in response.content.iter_any():
                    content += piece
            except (aiohttp.ClientError, ConnectionError) as error:
                return Got(response.status, bytes(content), type(error).__name__)
            return Got(response.status, bytes(content))

    return asyncio.run(ask())


def by_curl(url: str, body: bytes) -> Got:
    """Have it print the status after the body; it fails with its exit code."""
    options = "--silent --no-buffer --compressed --noproxy * --write-out %{http_code} --data-binary @-"
    command = [CURL, *options.split(), "--header", "content-type: application/json", url]
    ran = subprocess.run(command, input=body, capture_output=True, check=False, timeout=60)
    return Got(int(ran.stdout[-3:]), ran.stdout[:-3], str(ran.returncode or ""))


def by_fetch(url: str, body: bytes) -> Got:
    """Have Node print the body in base64."""
    command = [NODE, "--input-type=module", "--eval", FETCH, url, body.decode()]
    ran = subprocess.run(command, capture_output=True, check=True, timeout=60)
    status, content, failed = json.loads(ran.stdout)
    return Got(status, base64.b64decode(content), failed)


def by_openai(url: str, body: bytes) -> Got:
    """Read the chunks as openai-python has them."""
    chunks: list[object] = []
    with openai.OpenAI(base_url=url.removesuffix("/chat/completions"), api_key="sk-0", max_retries=0) as client:
        try:
            stream = client.post(
                "/chat/completions", body=json.loads(body), cast_to=CHUNK, stream=True, stream_cls=openai.Stream[CHUNK]
            )
            chunks.extend(chunk.to_dict() for chunk in stream)
        except openai.APIStatusError as error:
            return Got(error.status_code, error.body, type(error).__name__)
        except (openai.APIError, httpx2.TransportError) as error:
            return Got(200, chunks, type(error).__name__)
    return Got(200, chunks)


CLIENTS = [
    pytest.param(by_httpx2, id="httpx2"),
    pytest.param(by_httpx, id="httpx"),
    pytest.param(by_requests, id="requests"),
    pytest.param(by_aiohttp, id="aiohttp"),
    pytest.param(by_openai, id="openai"),
    pytest.param(by_curl, id="curl", marks=pytest.mark.skipif(not CURL, reason="curl is not installed")),
    pytest.param(by_fetch, id="fetch", marks=pytest.mark.skipif(not NODE, reason="Node is not installed")),
]


def first_of(name: str) -> Exchange:
    """Return the first exchange of a committed cassette."""
    return kept((CASSETTES / name).parent, Path(name).name)[0]


def recordings() -> dict[str, Exchange]:
    """Return recordings that differ in framing, coding, end and status, by the scenario that each is for."""
    calls = first_of("llama.cpp/two-calls-two-tools")
    packed = gzipped(tuple(f"{event}\n\n".encode() for event in calls.body.decode().split("\n\n")[:-1]))
    compressed = replace(
        calls,
        body=b"".join(packed),
        reads=tuple(Read(number / 1000, len(piece)) for number, piece in enumerate(packed)),
    )
    refused = first_of("litellm/refuse-unknown-model")
    failed = b'{"error": {"message": "busy", "type": "server_error", "param": null, "code": null}}'
    made = {
        "chunked": calls,
        "length": framed(calls, "length", End.EOF),
        "until-close": framed(calls, "close", End.EOF),
        "gzip": framed(compressed, "chunked", End.EOF, ("Content-Encoding", "gzip")),
        "cut": framed(calls, "chunked", End.CUT),
        "length-cut": framed(calls, "length", End.CUT),
        "reset": framed(calls, "chunked", End.RESET),
        "refused": refused,
        "failed": replace(
            refused,
            head=Head(503, (("content-type", "application/json"), ("content-length", str(len(failed))))),
            body=failed,
            reads=(Read(0.001, len(failed)),),
        ),
    }
    return {
        name: replace(asked_for(exchange, number), scenario=name, sent_headers=())
        for number, (name, exchange) in enumerate(made.items())
    }


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_sees_no_difference_and_all_is_recorded(client: Client, tmp_path: Path) -> None:
    """Whatever the framing, the coding, the status and the end: what it gets, and what it fails with."""
    served = recordings()

    async def talk() -> list[tuple[str, Got, Got]]:
        shelf = Shelf(served.values())
        async with ReplayServer(shelf, Options(None)) as server, recorder(server.base_url, tmp_path) as rig:
            got = []
            for name, exchange in served.items():
                urls = (server.url, rig.proxy.url.removesuffix("/v1") + f"/scenario/{name}")
                direct, relayed = [
                    await asyncio.to_thread(client, f"{url}/v1/chat/completions", exchange.sent) for url in urls
                ]
                got.append((name, direct, relayed))
            assert not shelf.missed
            return got

    for name, direct, relayed in run(talk()):
        assert relayed == direct, name
        broken = served[name].end is not End.EOF
        assert bool(direct.failed) == (broken or (direct.status != 200 and client is by_openai)), name
        if isinstance(direct.content, bytes):
            assert direct.content == readable(served[name]).body
        (again,), before = kept(tmp_path, name), served[name]
        assert (again.method, again.url[-20:]) == ("POST", "/v1/chat/completions")
        assert json.loads(again.sent) == json.loads(before.sent)
        assert told_but_asked(again) == told_but_asked(before)


def told_but_asked(exchange: Exchange) -> Told:
    """Return what a recording tells of its response; where it was not in chunks, reads merge in a hurry."""
    if exchange.head is None or exchange.head.get("transfer-encoding") is None:
        exchange = replace(exchange, reads=())
    return replace(told_in_chunks(exchange), asked=("", "", b"", ()))
