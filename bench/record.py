"""What the recording proxy adds: time to the first byte and per fragment, beside no proxy at all. Asserts nothing.

Upstream, proxy and client are processes of their own, the proxy the installed command. A fragment says when it was
sent, by the clock that all three share.
"""

from __future__ import annotations

import json
import re
import socket
import socketserver
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

FRAGMENTS = 300  # of a paced stream
PACE = 0.003  # seconds from one fragment to the next
STREAMS = 4  # paced ones on each way, in turns
REQUESTS = 100  # for the first byte
REST = 0.02  # seconds before each, in which the exchange before it goes to its cassette
BURST = 5_000  # fragments of a stream that is sent as fast as it is taken
GOAL = 1.0  # milliseconds added per fragment at p50

_STAMP = re.compile(rb"at=(\d+)")
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_LAST = b"0\r\n\r\n"
_CHUNK = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
    b'{"tool_calls":[{"index":0,"function":{"arguments":"at=%020d "}}]},"finish_reason":null}]}\n\n'
)


def fragment() -> bytes:
    """Return a fragment, one HTTP chunk, that says when it is sent."""
    event = _CHUNK % time.monotonic_ns()
    return b"%x\r\n%b\r\n" % (len(event), event)


class _Upstream(socketserver.StreamRequestHandler):
    """Streams as many fragments as the request's query says, at its pace."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        while (line := self.rfile.readline()).startswith(b"POST"):
            length = 0
            while (header := self.rfile.readline().lower()) not in (b"\r\n", b""):
                if header.startswith(b"content-length:"):
                    length = int(header.partition(b":")[2])
            self.rfile.read(length)
            count, pace = line.split()[1].decode().partition("?")[2].split("&")
            self.connection.sendall(_HEAD)
            for _ in range(int(count)):
                time.sleep(float(pace))
                self.connection.sendall(fragment())
            time.sleep(float(pace))
            self.connection.sendall(_LAST)


def upstream() -> None:
    """Serve until the standard input is closed; the first line of output is the port."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Upstream) as server:
        server.daemon_threads = True
        print(server.server_address[1], flush=True)
        Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()
        server.shutdown()


@contextmanager
def running(*command: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Run a process for as long as the block runs."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


@dataclass(slots=True)
class Measured:
    """What was measured on one way, in milliseconds, and how many reads held other than one fragment."""

    first: list[float] = field(default_factory=list)
    fragments: list[float] = field(default_factory=list)
    misfits: int = 0
    per_second: list[float] = field(default_factory=list)


class Client:
    """One connection that is used for one stream after the other."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, count: int, pace: float) -> None:
        """Ask for a stream."""
        body = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "go"}]}).encode()
        path = f"/v1/chat/completions?{count}&{pace:.6f}"
        self._socket.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    def paced(self, measured: Measured) -> None:
        """Read a stream whose fragments come one by one."""
        self.ask(FRAGMENTS, PACE)
        size = len(fragment())
        content = b""
        while not content.endswith(_LAST):
            content = self._socket.recv(2**16)
            now = time.monotonic_ns()
            if stamps := _STAMP.findall(content):
                measured.misfits += len(content) != size
                measured.fragments.append((now - int(stamps[-1])) / 1e6)

    def first(self, measured: Measured) -> None:
        """Measure the time from a request to the first byte of its response."""
        start = time.monotonic_ns()
        self.ask(1, 0)
        content = self._socket.recv(2**16)
        measured.first.append((time.monotonic_ns() - start) / 1e6)
        while not content.endswith(_LAST):
            content = self._socket.recv(2**16)

    def burst(self, measured: Measured) -> None:
        """Count the fragments of a stream that comes as fast as it can."""
        start = time.monotonic_ns()
        self.ask(BURST, 0)
        content = b""
        while not content.endswith(_LAST):
            content = content[-len(_LAST) :] + self._socket.recv(2**18)
        measured.per_second.append(BURST / (time.monotonic_ns() - start) * 1e9)


def measure(ports: Sequence[int]) -> list[Measured]:
    """Measure each way, in turns, so that what else the machine does strikes all alike."""
    ways = [(Client(port), Measured()) for port in ports]
    for client, _ in ways:
        client.first(Measured())  # what is done once
    for _ in range(REQUESTS):
        for client, measured in ways:
            time.sleep(REST)
            client.first(measured)
    for _ in range(STREAMS):
        for client, measured in ways:
            client.paced(measured)
    for _ in range(3):
        for client, measured in ways:
            client.burst(measured)
    return [measured for _, measured in ways]


def quantile(values: Sequence[float], percent: int) -> float:
    """Return a percentile."""
    return statistics.quantiles(values, n=100)[percent - 1]


def main() -> None:
    """Measure and print."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running(sys.executable, __file__, "upstream") as server,
    ):
        assert server.stdout  # noqa: S101 - it is a pipe
        port = int(server.stdout.readline())
        command = Path(sys.executable).with_name("deltaproof")
        url = f"http://127.0.0.1:{port}/v1"
        with running(command, "record", "--upstream", url, "--out", folder, "--fail-on", "never") as proxy:
            assert proxy.stderr  # noqa: S101 - it is a pipe
            line = proxy.stderr.readline()
            Thread(target=proxy.stderr.read, daemon=True).start()
            direct, relayed = measure([port, int(line.rpartition(":")[2].partition("/")[0])])
    print(f"record: {STREAMS} streams of {FRAGMENTS} fragments every {PACE * 1000:g} ms, beside no proxy")
    for name, without, through in (
        ("first byte", direct.first, relayed.first),
        ("per fragment", direct.fragments, relayed.fragments),
    ):
        for percent in (50, 99):
            one, other = quantile(without, percent), quantile(through, percent)
            goal = f"  (goal: at most {GOAL:g})" if (name, percent) == ("per fragment", 50) else ""
            print(f"  {name:13} p{percent}: {one:6.3f} ms, {other:6.3f} through the proxy: {other - one:+.3f}{goal}")
    print(f"  merged or split: {direct.misfits} reads, {relayed.misfits} through the proxy  (goal: 0)")
    rates = [statistics.median(one.per_second) for one in (direct, relayed)]
    print(f"  as fast as it goes: {rates[0]:,.0f} fragments/s, {rates[1]:,.0f} through the proxy")


if __name__ == "__main__":
    upstream() if "upstream" in sys.argv[1:] else main()
