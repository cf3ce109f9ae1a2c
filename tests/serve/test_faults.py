"""Facts about `deltaproof serve --fault`: what it breaks is the response, and what it cannot break it tells."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from deltaproof.cassette import read_path
from deltaproof.exchange import Exchange
from deltaproof.faults import named
from tests.cli.command import COMMAND, deltaproof
from tests.serve.test_command import serving

AIMOCK = Path(__file__).parents[2] / "cassettes" / "aimock"
RECORDED = AIMOCK / "two-calls-two-tools.yaml"


def recorded(path: Path) -> list[Exchange]:
    """Return the streams of a cassette."""
    return [one for one in read_path(path) if isinstance(one, Exchange)]


def asked(url: str, exchange: Exchange) -> httpx2.Response:
    """Send a recorded request."""
    headers = {"content-type": "application/json"}
    return httpx2.post(f"{url}/chat/completions", content=exchange.sent, headers=headers)


@contextmanager
def listening(*arguments: str | Path, cwd: Path) -> Iterator[tuple[str, str]]:
    """Serve until the block is left; give the base URL, and the line that is told before it."""
    with subprocess.Popen([COMMAND, "serve", *arguments], cwd=cwd, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            told, heard = process.stderr.readline(), process.stderr.readline()
            yield heard.removeprefix("listening on ").rstrip(), told
        finally:
            process.terminate()
            process.communicate(timeout=30)


@pytest.mark.parametrize("name", ["name-split", "plain-answer", "obfuscation-unasked"])
def test_the_recorded_request_gets_the_broken_response(tmp_path: Path, name: str) -> None:
    """Also where the fault would change the request beside the response."""
    (exchange,) = recorded(RECORDED)
    broken = named(name).apply(exchange)
    with serving(RECORDED, "--fault", name, "--timing", "none", "--strict", cwd=tmp_path) as running:
        response = asked(running.url, exchange)
    assert response.content == broken.body
    assert response.headers["content-type"] == (broken.head.get("content-type") if broken.head else None)
    assert (running.told, running.code) == ("", 0)


def test_what_is_left_as_recorded_is_told_before_anything_is_served(tmp_path: Path) -> None:
    """The fault is in the stream that it applies to."""
    first, second = recorded(AIMOCK / "history.yaml")
    ran = ["--fault", "done-missing,id-missing", "--seed", "1", "--timing", "none"]
    with listening(AIMOCK / "history.yaml", *ran, cwd=tmp_path) as (url, told):
        bodies = [asked(url, one).content for one in (first, second)]
    broken = named("id-missing").apply(named("done-missing").apply(first, seed=1), seed=1)
    assert bodies == [broken.body, second.body]
    assert told == "served as recorded, 1 of 2: id-missing does not apply after done-missing: there is no tool call\n"


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (
            "tool-choice-none",
            "tool-choice-none does not apply: it changes what was asked for, and that the client sends",
        ),
        ("stall", "stall does not apply: it changes times alone, and all is served at once"),
        ("custom-missing", "custom-missing does not apply: there is no call of a custom tool"),
        ("name-nul", "there is no fault 'name-nul'. Did you mean name-null?"),
        ("name-*", "name-*: a pattern may mean several faults. Name them, with commas"),
    ],
)
def test_a_fault_that_applies_to_nothing_is_a_mistake(tmp_path: Path, names: str, told: str) -> None:
    """Exit code 2, and nothing is served."""
    ran = deltaproof("serve", RECORDED, "--fault", names, "--timing", "none", cwd=tmp_path)
    assert ran == (2, "", f"deltaproof: {told}\n")
