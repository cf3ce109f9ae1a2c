"""The recorded streams that lie beside the checkout, where they do. No tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deltaproof.cassette import read_path
from deltaproof.exchange import Exchange

_FOLDER = Path(__file__).parents[2].parent / "shared" / "corpus"


_MISSING = "there are no recorded streams in ../shared/corpus"

needs_recordings = pytest.mark.skipif(not _FOLDER.is_dir(), reason=_MISSING)


def recorded(every: int) -> list[Path]:
    """Return the paths of every so manieth recorded stream; of all with DELTAPROOF_ALL=1."""
    step = 1 if os.environ.get("DELTAPROOF_ALL") == "1" else every
    return sorted(_FOLDER.glob("*/*.sse"))[::step]


def sample(every: int) -> list[object]:
    """Return every so manieth recorded stream as a test's parameter; one to be skipped where there are none."""
    if not _FOLDER.is_dir():
        return [pytest.param(None, marks=needs_recordings)]
    return [pytest.param(path, id=path.stem) for path in recorded(every)]


def exchange_at(path: Path) -> Exchange:
    """Return the recorded exchange in a file."""
    (exchange,) = [one for one in read_path(path) if isinstance(one, Exchange)]
    return exchange
