"""A suite of a few tests that compare streams, without any server. No tests of our own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest  # noqa: TC002 - that pytest rewrites our assertions is no reason to hide it
import yaml

import deltaproof.plugin
from deltaproof.exchange import Exchange
from tests.snapshot.streams import opening, piece, streamed

CONFTEST = """
from pathlib import Path
from types import SimpleNamespace

import pytest

from deltaproof.exchange import Exchange, Head
from deltaproof.plugin.snapshots.snapshot import snapshot_of


@pytest.fixture
def snapshot(request):
    return snapshot_of(request.node)


@pytest.fixture
def stream():
    def read(name="call"):
        body = Path(__file__).with_name(f"{name}.sse").read_bytes()
        return SimpleNamespace(exchange=Exchange(name, body, head=Head(200, (("content-type", "text/event-stream"),))))

    return read
"""

CALL = streamed(opening("get_tide"), piece("{}"), finish="tool_calls")
SPLIT = streamed(opening("get_"), piece("{", more='"name":"tide",'), piece("}"), finish="tool_calls")
TEXT = streamed('{"content":"It is high."}')

UNUSED = f"{' unused snapshots ':=^80}\n"
WRITTEN = f"{' snapshots ':=^80}\n"


class Ran(NamedTuple):
    """How a run ended, and what it printed; times left out."""

    code: int
    out: str

    @property
    def end(self) -> str:
        """What stands below the progress, or below the failures, without the count of seconds."""
        lines = self.out.splitlines(keepends=True)
        first = next((number for number, line in enumerate(lines) if " snapshots ===" in line), len(lines) - 1)
        return "".join(lines[first:])


class Suite:
    """A folder with tests, and pytest run on it."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        """Begin with the streams `call` and `text`, and no test."""
        self.folder = pytester.path
        self._pytester = pytester
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        self.write("conftest.py", CONFTEST)
        self.says("call", CALL)
        self.says("text", TEXT)

    def says(self, name: str, exchange: Exchange) -> None:
        """Let a stream be another one from now on."""
        (self.folder / f"{name}.sse").write_bytes(exchange.body)

    def write(self, name: str, source: str) -> Path:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
        return path

    def run(self, *arguments: str) -> Ran:
        """Run the tests in this process."""
        ran = self._pytester.runpytest_inprocess(
            "-q", "-p", "no:cacheprovider", *arguments, plugins=[deltaproof.plugin]
        )
        return _ran(ran)

    def spawn(self, *arguments: str) -> Ran:
        """Run the tests in a process of its own, with pytest-xdist and the cache of what failed."""
        return _ran(
            self._pytester.runpytest_subprocess("-q", "-p", "deltaproof.plugin", "-p", "xdist", *arguments, timeout=120)
        )

    def kept(self, name: str = "snapshots/test_agent.yaml") -> list[str]:
        """Return the names of the entries of a file, in order; none where there is none."""
        path = self.folder / name
        if not path.exists():
            return []
        return [entry["of"] for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["exchanges"]]


def _ran(ran: pytest.RunResult) -> Ran:
    lines = (line.rstrip() for line in ran.outlines)
    text = "".join(f"{line}\n" for line in lines if not re.fullmatch(r" *\^+", line))  # as each Python has them
    return Ran(int(ran.ret), re.sub(r" in [\d.]+s", "", text))
