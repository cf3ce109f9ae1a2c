"""Facts about a matrix that is interrupted: what is known is told, and nothing that was started goes on."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.accumulate.test_command import folder, tiny
from tests.cli.command import COMMAND

HANGS = """
import os, sys, time
sys.stdin.readline()
with open("told", "w") as told:
    print(os.getpid(), file=told)
time.sleep(60)
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waiting for the process of another needs Linux's pidfd")
@pytest.mark.parametrize(
    "numbers",
    [(signal.SIGINT,), (signal.SIGTERM,), (signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGTERM)],
    ids=["INT", "TERM", "INT-twice", "TERM-twice"],
)
def test_what_is_known_is_told_and_drivers_are_ended(numbers: tuple[signal.Signals, ...], tmp_path: Path) -> None:
    """By Ctrl-C as by the signal with which continuous integration ends a job, and either may come twice."""
    folder(tmp_path, "one-call", "two-calls")
    (tmp_path / "hangs.py").write_text(HANGS, encoding="utf-8")
    os.mkfifo(tmp_path / "told")
    honest, hangs = tiny("honest"), f"{sys.executable} hangs.py"
    words = ["--accumulator", honest, "--accumulator", hangs, "--persistent", "--jobs", "1", "--format", "json"]
    command: list[str | Path] = [COMMAND, "replay", ".", *words, "--baseline", "kept.json", "--update-baseline"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        driver = os.pidfd_open(int((tmp_path / "told").read_text(encoding="utf-8")))  # waits until it has a case
        for number in numbers:
            process.send_signal(number)
        out, err = process.communicate(timeout=30)
        assert select.select([driver], [], [], 10)[0]
    os.close(driver)
    document = json.loads(out)
    assert [set(stream["cells"]) for stream in document["streams"]] == [{honest}, {honest}]
    assert {one["name"]: one["skipped"] for one in document["accumulators"]} == {
        honest: None,
        hangs: "it had folded none yet",
    }
    assert (process.returncode, err) == (130, "interrupted after 2 of 4 cases; shown is what all have folded\n")
    assert not (tmp_path / "kept.json").exists()
