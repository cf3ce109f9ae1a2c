"""`deltaproof record` as a shell runs it: the command beside it, signals, exit codes, and what a killed one leaves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from deltaproof.exchange import End
from tests.cli.command import CLEAN, REPEATED, Ran, deltaproof
from tests.record.rig import REQUEST, kept
from tests.run.server import STREAM_END, STREAM_HEAD, Act, Asked, Script, piece, response, serving

BODY = json.dumps(REQUEST)


def streaming(stream: str) -> Script:
    """Return a script that streams to whoever asks for a chat completion."""

    def script(_: Asked) -> Iterator[bytes | Act]:
        yield STREAM_HEAD
        yield from (piece(f"{event}\n\n".encode()) for event in stream.split("\n\n")[:-1])
        yield STREAM_END
        yield Act.CUT

    return script


def python(source: str) -> list[str]:
    """Return a command that runs some Python."""
    return [sys.executable, "-c", textwrap.dedent(source)]


POST = python(f"""
    import os, urllib.request
    url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
    assert os.environ["OPENAI_API_BASE"] == os.environ["OPENAI_BASE_URL"]
    asked = urllib.request.Request(url, {BODY!r}.encode(), {{"content-type": "application/json"}})
    print(len(urllib.request.build_opener(urllib.request.ProxyHandler({{}})).open(asked).read()))
""")


def record(url: str, folder: Path, *command: str, options: tuple[str, ...] = ()) -> Ran:
    """Record what a command asks for."""
    return deltaproof("record", "--upstream", url, "--out", "out", *options, "--", *command, cwd=folder, columns=100)


def test_a_command_is_recorded_and_its_streams_judged(tmp_path: Path) -> None:
    """Its output is its own, and the report of `check` follows it."""
    with serving(streaming(CLEAN)) as server:
        ran = record(server.url, tmp_path, *POST)
    assert ran.code == 0, ran.err
    first, _, report = ran.out.partition("\n")
    assert first == str(len(CLEAN))
    assert report == deltaproof("check", "out", cwd=tmp_path, columns=100).out
    assert ran.err.startswith("listening on http://127.0.0.1:")
    (exchange,) = kept(tmp_path / "out")
    assert (exchange.body, exchange.end) == (CLEAN.encode(), End.EOF)


def test_findings_make_it_fail_unless_told_otherwise(tmp_path: Path) -> None:
    """They are on standard error, too, with their place."""
    with serving(streaming(REPEATED)) as server:
        ran = record(server.url, tmp_path, *POST)
        other = record(server.url, tmp_path, *POST, options=("--fail-on", "never"))
    assert (ran.code, other.code) == (1, 0)
    line = '#1 cassette: error tool-call-continuation-name, event 3, body byte 410: the name "f" is there again'
    assert line in ran.err.splitlines()


def test_an_upstream_that_is_not_there_is_no_success(tmp_path: Path) -> None:
    """Even where the command takes it for one: it is told, and no cassette is left that would answer in its place."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/v1"
        ran = record(
            url, tmp_path, sys.executable, "-c", f"try:\n{textwrap.indent(POST[2], ' ')}\nexcept OSError: pass"
        )
    told = f"not recorded: {url} cannot be reached: nothing listens there: the connection was refused"
    assert ran.err.splitlines()[1:] == [told]
    assert (ran.code, ran.out) == (2, "nothing was judged\n")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_server_that_answers_nothing_is_judged_as_check_judges_it(tmp_path: Path) -> None:
    """A connection that is closed without a word is a broken stream, not one that was not kept."""
    source = f"try:\n{textwrap.indent(POST[2], ' ')}\nexcept OSError: pass"
    with serving(lambda _: [Act.CUT]) as server:
        ran = record(server.url, tmp_path, sys.executable, "-c", source)
    checked = deltaproof("check", "out", cwd=tmp_path, columns=100)
    assert (ran.code, ran.out) == (checked.code, checked.out)
    assert ran.code == 1
    assert "the stream ends (cut) before [DONE]" in ran.out


