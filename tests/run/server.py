"""A scripted HTTP server on a loopback socket: says what a test wants it to say, byte for byte. Knows no chunks."""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from io import BufferedIOBase
from typing import TypeAlias

_SEND_BUFFER = 65_536  # bytes: what is said beyond, and what the client's side holds, waits for the client to read

Json: TypeAlias = dict[str, object]


class Act(Enum):
    """What a script does besides sending bytes.

    RESET: the connection is reset. CUT: it is closed. SILENCE: nothing more is sent until the client goes.
    """

    RESET = "reset"
    CUT = "cut"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the server read it; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        """Its body as a JSON object, {} where it is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


Script: TypeAlias = Callable[[Asked], Iterable[bytes | Act]]
"""What to say to a request; an item is sent with one call."""


@dataclass(slots=True)
class Running:
    """A server that runs: its base URL, the requests it got, and how to make it listen no more."""

    url: str
    stop: Callable[[], None]
    asked: list[Asked] = field(default_factory=list)


class _TcpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64


@contextmanager
def serving(script: Script) -> Iterator[Running]:
    """Serve a script at a free port for as long as the block runs."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked = _read(self.rfile)
            if asked is None:
                return
            running.asked.append(asked)
            _play(self.connection, script(asked))

    with _TcpServer(("127.0.0.1", 0), Handler) as server:
        server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)  # accepted sockets have it too

        def stop() -> None:
            server.shutdown()
            server.socket.close()

        running = Running(f"http://127.0.0.1:{server.server_address[1]}/v1", stop)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield running
        finally:
            server.shutdown()
            thread.join()


def _read(stream: BufferedIOBase) -> Asked | None:
    """Read a request; what does not begin like one, such as TLS, is a request for nothing."""
    first = stream.read(1)
    if not first.isalpha():
        return Asked("", "", {}, b"") if first else None
    method, path, _ = (first + stream.readline()).decode("latin-1").split(" ", 2)
    headers = {}
    while pair := stream.readline().decode("latin-1").strip():
        name, _, value = pair.partition(":")
        headers[name.lower()] = value.strip()
    return Asked(method, path, headers, stream.read(int(headers.get("content-length", "0"))))


def _play(connection: socket.socket, says: Iterable[bytes | Act]) -> None:
    """Send what a script says; a client that has gone is no trouble."""
    try:
        for said in says:
            match said:
                case bytes():
                    connection.sendall(said)
                case Act.RESET:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    connection.close()
                    return
                case Act.CUT:
                    return
                case Act.SILENCE:
                    while connection.recv(1024):
                        pass
    except OSError:
        return


def response(
    body: bytes, *, status: str = "200 OK", kind: str = "application/json", headers: tuple[str, ...] = ()
) -> bytes:
    """Return a whole response whose length is told."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def refusal(message: str, status: str = "400 Bad Request") -> bytes:
    """Return a refusal as OpenAI has it."""
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return response(json.dumps({"error": error}).encode(), status=status)


STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
STREAM_END = b"0\r\n\r\n"


def piece(body: bytes) -> bytes:
    """Return a piece of a body in chunked transfer encoding."""
    return f"{len(body):x}\r\n".encode() + body + b"\r\n"
