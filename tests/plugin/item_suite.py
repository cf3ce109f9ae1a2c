"""A folder that pytest is run in with items of ours, and what is said of it there. No tests of our own."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple
from xml.etree import ElementTree as ET

# Loaded once and here, for pytester unloads what a run has loaded, and of a class loaded twice there are two.
import anyio._backends._asyncio  # noqa: F401
import httpcore2  # noqa: F401
import httpx2  # noqa: F401
import pytest  # noqa: TC002 - that pytest rewrites our assertions is no reason to hide it

import deltaproof.plugin.items.cassettes
import deltaproof.plugin.items.conformance
from tests.run.lies import Lie, Says, fails
from tests.run.polite import MODEL, Polite, scenario_of
from tests.run.server import STREAM_END, STREAM_HEAD, Asked, Running, piece


class Ran(NamedTuple):
    """How a run ended and what it printed: times left out, addresses called URL, paths of this machine FOLDER."""

    code: int
    out: str
    err: str

    @property
    def tail(self) -> str:
        """What stands below the progress: failures, summaries, counts."""
        lines = self.out.splitlines(keepends=True)
        first = next(at for at, line in enumerate(lines) if line.startswith("===") and at)
        return "".join(lines[first:])

    @property
    def words(self) -> dict[str, str]:
        """What came of each item, by its id, as -v tells."""
        pairs = re.findall(r"^(\S.*?) (PASSED|FAILED|SKIPPED|XFAIL)", self.out, re.MULTILINE)
        return dict(pair for pair in pairs if not pair[0].isupper())


class Project:
    """A folder with tests, and pytest run in it."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        """Begin with a folder that is pytest's root, and has one test that has nothing to do with us."""
        self.folder = pytester.path
        self._pytester = pytester
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        monkeypatch.delenv("CI")  # as at a desk: whole outputs are compared, and there they are the shorter ones
        self.write("pytest.ini", "[pytest]\n")
        self.write("test_mine.py", "def test_mine():\n    pass\n")

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def read(self, name: str) -> str:
        """Return what is in a file."""
        return (self.folder / name).read_text(encoding="utf-8")

    def run(self, *arguments: str) -> Ran:
        """Run pytest in this process."""
        return self._ran(self._pytester.runpytest_inprocess(*arguments, plugins=[deltaproof.plugin]))

    def spawn(self, *arguments: str) -> Ran:
        """Run pytest in a process of its own, with pytest-xdist."""
        return self._ran(self._pytester.runpytest_subprocess("-p", "deltaproof.plugin", "-p", "xdist", *arguments))

    def ids(self, *arguments: str) -> list[str]:
        """Return the ids of what pytest collects."""
        ran = self.run("--collect-only", "-q", *arguments)
        assert ran.code == 0, ran
        return ran.out.splitlines()[:-2]

    def cases(self, name: str) -> Counter[tuple[str, str, str]]:
        """Return the test cases in a JUnit file: class, name and outcome."""
        told: Counter[tuple[str, str, str]] = Counter()
        for case in ET.fromstring(self.read(name)).iter("testcase"):  # noqa: S314 - pytest wrote it just now
            outcome = next((child.tag for child in case), "passed")
            told[case.attrib["classname"], case.attrib["name"], outcome] += 1
        return told

    def _ran(self, ran: pytest.RunResult) -> Ran:
        def told(lines: list[str]) -> str:
            text = "".join(f"{line.rstrip()}\n" for line in lines)
            text = text.replace(str(self.folder), "FOLDER")
            text = text.replace(" - reason: ", " - ")  # as pytest 8 has it
            text = re.sub(r"http://127\.0\.0\.1:\d+", "URL", text)
            return re.sub(r"^=* *(\d.*) in [\d.]+s(?: \(.*\))? *=*$", r"\1", text, flags=re.MULTILINE)

        return Ran(int(ran.ret), told(ran.outlines), told(ran.errlines))


def endpoint(running: Running, *arguments: str) -> tuple[str, ...]:
    """Return the options that name an endpoint, and more."""
    return ("--deltaproof-url", running.url, "--deltaproof-model", MODEL, *arguments)


def scenarios(running: Running) -> Counter[str]:
    """Return how often each scenario was asked, by those that can be told by what they ask."""
    return Counter(filter(None, (scenario_of(asked.json) for asked in running.asked if asked.json)))


def odd(polite: Polite, asked: Asked) -> Says:
    """Be polite, but give the calls of two choices empty ids, and fail over a custom tool."""
    match scenario_of(asked.json):
        case "n-2":
            yield STREAM_HEAD
            yield from (piece(re.sub(rb'"id": "call-\d+"', b'"id": ""', event)) for event in polite.events(asked.json))
            yield STREAM_END
        case "custom-tool":
            yield from fails(polite, asked)
        case _:
            yield from polite.answer(asked)


def odd_in(*names: str) -> Lie:
    """Be odd in some scenarios, and polite in all others."""

    def answer(polite: Polite, asked: Asked) -> Says:
        yield from (odd if scenario_of(asked.json) in names else _polite)(polite, asked)

    return answer


def _polite(polite: Polite, asked: Asked) -> Says:
    yield from polite.answer(asked)