@pytest.mark.parametrize(
    ("ends", "code"), [("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 137)], ids=["exit", "killed"]
)
def test_a_command_that_fails_has_the_last_word(ends: str, code: int, tmp_path: Path) -> None:
    """Whatever was found."""
    with serving(streaming(REPEATED)) as server:
        ran = record(server.url, tmp_path, sys.executable, "-c", f"{POST[2]}\n{ends}")
    assert ran.code == code
    assert len(kept(tmp_path / "out")) == 1


def test_a_command_that_asks_for_nothing_is_an_error(tmp_path: Path) -> None:
    """It may not know of OPENAI_BASE_URL."""
    ran = record("http://127.0.0.1:9/v1", tmp_path, sys.executable, "-c", "")
    assert ran.code == 2
    assert ran.err.splitlines()[-1] == (
        f"deltaproof: {sys.executable}: the command ended without a request to the proxy."
        " It must take its base URL from OPENAI_BASE_URL"
    )


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ["--upstream", "http://a.test", "--out", "o", "--", "no-such-command"],
            "deltaproof: no-such-command: there is no such command. Check its name, and the PATH",
        ),
        (
            ["--upstream", "a.test", "--out", "o"],
            "deltaproof: a.test: this is no URL of an endpoint. Write http://a.test",
        ),
        (
            ["--upstream", "https://k:s@a.test", "--out", "o"],
            "deltaproof: a URL with a user name or password in it ends up in reports. Let the client send it: its headers are passed on, and scrubbed where they are kept",
        ),
        (
            ["--upstream", "http://a.test", "--out", "o", "--host", "192.0.2.1"],
            "deltaproof: 192.0.2.1: it cannot be listened on: Cannot assign requested address. Choose an address of this machine as --host",
        ),
        (
            ["--upstream", "http://a.test", "--out", "o", "--host", "no-such.invalid"],
            "deltaproof: no-such.invalid: it cannot be listened on: no machine of this name is known. Choose an address of this machine as --host",
        ),
    ],
    ids=["no-command", "no-url", "a-password", "no-address", "no-machine"],
)
def test_a_mistake_is_one_line(arguments: list[str], error: str, tmp_path: Path) -> None:
    """With what to do, and exit code 2."""
    ran = deltaproof("record", *arguments, cwd=tmp_path)
    assert (ran.code, ran.out, ran.err) == (2, "", f"{error}\n")


