"""The fact that the README shows what really happens."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.cli.command import COMMAND

README = Path(__file__).parents[2] / "README.md"
EXAMPLE = re.compile(r"^```sh\n(.*?)^```\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_example_of_the_readme_prints_what_the_readme_says(tmp_path: Path) -> None:
    """Pasted into a shell 80 columns wide, it makes a stream and prints the report that stands below it."""
    ((script, printed),) = EXAMPLE.findall(README.read_text(encoding="utf-8"))
    path = f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["sh", "-c", script],  # noqa: S607 - the shell that the reader has
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "COLUMNS": "80"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ran.stdout.decode().strip("\n") == printed.strip("\n")
    assert (ran.returncode, ran.stderr) == (1, b"")
