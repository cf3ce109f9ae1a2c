"""What the pytest plugin costs: a replayed test beside the same with vcrpy, and a suite that does not use it.

Both replay the same cassette to the same client, openai-python: ours over loopback, where the stream is judged too,
vcrpy, by way of pytest-recording, in the process. Times are of processors, not of clocks. Asserts nothing.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from deltaproof.cassette import read_path, write_cassette
from deltaproof.exchange import Exchange

ROOT = Path(__file__).resolve().parent.parent
RECORDED = ROOT / "cassettes" / "llama.cpp" / "two-calls-two-tools.yaml"
TESTS = 60  # in a suite; the first of them are not counted, since they import what the others use
WARM_UP = 10
ROUNDS = 5
UNUSED_TESTS = 100
UNUSED_ROUNDS = 25
GOAL = 5.0  # milliseconds that the plugin may take of a suite that does not use it

CONFTEST = """
import time

import openai
import pytest

TIMES = []

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol():
    begun = time.process_time()
    ran = yield
    TIMES.append(time.process_time() - begun)
    return ran

def pytest_unconfigure():
    print("TIMES", *TIMES)

@pytest.fixture(scope="session")
def ask():
    http = openai.DefaultHttpxClient()

    def asked(base_url):
        client = openai.OpenAI(base_url=base_url, api_key="unused", http_client=http)
        return sum(1 for _ in client.chat.completions.create(**REQUEST))

    return asked

REQUEST = {request!r}
"""
OURS = "def test_{number}(deltaproof, ask):\n    assert ask(deltaproof.base_url) == {chunks}\n"
THEIRS = "import pytest\n@pytest.mark.vcr\ndef test_{number}(ask):\n    assert ask({base_url!r}) == {chunks}\n"
WITHOUT_STREAMS = "def test_{number}(ask):\n    pass\n"
PLUGINS = {
    "ours": ("-p", "deltaproof.plugin"),
    "theirs": ("-p", "pytest_recording.plugin"),
    "without": (),
}


def recorded() -> Exchange:
    """Return the stream that all tests replay."""
    return next(one for one in read_path(RECORDED) if isinstance(one, Exchange))


def write_suite(folder: Path, exchange: Exchange, template: str) -> None:
    """Write a suite of tests of one kind, with a cassette for each."""
    chunks = exchange.body.count(b"data: {")
    base_url = exchange.url.removesuffix("/chat/completions")
    cassettes = folder / "cassettes" / "test_all"
    cassettes.mkdir(parents=True)
    texts = [template.format(number=number, chunks=chunks, base_url=base_url) for number in range(TESTS)]
    (folder / "test_all.py").write_text("\n".join(texts), encoding="utf-8")
    request = dict(exchange.request or {})
    (folder / "conftest.py").write_text(CONFTEST.replace("{request!r}", repr(request)), encoding="utf-8")
    for number in range(TESTS):
        write_cassette(cassettes / f"test_{number}.yaml", [exchange], provenance={})


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pytest with no other plugins than its own and those that are named."""
    command = (sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", *options)
    environment = {
        **os.environ,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPYCACHEPREFIX": str(folder.parent / "pyc"),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled once, not with each run
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if ended.returncode:
        raise RuntimeError(ended.stdout + ended.stderr)
    return ended


def seconds_of_a_test(folder: Path, *plugins: str) -> float:
    """Return the median of the seconds of a test: setting up, calling the client, tearing down."""
    (line,) = (line for line in run(folder, *plugins).stdout.splitlines() if line.startswith("TIMES"))
    return statistics.median(map(float, line.split()[1 + WARM_UP :]))


def replayed(folder: Path) -> Mapping[str, float]:
    """Return the seconds of a test of each kind, taken in turn so that a slow machine slows all."""
    exchange = recorded()
    templates = {"ours": OURS, "theirs": THEIRS, "without": WITHOUT_STREAMS}
    if find_spec("pytest_recording") is None:
        print("beside vcrpy: left out, pytest-recording is not installed")
        del templates["theirs"]
    for kind, template in templates.items():
        write_suite(folder / kind, exchange, template)
    rounds = [{kind: seconds_of_a_test(folder / kind, *PLUGINS[kind]) for kind in templates} for _ in range(ROUNDS)]
    return {kind: statistics.median(one[kind] for one in rounds) for kind in templates}


def unused(folder: Path) -> tuple[float, float]:
    """Return the seconds of a suite without the plugin, and how many more it takes with it.

    Without it there is an empty one: to name any makes pytest look through all that is installed, as it does by itself.
    """
    folder.mkdir()
    (folder / "empty_plugin.py").touch()
    tests = "".join(f"def test_{number}():\n    pass\n" for number in range(UNUSED_TESTS))
    (folder / "test_all.py").write_text(tests, encoding="utf-8")
    kinds = {"without": ("-p", "empty_plugin"), "with": ("-p", "deltaproof.plugin")}
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    run(folder, *kinds["with"])
    for _ in range(UNUSED_ROUNDS):
        for kind, plugins in kinds.items():
            before = children_seconds()
            run(folder, *plugins)
            times[kind].append(children_seconds() - before)
    without, using = (min(times[kind]) for kind in kinds)  # the runs that other programs have disturbed the least
    return without, using - without


def children_seconds() -> float:
    """Return the seconds of processors that children have taken so far."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def line(name: str, figure: float, unit: str, goal: str = "", *, met: bool = True) -> None:
    """Print one figure with its goal, and whether it is met."""
    told = f"   goal {goal}{'' if met else ', missed'}" if goal else ""
    print(f"{name:<56} {figure:>8.2f} {unit:<5}{told}", flush=True)


def main() -> None:
    """Measure both and print them."""
    with tempfile.TemporaryDirectory() as name:
        seconds = replayed(Path(name))
        without, more = unused(Path(name) / "unused")
    line("a replayed test, judged", (seconds["ours"] - seconds["without"]) * 1e3, "ms")
    if "theirs" in seconds:
        ours, theirs = (seconds[kind] - seconds["without"] for kind in ("ours", "theirs"))
        line("  / with vcrpy, which judges nothing", ours / theirs, "times")
    line(f"a suite of {UNUSED_TESTS} tests that does not use the plugin", without * 1e3, "ms")
    line("  and with the plugin loaded, more", more * 1e3, "ms", f"under {GOAL:.0f}", met=more * 1e3 < GOAL)


if __name__ == "__main__":
    main()
