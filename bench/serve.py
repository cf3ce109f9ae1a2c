"""What `deltaproof serve` costs and holds, beside nginx and aimock with the same bytes. Asserts nothing.

Servers run on one core and this client on another, where there are two. nginx and aimock are left out where they, or
npm, are not installed.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from deltaproof.cassette import write_cassette
from deltaproof.exchange import Exchange, Head, Read

ROOT = Path(__file__).resolve().parent.parent
AIMOCK = ROOT / "build" / "aimock"
AIMOCK_VERSION = "1.43.0"
CONNECTIONS = 8
ROUNDS = 5
SECONDS = 1.0  # of each round
MANY = 1000  # streams at once
TIMED = 100  # streams at once whose times are measured
LAST_CHUNK = b"0\r\n\r\n"
SETTLING = 0.5  # seconds after which so many connections are accepted
PATIENCE = 60.0  # seconds for what should take a few

REQUEST = {
    "model": "gpt-4o",
    "stream": True,
    "messages": [{"role": "user", "content": "weather"}],
}
CALL = {
    "name": "get_weather",
    "arguments": json.dumps({"city": "Reykjavík", "days": 5, "units": "metric", "detail": "hourly wind and rain"}),
}


def sent(path: str = "/v1/chat/completions", *, method: str = "POST") -> bytes:
    """Return a request as it goes over the wire."""
    body = json.dumps(REQUEST).encode() if method == "POST" else b""
    head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: */*\r\nauthorization: Bearer k\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def recorded(body: bytes, reads: tuple[Read, ...]) -> Exchange:
    """Return an exchange with this body, as our proxy records it."""
    head = Head(200, (("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")))
    return Exchange(
        source="bench",
        body=body,
        request=REQUEST,
        sent=json.dumps(REQUEST).encode(),
        head=head,
        reads=reads,
        ended=reads[-1].at,
        method="POST",
        url="http://127.0.0.1/v1/chat/completions",
    )


def events_of(body: bytes) -> list[bytes]:
    """Split a stream into its events."""
    return [event + b"\n\n" for event in body.split(b"\n\n")[:-1]]


def fragments(count: int) -> list[bytes]:
    """Return the events of one call whose arguments come in fragments."""
    opening = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "write", "arguments": ""}}
    deltas: list[object] = [{"role": "assistant", "content": None, "tool_calls": [opening]}]
    deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": f"word {number} "}}]} for number in range(count)]
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o"}
    chunks = [{**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    return [f"data: {json.dumps(one)}\n\n".encode() for one in chunks] + [b"data: [DONE]\n\n"]


def connect(port: int) -> socket.socket:
    """Open a connection that is read without waiting."""
    opened = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    opened.setblocking(False)  # noqa: FBT003 - as socket has it
    return opened


def streams_per_second(server: Server, seconds: float = SECONDS) -> float:
    """Ask over and over on some connections that are kept alive; return how many answers come whole in a second.

    Counted are seconds of the server's own processor time where the system tells it, since other programs may run.
    """
    request, length = server.request, len(whole(server.port, server.request))
    with ExitStack() as stack:
        poll = stack.enter_context(selectors.DefaultSelector())
        for _ in range(CONNECTIONS):
            asking = stack.enter_context(connect(server.port))
            poll.register(asking, selectors.EVENT_READ, bytearray())
            asking.send(request)
        done = 0
        spent, started = server.spent(), time.perf_counter()
        while time.perf_counter() - started < seconds:
            for key, _ in poll.select(PATIENCE):
                opened, got = key.fileobj, key.data
                got += opened.recv(2**18)  # type: ignore[union-attr]  # what was registered is a socket
                if got.endswith(LAST_CHUNK) or (len(got) == length and b"chunked" not in got[:1000]):
                    done += 1
                    got.clear()
                    opened.send(request)  # type: ignore[union-attr]
        passed = server.spent() - spent if spent else time.perf_counter() - started
        return done / passed


def whole(port: int, request: bytes) -> bytes:
    """Ask once and return all that comes until the connection is closed, or is silent after the end."""
    with connect(port) as opened:
        opened.settimeout(PATIENCE)
        opened.sendall(request)
        got = bytearray()
        while not got.endswith(LAST_CHUNK):
            told = re.search(rb"(?i)content-length: *([0-9]+)", got)
            _, mark, body = bytes(got).partition(b"\r\n\r\n")
            if told and mark and len(body) >= int(told[1]):
                break
            piece = opened.recv(2**18)
            if not piece:
                break
            got += piece
        return bytes(got)


def body_of(response: bytes) -> bytes:
    """Take the chunked framing off a response."""
    rest = response.partition(b"\r\n\r\n")[2]
    body = bytearray()
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        if not int(size, 16):
            break
        body += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]
    return bytes(body)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs: its process, where it listens, and what to ask it for."""

    process: int
    port: int
    request: bytes

    def spent(self) -> float:
        """Return the seconds of processor time that its processes have spent, 0 where the system does not tell."""
        try:
            children = Path(f"/proc/{self.process}/task/{self.process}/children").read_text().split()
            spent = 0
            for process in (self.process, *children):
                fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
                spent += int(fields[11]) + int(fields[12])
        except OSError:
            return 0.0
        return spent / os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Stream:
    """One stream that is being read: what came of it, and when since it was asked for."""

    asked: float
    got: bytearray = field(default_factory=bytearray)
    arrivals: list[tuple[int, float]] = field(default_factory=list)  # bytes by then, seconds


