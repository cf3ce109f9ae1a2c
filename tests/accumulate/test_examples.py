"""Facts about docs/accumulators.md: its examples are run as they stand there, and fold what they say they do."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from deltaproof.accumulate.outcome import Outcome
from deltaproof.cassette import read_path
from deltaproof.checking import Judged
from deltaproof.drive.accumulators.chosen import client_for
from deltaproof.drive.accumulators.matrix import Stream, run_matrix
from deltaproof.exchange import Exchange
from deltaproof.verdict import judge
from tests.accumulate.environments import installed

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "accumulators.md").read_text(encoding="utf-8")
STREAMS = REPOSITORY / "tests" / "streams"


def example(language: str) -> str:
    """Return the one example in a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def outcomes(command: str, *names: str) -> list[Outcome]:
    """Let a command fold some of the tests' streams."""
    exchanges = [one for name in names for one in read_path(STREAMS / f"{name}.sse") if isinstance(one, Exchange)]
    streams = [Stream(name, Judged(one, judge(one))) for name, one in zip(names, exchanges, strict=True)]
    matrix = run_matrix(streams, [client_for(command, persistent=False)], limit=30)
    return [matrix.cells[name, command].outcome for name in names]


def test_examples_have_ten_lines_or_little_more() -> None:
    """An example that is long is no example."""
    lines = {language: len(example(language).splitlines()) for language in ("python", "js", "go", "sh")}
    assert max(lines.values()) <= 13, lines


def test_the_python_example(tmp_path: Path) -> None:
    """It is right on calls and text, and raises where it should."""
    (tmp_path / "fold.py").write_text(example("python"), encoding="utf-8")
    ran = outcomes(f"{sys.executable} {tmp_path / 'fold.py'}", "two-calls", "text", "error-told")
    assert ran == [Outcome.RIGHT, Outcome.RIGHT, Outcome.RAISED]


def test_the_shell_example(tmp_path: Path) -> None:
    """It is right on text, loses calls, and raises at a status of failure."""
    if shutil.which("curl") is None:
        pytest.skip("the shell example needs curl")
    script = tmp_path / "fold.sh"
    script.write_text(example("sh"), encoding="utf-8")
    assert outcomes(f"sh {script}", "text", "one-call", "refused") == [Outcome.RIGHT, Outcome.LOST, Outcome.RAISED]


def test_the_node_example(tmp_path: Path) -> None:
    """It is right on calls and text, and raises where it should."""
    (tmp_path / "node_modules").symlink_to(installed("openai-node") / "node_modules", target_is_directory=True)
    (tmp_path / "fold.mjs").write_text(example("js"), encoding="utf-8")
    ran = outcomes(f"node {tmp_path / 'fold.mjs'}", "two-calls", "text", "error-told")
    assert ran == [Outcome.RIGHT, Outcome.RIGHT, Outcome.RAISED]
