"""A project with an agent, tests of it and their cassettes, and pytest run on it. No tests of our own."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

import deltaproof.plugin
import deltaproof.plugin.endpoints.fixtures
import deltaproof.plugin.endpoints.recording
from deltaproof.cassette import read_kept, write_cassette
from deltaproof.exchange import End, Exchange, Head, Read
from tests.cli.command import CLEAN

REQUEST: dict[str, object] = {
    "model": "m",
    "stream": True,
    "messages": [{"role": "user", "content": "go"}],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
}

AGENT = f"""
import json
import urllib.error
import urllib.request

REQUEST = json.loads({json.dumps(json.dumps(REQUEST))})

def ask(base_url, **changes):
    request = urllib.request.Request(
        base_url + "/chat/completions",
        json.dumps({{**REQUEST, **changes}}).encode(),
        {{"content-type": "application/json", "authorization": "Bearer unused"}},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.read().decode()
"""

HEAD = Head(200, (("content-type", "text/event-stream"), ("transfer-encoding", "chunked")))


def answered(body: str = CLEAN, *, head: Head = HEAD, end: End = End.EOF, **changes: object) -> Exchange:
    """Return the agent's request with a stream for an answer."""
    asked = {**REQUEST, **changes}
    return Exchange(
        source="",
        body=body.encode(),
        request=asked,
        sent=json.dumps(asked).encode(),
        head=head,
        reads=(Read(0.001, len(body.encode())),),
        ended=0.002,
        end=end,
        method="POST",
        url="http://127.0.0.1:1/v1/chat/completions",
    )


class Ran(NamedTuple):
    """How a run ended, and what it printed between the dots and the count: times and ports left out."""

    code: int
    out: str

    @property
    def told(self) -> str:
        """All but the progress, and what stands below the failures."""
        return self.out.partition("[100%]\n")[2].partition(f"{' short test summary info ':=^80}\n")[0]

    @property
    def counts(self) -> str:
        """The last line."""
        return self.out.splitlines()[-1]


class Project:
    """A folder with an agent, and pytest run on it."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        """Begin with the agent, and no test."""
        self.folder = pytester.path
        self._pytester = pytester
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        self.write("agent.py", AGENT)

    def write(self, name: str, source: str) -> Path:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
        return path

    def tests(self, source: str, name: str = "test_agent.py") -> None:
        """Write a module of tests, in which `ask` is the agent."""
        self.write(name, f"import pytest\nfrom agent import ask\n{source}")

    def cassette(self, *exchanges: Exchange, name: str = "test_agent/test_it.yaml") -> Path:
        """Write a cassette."""
        path = self.folder / "cassettes" / name
        write_cassette(path, exchanges, provenance={"server": "scripted"})
        return path

    def kept(self, name: str = "test_agent/test_it.yaml") -> list[Exchange]:
        """Return what is in a cassette; nothing where there is none."""
        path = self.folder / "cassettes" / name
        sightings = list(read_kept(path)) if path.exists() else []
        assert all(isinstance(one, Exchange) for one in sightings), sightings
        return [one for one in sightings if isinstance(one, Exchange)]

    def run(self, *arguments: str) -> Ran:
        """Run the tests in this process."""
        return _ran(
            self._pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", *arguments, plugins=[deltaproof.plugin])
        )

    def spawn(self, *arguments: str, plugins: Sequence[str] = ()) -> Ran:
        """Run the tests in a process of its own, with other plugins too."""
        loaded = [word for name in ("deltaproof.plugin", *plugins) for word in ("-p", name)]
        return _ran(self._pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", *loaded, *arguments))


def _ran(ran: pytest.RunResult) -> Ran:
    lines = (line.rstrip() for line in ran.outlines)
    text = "".join(f"{line}\n" for line in lines if not re.fullmatch(r" *[\^~]+", line))  # as each Python has them
    text = re.sub(r" in [\d.]+s( \(.*\))?$", "", text, flags=re.MULTILINE)
    errors = "".join(f"{line}\n" for line in ran.errlines) if ran.ret == pytest.ExitCode.USAGE_ERROR else ""
    return Ran(int(ran.ret), errors + re.sub(r"127\.0\.0\.1:\d{4,}", "127.0.0.1:PORT", text))