def at_once(port: int, request: bytes, count: int) -> list[Stream]:
    """Ask on so many connections at once and read all answers; raise `TimeoutError` where they do not come."""
    limit = time.perf_counter() + PATIENCE
    with ExitStack() as stack:
        poll = stack.enter_context(selectors.DefaultSelector())
        sockets = [stack.enter_context(connect(port)) for _ in range(count)]
        time.sleep(SETTLING)
        streams = []
        for opened in sockets:
            streams.append(Stream(time.perf_counter()))
            opened.send(request)
            poll.register(opened, selectors.EVENT_READ, streams[-1])
        waiting = count
        while waiting:
            for key, _ in poll.select(1):
                stream: Stream = key.data
                piece = key.fileobj.recv(2**18)  # type: ignore[union-attr]  # what was registered is a socket
                stream.got += piece
                stream.arrivals.append((len(stream.got), time.perf_counter() - stream.asked))
                if not piece or stream.got.endswith(LAST_CHUNK):
                    poll.unregister(key.fileobj)
                    waiting -= 1
            if time.perf_counter() > limit:
                raise TimeoutError
    return streams


def errors_of_times(streams: list[Stream], exchange: Exchange) -> list[float]:
    """Return by how many seconds each read came late or early."""
    errors = []
    for stream in streams:
        position = stream.got.index(b"\r\n\r\n") + 4
        arrivals = iter(stream.arrivals)
        got, at = 0, 0.0
        for read in exchange.reads:
            position += len(f"{read.size:x}") + read.size + 4
            while got < position:
                got, at = next(arrivals)
            errors.append(abs(at - read.at))
    return errors


def pinned(core: int) -> list[str]:
    """Return what to put before a command so that it runs on one core."""
    return ["taskset", "-c", str(core)] if shutil.which("taskset") and (os.cpu_count() or 1) > 1 else []


@contextmanager
def running(*command: str | Path, until: str, stream: str) -> Iterator[tuple[int, str]]:
    """Run a server on the first core; yield its process and the line in which it says that it listens."""
    process = subprocess.Popen(  # noqa: S603 - our own commands
        [*pinned(0), *map(str, command)],
        stdout=subprocess.PIPE if stream == "stdout" else subprocess.DEVNULL,
        stderr=subprocess.PIPE if stream == "stderr" else subprocess.DEVNULL,
        text=True,
    )
    try:
        lines = process.stdout or process.stderr
        yield process.pid, next((line for line in lines or () if until in line), "")
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        if process.poll() is None:
            process.kill()
        process.communicate()


@contextmanager
def ours(folder: Path, exchange: Exchange, *options: str) -> Iterator[Server]:
    """Serve an exchange."""
    path = folder / f"{'-'.join(options)}.yaml"
    write_cassette(path, [exchange], provenance={})
    command = Path(sys.executable).with_name("deltaproof")
    with running(command, "serve", path, *options, until="listening", stream="stderr") as (process, line):
        yield Server(process, int(line.rpartition(":")[2].partition("/")[0]), sent())


@contextmanager
def nginx(folder: Path, body: bytes) -> Iterator[Server]:
    """Serve bytes as a static file."""
    (folder / "stream").write_bytes(body)
    port = free_port()
    settings = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    settings.write_text(
        f"{user} daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;"
        f" events {{ worker_connections 4096; }} http {{ access_log off; sendfile on; tcp_nopush on;"
        f" keepalive_requests 1000000000; default_type text/event-stream;"
        f" client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};"
        f" uwsgi_temp_path {folder}; scgi_temp_path {folder};"
        f" server {{ listen 127.0.0.1:{port}; root {folder}; }} }}"
    )
    folder.chmod(0o755)
    with running("nginx", "-c", settings, "-e", folder / "error.log", until="\0", stream="none") as (process, _):
        await_port(port)
        yield Server(process, port, sent("/stream", method="GET"))


@contextmanager
def aimock(folder: Path) -> Iterator[Server]:
    """Serve the call from an aimock fixture."""
    fixture = {"fixtures": [{"match": {"userMessage": "weather"}, "response": {"toolCalls": [CALL]}}]}
    (folder / "fixture.json").write_text(json.dumps(fixture))
    port = free_port()
    program = AIMOCK / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
    options = ("-p", str(port), "-f", folder / "fixture.json", "--log-level", "silent")
    with running("node", program, *options, until="\0", stream="none") as (process, _):
        await_port(port)
        yield Server(process, port, sent())


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def await_port(port: int) -> None:
    """Wait until something listens."""
    limit = time.perf_counter() + PATIENCE
    while time.perf_counter() < limit:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise TimeoutError


