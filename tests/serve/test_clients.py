"""Real clients read a replay as they would read the server that was recorded."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections import deque
from pathlib import Path

import httpx2
import openai
import pytest

from deltaproof.cassette import read_kept
from deltaproof.drive.play.replay_server import Options
from deltaproof.exchange import End, Exchange, Read
from deltaproof.split import Split
from tests.serve.rig import CHUNKED, SSE, recorded, served

STREAMS = Path(__file__).parents[1] / "streams"
ASKED = {"model": "m", "stream": True}
FETCH = """
const answer = await fetch(process.argv[1], {method: "POST", body: process.argv[2]});
const pieces = [];
let failed = "";
try { for await (const piece of answer.body) pieces.push(Buffer.from(piece)); } catch (error) { failed = "broken"; }
console.log(answer.status, Buffer.concat(pieces).toString("base64"), failed);
"""

CURL = shutil.which("curl") or ""
NODE = shutil.which("node") or ""

needs_curl = pytest.mark.skipif(not CURL, reason="curl is not installed")
needs_node = pytest.mark.skipif(not NODE, reason="Node is not installed")


def stream(name: str) -> Exchange:
    """Return a stream with its request from the tests' own."""
    (exchange,) = [one for one in read_kept(STREAMS / f"{name}.sse") if isinstance(one, Exchange)]
    return exchange


@pytest.mark.parametrize("how", [*Split, 7])
def test_openai_python_gets_the_recorded_call_however_it_is_split(how: Split | int) -> None:
    """The request that was recorded is answered with its stream, and the arguments add up."""
    exchange = stream("one-call")
    assert exchange.request is not None
    with served(exchange, options=Options(None, how)) as server:
        client = openai.OpenAI(base_url=server.base_url, api_key="unused", max_retries=0)
        asked: dict[str, object] = dict(exchange.request)
        chunks = client.post(
            "/chat/completions",
            body=asked,
            cast_to=openai.types.chat.ChatCompletionChunk,
            stream=True,
            stream_cls=openai.Stream[openai.types.chat.ChatCompletionChunk],
        )
        fragments = [
            call.function.arguments or ""
            for chunk in chunks
            for choice in chunk.choices
            for call in choice.delta.tool_calls or ()
            if call.function
        ]
    recorded_fragments = [
        call["function"].get("arguments", "")
        for line in exchange.body.decode().splitlines()
        if line.startswith("data: {")
        for choice in json.loads(line[6:])["choices"]
        for call in choice["delta"].get("tool_calls", ())
    ]
    assert fragments == recorded_fragments
    assert json.loads("".join(fragments))


def test_openai_python_picks_a_recording_by_its_base_url_alone() -> None:
    """Whatever it asks, a scenario's stream answers; with a request that nobody recorded elsewhere it gets a 404."""
    with served(stream("one-call"), stream("text")) as server:
        client = openai.OpenAI(base_url=server.scenario_url("text"), api_key="unused", max_retries=0)
        chunks = list(
            client.chat.completions.create(model="x", messages=[{"role": "user", "content": "?"}], stream=True)
        )
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        client = openai.OpenAI(base_url=server.base_url, api_key="unused", max_retries=0)
        assert client.models.list().data
        with pytest.raises(openai.NotFoundError, match="no recorded request equals this POST /chat/completions"):
            client.chat.completions.create(model="x", messages=[{"role": "user", "content": "?"}])


@pytest.mark.parametrize("end", [End.CUT, End.RESET])
def test_an_http_client_sees_a_stream_break_as_it_broke(end: End) -> None:
    """All that had come is read before the error."""
    exchange = recorded(SSE, CHUNKED, end=end)
    got = bytearray()
    with (
        served(exchange) as server,
        httpx2.stream("POST", f"{server.base_url}/chat/completions", json=ASKED) as response,
    ):
        error = httpx2.ReadError if end is End.RESET else httpx2.RemoteProtocolError
        with pytest.raises(error):
            deque(map(got.extend, response.iter_raw()))
    assert bytes(got) == exchange.body


def test_an_http_client_gets_each_read_as_a_chunk_and_over_one_connection() -> None:
    """Boundaries are those of the recording, as often as it is asked over a connection that lives on."""
    exchange = recorded(SSE, CHUNKED)
    with served(exchange) as server, httpx2.Client() as client:
        for _ in range(3):
            with client.stream("POST", f"{server.base_url}/chat/completions", json=ASKED) as response:
                assert [len(piece) for piece in response.iter_raw()] == [14, 8, 11]


@needs_curl
@pytest.mark.parametrize("end", [End.EOF, End.CUT])
def test_curl_gets_the_bytes_and_sees_how_they_ended(end: End) -> None:
    """Curl exits 0 for a whole response and 18 for one that was cut."""
    exchange = recorded(SSE, CHUNKED, end=end)
    with served(exchange) as server:
        ran = subprocess.run(
            [CURL, "-sN", f"{server.base_url}/chat/completions", "-d", json.dumps(ASKED)],
            capture_output=True,
            check=False,
            timeout=60,
        )
    assert (ran.stdout, ran.returncode) == (exchange.body, 0 if end is End.EOF else 18)


@needs_node
@pytest.mark.parametrize("end", [End.EOF, End.CUT])
def test_fetch_gets_the_bytes_and_sees_how_they_ended(end: End) -> None:
    """Node's fetch reads all, and throws where the stream was cut."""
    exchange = recorded(SSE, CHUNKED, end=end)
    with served(exchange) as server:
        ran = subprocess.run(
            [NODE, "--input-type=module", "-e", FETCH, f"{server.base_url}/chat/completions", json.dumps(ASKED)],
            capture_output=True,
            check=False,
            timeout=60,
            text=True,
        )
    status, body, *failed = ran.stdout.split()
    assert (status, base64.b64decode(body)) == ("200", exchange.body)
    assert failed == ([] if end is End.EOF else ["broken"])


def test_fragments_come_no_earlier_than_recorded_and_faster_where_asked_for() -> None:
    """In its own time a stream of half a second takes that; ten times as fast it takes a tenth."""
    reads = (Read(0.0, 14), Read(0.2, 8), Read(0.4, 11))
    exchange = recorded(SSE, CHUNKED, reads=reads, ended=0.5)
    taken = []
    for speed in (1.0, 10.0, None):
        with served(exchange, options=Options(speed)) as server:
            taken.append(httpx2.post(f"{server.base_url}/chat/completions", json=ASKED).elapsed.total_seconds())
    assert taken[0] >= 0.5
    assert 0.05 <= taken[1] < 0.5
    assert taken[2] < 0.4
