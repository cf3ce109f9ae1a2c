"""A server that keeps the promise of Empower's streaming document, word by word. What it says is a script.

The name of a function comes whole, in one chunk, then its arguments in small pieces; two calls, one after the other;
`delta` and never `message`. The arguments are those that the document prints.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from tools.servers.recording import Served, record

MODEL = "empower-functions"
SCENARIO = "empower-weather"
PAUSE = 0.004  # seconds between chunks: each is a read of its own

_OPENING = ("{", "\n", " ", ' "', "location", '":', ' "')
_CLOSING = (",", " CA", '",', "\n", " ", ' "', "unit", '":', ' "', "c", "elsius", '"', "\n", " ", " }")
CALLS = (
    ("call_san_francisco", (*_OPENING, "San", " Francisco", *_CLOSING)),
    ("call_los_angeles", (*_OPENING, "Los", " Angeles", *_CLOSING)),
)
_EVENT_STREAM = "Content-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked"


def deltas() -> Iterator[tuple[dict[str, object], str | None]]:
    """Yield each delta with the finish_reason beside it."""
    yield {"role": "assistant", "content": None}, None
    for index, (identity, pieces) in enumerate(CALLS):
        function: dict[str, str] = {"name": "get_current_weather", "arguments": ""}
        yield {"tool_calls": [{"index": index, "id": identity, "type": "function", "function": function}]}, None
        for piece in pieces:
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}, None
    yield {}, "tool_calls"


def events() -> Iterator[bytes]:
    """Yield the stream's events."""
    created = int(time.time())
    for delta, finish in deltas():
        chunk = {
            "id": "chatcmpl-empower-weather",
            "object": "chat.completion.chunk",
            "created": created,
            "model": MODEL,
            "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
        }
        yield b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"
    yield b"data: [DONE]\n\n"


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request and close: with the stream, the list of models, or a refusal."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(_length(head))
        if head.startswith(b"GET "):
            await _tell(writer, 200, {"object": "list", "data": [{"id": MODEL, "object": "model"}]})
        elif body == b"{}":
            error = {
                "message": "messages is missing",
                "type": "invalid_request_error",
                "param": "messages",
                "code": None,
            }
            await _tell(writer, 400, {"error": error})
        else:
            await _stream(writer)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # a client that goes
    finally:
        writer.close()


def _length(head: bytes) -> int:
    """Return how long the body is that follows a head."""
    fields = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    return next((int(value) for name, _, value in fields if name == b"content-length"), 0)


async def _tell(writer: asyncio.StreamWriter, status: int, answer: object) -> None:
    body = json.dumps(answer).encode()
    head = f"HTTP/1.1 {status} \r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close"
    writer.write(head.encode() + b"\r\n\r\n" + body)
    await writer.drain()


async def _stream(writer: asyncio.StreamWriter) -> None:
    writer.write(f"HTTP/1.1 200 OK\r\n{_EVENT_STREAM}\r\nConnection: close\r\n\r\n".encode())
    for event in events():
        writer.write(b"%x\r\n%b\r\n" % (len(event), event))
        await writer.drain()
        await asyncio.sleep(PAUSE)
    writer.write(b"0\r\n\r\n")
    await writer.drain()


@contextmanager
def serving() -> Iterator[Served]:
    """Serve the script on a free port, from a thread of this process."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(converse, "127.0.0.1", 0))
    port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield Served(
            "scripted server",
            version("deltaproof"),
            f"http://127.0.0.1:{port}/v1",
            MODEL,
            note="scripted by tools/servers/scripted.py to keep the promise of Empower's streaming document",
        )
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()


def record_all(cassettes: Path) -> None:
    """Record the document's example."""
    with serving() as served:
        record(served, cassettes / "empower", (SCENARIO,))