def has_aimock() -> bool:
    """Install aimock under build/ where npm is; tell whether it is there."""
    if not (shutil.which("node") and shutil.which("npm")):
        return False
    if not (AIMOCK / "node_modules" / "@copilotkit" / "aimock").is_dir():
        AIMOCK.mkdir(parents=True, exist_ok=True)
        command = ("npm", "install", "--silent", "--prefix", AIMOCK, f"@copilotkit/aimock@{AIMOCK_VERSION}")
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)  # noqa: S603 - our own command
    return (AIMOCK / "node_modules" / "@copilotkit" / "aimock").is_dir()


def line(name: str, figure: float, unit: str, goal: str = "", *, met: bool = True) -> None:
    """Print one figure with its goal, and whether it is met."""
    told = f"   goal {goal}{'' if met else ', missed'}" if goal else ""
    print(f"{name:<56} {figure:>8,.{2 if figure < 10 else 0}f} {unit:<5}{told}", flush=True)  # noqa: PLR2004 - digits


def speed(folder: Path) -> None:
    """Measure streams per second without timing, beside the neighbours."""
    with ExitStack() as stack:
        servers: dict[str, Server] = {}
        body = b"".join(fragments(6))
        if has_aimock():
            servers["aimock"] = stack.enter_context(aimock(folder))
            body = body_of(whole(servers["aimock"].port, sent()))
        else:
            print("beside aimock: left out, there is no npm here, or it installs nothing")
        events = events_of(body)
        exchange = recorded(body, tuple(Read(number / 100, len(event)) for number, event in enumerate(events)))
        servers["ours"] = stack.enter_context(ours(folder, exchange, "--timing", "none"))
        servers["split"] = stack.enter_context(ours(folder, exchange, "--timing", "none", "--split", "event"))
        if shutil.which("nginx"):
            servers["nginx"] = stack.enter_context(nginx(folder, body))
        else:
            print("beside nginx: left out, it is not installed")
        for server in servers.values():
            streams_per_second(server)  # which warms it up
        rates: dict[str, list[float]] = {name: [] for name in servers}
        for _ in range(ROUNDS):  # in turn, so that a slow machine slows all
            for name, server in servers.items():
                rates[name].append(streams_per_second(server))
    best = {name: statistics.median(found) for name, found in rates.items()}
    line(f"serve: streams of {len(events)} events per second of one core", best["ours"], "1/s")
    if "aimock" in best:
        ratio = best["ours"] / best["aimock"]
        line("  / aimock's, which writes a stream at once too", ratio, "times", "at least 3", met=ratio >= 3)  # noqa: PLR2004
        line("  / aimock's, with a write for each event", best["split"] / best["aimock"], "times")
    if "nginx" in best:
        line("  / nginx's, which sends a file", best["ours"] / best["nginx"], "times")


def together(folder: Path) -> None:
    """Hold many streams at once."""
    events = fragments(20)
    reads = tuple(Read(2.0 + number / 5, len(event)) for number, event in enumerate(events))
    exchange = recorded(b"".join(events), reads)
    with ours(folder, exchange, "--timing", "real") as server:
        streams = at_once(server.port, server.request, MANY)
    first_end = min(stream.asked + stream.arrivals[-1][1] for stream in streams)
    overlapping = sum(stream.asked < first_end for stream in streams)
    whole_ones = sum(body_of(bytes(stream.got)) == exchange.body for stream in streams)
    held = min(overlapping, whole_ones)
    line("  streams at once, each whole and exact", held, "", f"{MANY:,}", met=held == MANY)


def timing(folder: Path) -> None:
    """Measure how well times are kept."""
    events = fragments(100)
    reads = tuple(Read(0.2 + number / 50, len(event)) for number, event in enumerate(events))
    exchange = recorded(b"".join(events), reads)
    with ours(folder, exchange, "--timing", "x1") as server:
        rounds = [sorted(errors_of_times(at_once(server.port, server.request, TIMED), exchange)) for _ in range(ROUNDS)]
    errors = min(rounds, key=statistics.fmean)  # the one that other programs disturbed the least
    line(f"  a fragment's time off, {TIMED} streams at once: p50", errors[len(errors) // 2] * 1e3, "ms")
    p99 = errors[len(errors) * 99 // 100] * 1e3
    line("    p99", p99, "ms", "at most 5", met=p99 <= 5)  # noqa: PLR2004


def main() -> None:
    """Measure everything and print it."""
    if (os.cpu_count() or 1) > 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {1})
    with tempfile.TemporaryDirectory() as name:
        for measure in (speed, together, timing):
            measure(Path(name))


if __name__ == "__main__":
    main()
