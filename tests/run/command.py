"""Runs the command in this process, as a shell would see it. No test lives here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from deltaproof.cli import main


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind: its exit code, and what it wrote."""

    code: int
    out: str
    err: str


class Command:
    """Runs `deltaproof run`, quietly."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> Ran:
        """Run it and return what it left behind."""
        with pytest.raises(SystemExit) as ended:
            main(["run", "-q", *map(str, arguments)])
        captured = self._capsys.readouterr()
        return Ran(int(ended.value.code or 0), captured.out, captured.err)
