"""Says on standard error what a command waits for, where somebody sits before it. Reads nothing."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import click

_PATIENCE = 2.0  # seconds


@contextmanager
def waiting_told(paths: Iterable[str]) -> Iterator[None]:
    """Name the sources that may have to be waited for, where they are not read after about two seconds.

    These are standard input, written "-", and paths of pipes and terminals. Nothing is said where standard error is no
    terminal.
    """
    names = ", ".join("standard input" if path == "-" else path for path in paths if _may_keep_waiting(path))
    if not (names and sys.stderr.isatty()):
        yield
        return
    told = f"deltaproof: reading {names}, until whoever writes there closes it; Ctrl-C gives up"
    timer = Timer(_PATIENCE, click.echo, (told,), {"err": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _may_keep_waiting(path: str) -> bool:
    """Tell whether a source is a pipe or a terminal."""
    try:
        mode = Path("/dev/stdin" if path == "-" else path).stat().st_mode
    except (OSError, ValueError):  # whoever reads it says what is wrong
        return path == "-"
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)