def test_a_full_disk_is_told_at_the_end(tmp_path: Path) -> None:
    """The client has all, and notices nothing; a limit on the size of files stands for the disk."""
    content = json.dumps(["0.25"] * 20_000).encode()
    with serving(lambda _: [response(content)]) as server:
        program = str(Path(sys.executable).with_name("deltaproof"))
        command = [program, "record", "--upstream", server.url, "--out", "out", "--", *POST]
        limited = ["/bin/sh", "-c", 'ulimit -f 40; exec "$@"', "sh", *command]
        ran = subprocess.run(limited, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert ran.stdout.startswith(f"{len(content)}\n")
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[-1].startswith("deltaproof: out/cassette.yaml: the cassette cannot be written: ")


@contextmanager
def recorder(url: str, folder: Path, *command: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a recorder for as long as the block runs; yield its process and its port."""
    process = subprocess.Popen(
        [Path(sys.executable).with_name("deltaproof"), "record", "--upstream", url, "--out", "out", *command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stderr is not None
        while not (line := process.stderr.readline()).startswith("listening on "):
            assert line, "it has ended"
        yield process, int(line.rpartition(":")[2].partition("/")[0])
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its command too, which would hold its pipes
        process.communicate()


def ask(port: int) -> socket.socket:
    """Ask for a stream, and return the connection."""
    one = socket.create_connection(("127.0.0.1", port), timeout=30)
    one.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}".encode())
    return one


def read_until(one: socket.socket, end: bytes) -> bytes:
    """Read until some bytes have come."""
    content = b""
    while end not in content:
        piece_read = one.recv(65536)
        assert piece_read, content
        content += piece_read
    return content


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_the_recording_with_its_report(number: signal.Signals, tmp_path: Path) -> None:
    """In the middle of a stream: what had come is kept, and judged."""
    events = [f"{event}\n\n".encode() for event in REPEATED.split("\n\n")[:4]]
    with (
        serving(lambda _: [STREAM_HEAD, *map(piece, events), Act.SILENCE]) as server,
        recorder(server.url, tmp_path) as (process, port),
        ask(port) as one,
    ):
        read_until(one, piece(events[-1]))
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "1 exchange judged by de-facto: " in out
    assert "Traceback" not in err
    (exchange,) = kept(tmp_path / "out")
    assert (exchange.body, exchange.end) == (b"".join(events), End.CLIENT_GONE)


def test_signals_go_to_the_command(tmp_path: Path) -> None:
    """Which may take its time, and ends as it likes; nothing is left behind."""
    source = """
        import signal, sys, time
        signal.signal(signal.SIGINT, lambda *_: sys.exit(5))
        print("ready", flush=True)
        while True:  # one pause would go on if the signal came just before it
            time.sleep(0.05)
    """
    with recorder("http://127.0.0.1:9/v1", tmp_path, "--", *python(source)) as (process, _):
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 5
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)


def test_a_killed_recorder_leaves_all_that_had_come(tmp_path: Path) -> None:
    """The next start adds it to the cassette, marked, and goes on; meanwhile, one recorder has the folder."""
    events = [f"{event}\n\n".encode() for event in CLEAN.split("\n\n")[:3]]
    with serving(lambda _: [STREAM_HEAD, *map(piece, events), Act.SILENCE]) as server:
        with recorder(server.url, tmp_path) as (process, port), ask(port) as one:
            read_until(one, piece(events[-1]))
            other = deltaproof("record", "--upstream", server.url, "--out", "out", cwd=tmp_path)
            assert (other.code, other.err) == (
                2,
                "deltaproof: out: another recorder is at work in this folder. End it, or choose another folder\n",
            )
            process.kill()
            process.wait(30)
        ran = record(server.url, tmp_path, sys.executable, "-c", "")
    assert ran.err.startswith("recovered out/cassette.yaml from a recording that was killed: its end is unknown, ")
    (exchange,) = kept(tmp_path / "out")
    assert exchange.body == b"".join(events)
    assert exchange.end is End.CLIENT_GONE
    assert exchange.provenance.keys() >= {"recovered"}
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["cassette.yaml"]


def test_a_project_s_own_secrets_are_scrubbed_too(tmp_path: Path) -> None:
    """By `[tool.deltaproof.scrub]` of the `pyproject.toml` where it is run."""
    (tmp_path / "pyproject.toml").write_text('[tool.deltaproof.scrub]\npatterns = ["chatcmpl-[0-9]"]\n')
    with serving(streaming(CLEAN)) as server:
        ran = record(server.url, tmp_path, *POST, options=("--fail-on", "never"))
    assert ran.code == 0, ran.err
    assert "chatcmpl-1" not in (tmp_path / "out" / "cassette.yaml").read_text()


def test_openai_python_sees_no_difference(tmp_path: Path) -> None:
    """It takes its base URL from the environment, and reads the stream through the proxy."""
    source = f"""
        import openai
        request = {REQUEST!r}
        stream = openai.OpenAI(api_key="sk-seeded0123456789abcdef").chat.completions.create(**request)
        calls = [call for chunk in stream for choice in chunk.choices for call in choice.delta.tool_calls or []]
        print("".join(call.function.arguments for call in calls))
    """
    with serving(streaming(CLEAN)) as server:
        ran = record(server.url, tmp_path, *python(source))
        assert server.asked[0].headers["authorization"] == "Bearer sk-seeded0123456789abcdef"
    assert ran.out.partition("\n")[0] == '{"a":1}'
    assert ran.code == 0, ran.err
    assert "seeded" not in (tmp_path / "out" / "cassette.yaml").read_text()


def test_curl_sees_no_difference(tmp_path: Path) -> None:
    """Neither with a short request, nor with one so long that it waits to be told to go on."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("there is no curl")
    (tmp_path / "long.json").write_text(json.dumps({**REQUEST, "user": "u" * 2_000_000}))
    line = """
        for body in '{}' @long.json; do
          curl --no-progress-meter --no-buffer --noproxy '*' -H 'content-type: application/json' -d "$body" \
            "$OPENAI_BASE_URL/chat/completions"
        done
    """
    with serving(streaming(CLEAN)) as server:
        ran = record(server.url, tmp_path, "sh", "-c", line, options=("--fail-on", "never"))
    assert ran.code == 0, ran.err
    assert ran.out.startswith(CLEAN * 2)
    assert [exchange.body for exchange in kept(tmp_path / "out")] == [CLEAN.encode()] * 2
