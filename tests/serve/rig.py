"""Recordings to serve, and a client that sees every byte and how the connection ended. No test lives here."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from deltaproof.cassette.shelf import Shelf
from deltaproof.drive.play.replay_server import Options, ReplayServer, serving
from deltaproof.exchange import End, Exchange, Head, Read

BODY = b'data: {"a": "\xc3\xa9"}\n\ndata: [DONE]\n\n'
READS = (Read(0.001, 14), Read(0.001, 8), Read(0.003, 11))
"""Of the body: the first ends within the character of two bytes, and came with the second."""

SSE = ("Content-Type", "text/event-stream")
CHUNKED = ("Transfer-Encoding", "chunked")
PATIENCE = 20.0

AT_ONCE = Options(speed=None)


def recorded(
    *headers: tuple[str, str],
    status: int = 200,
    body: bytes = BODY,
    reads: tuple[Read, ...] | None = READS,
    end: End = End.EOF,
    request: dict[str, object] | None = None,
    **members: object,
) -> Exchange:
    """Return an exchange as a recorder of ours keeps it; one of another recorder with `reads=None`."""
    asked = {"model": "m", "stream": True} if request is None else request
    return Exchange(
        **{  # type: ignore[arg-type]  # members of an exchange by name
            "source": "cassettes/one.yaml",
            "body": body,
            "request": asked,
            "sent": json.dumps(asked).encode(),
            "head": Head(status, headers),
            "reads": reads or (),
            "ended": None if reads is None else 0.003,
            "end": end,
            "method": "POST",
            "url": "http://127.0.0.1:1/v1/chat/completions",
            **members,
        }
    )


def asking(
    request: object = None, path: str = "/v1/chat/completions", *, method: str = "POST", headers: str = ""
) -> bytes:
    """Return a request as it goes over the wire."""
    body = (
        b"" if method == "GET" else json.dumps({"model": "m", "stream": True} if request is None else request).encode()
    )
    return f"{method} {path} HTTP/1.1\r\nHost: h\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


@contextmanager
def served(*exchanges: Exchange, options: Options = AT_ONCE) -> Iterator[ReplayServer]:
    """Serve exchanges for as long as the block runs."""
    with serving(ReplayServer(Shelf(exchanges), options)) as server:
        yield server


@dataclass(frozen=True, slots=True)
class Client:
    """One connection to a server."""

    socket: socket.socket

    def ask(self, request: bytes) -> None:
        """Send a request."""
        self.socket.sendall(request)

    def read(self, size: int) -> bytes:
        """Read so many bytes, or what comes until the connection ends."""
        got = bytearray()
        while len(got) < size and (piece := self.socket.recv(size - len(got))):
            got += piece
        return bytes(got)

    def ending(self) -> tuple[bytes, str]:
        """Read to the end, and tell how that was."""
        got = bytearray()
        try:
            while piece := self.socket.recv(2**16):
                got += piece
        except ConnectionResetError:
            return bytes(got), "reset"
        return bytes(got), "closed"


@contextmanager
def client(server: ReplayServer) -> Iterator[Client]:
    """Connect to a server."""
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as opened:
        yield Client(opened)
