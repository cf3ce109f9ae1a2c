"""`deltaproof serve` as it is typed: where it listens, what it tells at the end, and its exit codes."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from deltaproof.cassette import write_cassette
from tests.cli.command import deltaproof
from tests.serve.rig import CHUNKED, SSE, recorded

COMMAND = Path(sys.executable).with_name("deltaproof")


@dataclass(slots=True)
class Serving:
    """A command that serves: its base URL; once it has ended, what else it told, and its exit code."""

    url: str
    told: str = ""
    code: int = -1


@contextmanager
def serving(*arguments: str | Path, cwd: Path, end: signal.Signals = signal.SIGINT) -> Iterator[Serving]:
    """Run the command until the block is left, and end it by a signal."""
    with subprocess.Popen([COMMAND, "serve", *arguments], cwd=cwd, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        assert first.startswith("listening on http://127.0.0.1:"), first
        running = Serving(first.removeprefix("listening on ").rstrip())
        try:
            yield running
        finally:
            process.send_signal(end)
            _, running.told = process.communicate(timeout=30)
            running.code = process.returncode


def cassette(folder: Path) -> Path:
    """Write a cassette with two exchanges."""
    path = folder / "two.yaml"
    write_cassette(
        path,
        [recorded(SSE, CHUNKED, request={"n": number}) for number in (1, 2)],
        provenance={},
    )
    return path


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_ended_and_tells_what_was_never_served(tmp_path: Path, end: signal.Signals) -> None:
    """One line when it listens, one for each recording that nobody asked for, and exit code 0."""
    cassette(tmp_path)
    with serving("two.yaml", cwd=tmp_path, end=end) as running:
        for _ in range(2):
            assert httpx2.post(f"{running.url}/chat/completions", json={"n": 1}).status_code == 200
    assert running.told == "never served: two.yaml#1 POST http://127.0.0.1:1/v1/chat/completions\n"
    assert running.code == 0


def test_strict_exits_1_and_tells_all_that_was_not_as_recorded(tmp_path: Path) -> None:
    """Recordings never served, those served again, and requests that were not recorded."""
    cassette(tmp_path)
    with serving(".", "--strict", "--timing", "none", "--split", "inside-utf8", cwd=tmp_path) as running:
        for number in (1, 1, 1, 3, 3):
            httpx2.post(f"{running.url}/chat/completions", json={"n": number})
        httpx2.get(f"{running.url}/other")
    assert running.told == (
        "never served: two.yaml#1 POST http://127.0.0.1:1/v1/chat/completions\n"
        "served 3 times: two.yaml#0 POST http://127.0.0.1:1/v1/chat/completions\n"
        "not recorded, asked for 2 times: no recorded request equals this POST /chat/completions;"
        " in the closest, two.yaml#0, n is 1, not 3\n"
        "not recorded, asked for once: nothing is recorded for GET /other\n"
    )
    assert running.code == 1


def test_strict_exits_0_where_all_was_served_once(tmp_path: Path) -> None:
    """Then there is nothing to tell; models are not counted."""
    cassette(tmp_path)
    with serving("two.yaml", "--strict", cwd=tmp_path) as running:
        httpx2.get(f"{running.url}/models")
        for number in (1, 2):
            httpx2.post(f"{running.url}/chat/completions", json={"n": number})
    assert (running.told, running.code) == ("", 0)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["empty"], "deltaproof: empty: nothing is recorded there\n"),
        (["nowhere.yaml"], "deltaproof: nowhere.yaml: it cannot be read: No such file or directory\n"),
        (
            ["two.yaml", "--timing", "fast"],
            "Error: Invalid value for '--timing': 'fast' is neither real, none nor xN such as x10 or x0.5\n",
        ),
        (
            ["two.yaml", "--timing", "x0"],
            "Error: Invalid value for '--timing': 'x0' is neither real, none nor xN such as x10 or x0.5\n",
        ),
        (
            ["two.yaml", "--split", "0"],
            "Error: Invalid value for '--split': '0' is neither recorded, event, byte, whole, inside-utf8 nor a number",
        ),
        (
            ["two.yaml", "--host", "no.such.host.invalid"],
            "deltaproof: no.such.host.invalid: it cannot be listened on: no machine of this name is known. Choose an",
        ),
    ],
)
def test_what_cannot_be_served_is_told_in_one_line_and_exits_2(tmp_path: Path, arguments: list[str], told: str) -> None:
    """Nothing recorded, no such file, a wrong option, an address that is not ours."""
    cassette(tmp_path)
    (tmp_path / "empty").mkdir()
    ran = deltaproof("serve", *arguments, cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err


def test_a_corrupt_cassette_is_no_empty_one(tmp_path: Path) -> None:
    """What cannot be read ends it, with the place, since who asks for that recording would get another."""
    (tmp_path / "a.yaml").write_text("interactions:\n- request: {}\n  response: [\nversion: 1\n")
    cassette(tmp_path)
    ran = deltaproof("serve", ".", cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("deltaproof: a.yaml:")
