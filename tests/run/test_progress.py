"""Facts about progress: where it goes, and what it says."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deltaproof.catalog import load_scenarios
from deltaproof.cli.progress import progress, silent
from deltaproof.drive.scenarios.run import Begun
from deltaproof.suite.outcome import Attempt, Outcome, ScenarioRun
from tests.run.polite import MODEL, Polite
from tests.run.server import Running, serving

PROGRAM = Path(sys.executable).with_name("deltaproof")
SCENARIOS = load_scenarios()


@pytest.fixture
def polite() -> Iterator[Running]:
    """Serve an endpoint that does all by the book."""
    with serving(Polite().answer) as server:
        yield server


def test_without_a_terminal_there_is_a_line_when_a_scenario_ends(capsys: pytest.CaptureFixture[str]) -> None:
    """It says which of how many, and what came of it; nothing when one begins."""
    with progress(2) as show:
        show(Begun(SCENARIOS["n-2"]))
        show(ScenarioRun(SCENARIOS["n-2"], (Attempt(Outcome.JUDGED),)))
        show(ScenarioRun(SCENARIOS["history"], (Attempt(Outcome.FAILED),)))
    captured = capsys.readouterr()
    assert captured.err == "1/2 n-2: judged\n2/2 history: failed\n"
    assert captured.out == ""


def test_quiet_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written, on neither stream."""
    silent(Begun(SCENARIOS["n-2"]))
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_on_a_terminal_one_line_changes_and_is_gone_at_the_end(polite: Running) -> None:
    """Standard output carries the report and nothing else, also when standard error is a terminal."""
    ours, theirs = pty.openpty()
    command = [str(PROGRAM), "run", polite.url, "--model", MODEL, "--scenario", "schema-*"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=theirs, env={**os.environ, "TERM": "xterm"}
    ) as process:
        os.close(theirs)
        out = process.stdout.read() if process.stdout else b""
        shown = b"".join(read_all(ours))
    os.close(ours)
    assert process.returncode == 0
    assert out.startswith(polite.url.encode())
    assert b"\x1b" not in out
    text = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", shown).decode()
    assert "3/3" in text
    assert shown.count(b"\n") < 3  # a line that is written over and over
    assert b"\x1b[?25h" in shown  # the cursor is back


def read_all(terminal: int) -> Iterator[bytes]:
    """Yield what was written to a terminal until nobody has it open."""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux says so when the other side is closed
            return
        if not part:
            return
        yield part
