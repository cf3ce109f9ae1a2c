"""The environments of clients that tests need: installed once below build/, or skipped with the reason. No test."""

from __future__ import annotations

import fcntl
import os
from functools import cache
from pathlib import Path

import pytest

from deltaproof.accumulate.known import known_accumulator
from deltaproof.drive.accumulators.clients import install
from deltaproof.errors import DeltaproofError

HOME = Path(__file__).parents[2] / "build" / "accumulators"


def installed(name: str) -> Path:
    """Return the environment of an accumulator, installed where it is not; skip where no package index is in reach."""
    found = _attempted(name)
    if isinstance(found, DeltaproofError):
        pytest.skip(f"{name} cannot be installed: {found}")
    return found


@cache
def _attempted(name: str) -> Path | DeltaproofError:
    """Install an accumulator, once; other test processes wait for it meanwhile."""
    os.environ["DELTAPROOF_HOME"] = str(HOME)
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return install(known_accumulator(name))
        except DeltaproofError as error:
            return error
