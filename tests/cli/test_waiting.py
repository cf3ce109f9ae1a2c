"""Facts about sources that have no end of their own: pipes named on the command line, and in folders."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

from tests.cli.command import CLEAN, COMMAND, deltaproof


def test_a_pipe_that_is_named_is_read_to_its_end(tmp_path: Path) -> None:
    """What a process substitution passes is a pipe; it is judged once its writer has closed it."""
    reading, writing = os.pipe()
    os.write(writing, CLEAN.encode())
    os.close(writing)
    with os.fdopen(reading) as pipe:
        ran = subprocess.run(
            [COMMAND, "check", f"/dev/fd/{reading}", "--format", "json"],
            pass_fds=[pipe.fileno()],
            cwd=tmp_path,
            capture_output=True,
            check=True,
            timeout=60,
        )
    (exchange,) = json.loads(ran.stdout)["exchanges"]
    assert (exchange["source"], exchange["bytes"], ran.stderr) == (f"/dev/fd/{reading}", len(CLEAN), b"")


def test_a_pipe_in_a_folder_is_named_as_skipped(tmp_path: Path) -> None:
    """Nobody may ever write there, so a walk does not open it, and the rest is judged."""
    os.mkfifo(tmp_path / "a.sse")
    os.mkfifo(tmp_path / "b.request.json")
    (tmp_path / "b.sse").write_text(CLEAN)
    ran = deltaproof("check", ".", "--format", "json", cwd=tmp_path)
    report = json.loads(ran.out)
    assert [exchange["source"] for exchange in report["exchanges"]] == ["b.sse"]
    assert {skipped["source"]: skipped["reason"] for skipped in report["skipped"]} == {
        "a.sse": "no regular file",
        "b.request.json": "no regular file",
    }


def test_whoever_waits_at_a_terminal_is_told_for_what(tmp_path: Path) -> None:
    """Where nobody has written to a named pipe yet, standard error says which it is; then it is judged as ever."""
    os.mkfifo(tmp_path / "quiet.sse")
    terminal, theirs = os.openpty()
    with subprocess.Popen(
        [COMMAND, "check", "quiet.sse"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=theirs
    ) as running:
        try:
            os.close(theirs)
            told = os.read(terminal, 1000).decode()
            assert told.startswith("deltaproof: reading quiet.sse, until whoever writes there closes it")
            (tmp_path / "quiet.sse").write_text(CLEAN)
            out, _ = running.communicate(timeout=60)
        finally:
            running.kill()
            os.close(terminal)
    assert b"1 exchange judged" in out
    assert running.returncode == 0


def test_ctrl_c_has_an_exit_code_that_is_none_of_a_report(tmp_path: Path) -> None:
    """A verb that waits for a pipe is interrupted once it has opened it: one line, and 130, which is not 1."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with (
        subprocess.Popen([COMMAND, "check", pipe], stderr=subprocess.PIPE) as checking,
        pipe.open("wb"),  # opens when the verb has opened its end
    ):
        checking.send_signal(signal.SIGINT)
        _, told = checking.communicate(timeout=60)
    assert (checking.returncode, told) == (130, b"deltaproof: interrupted\n")
