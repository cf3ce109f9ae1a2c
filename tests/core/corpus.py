"""The recorded streams that lie beside the checkout, where they do. No tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deltaproof.cassette import read_path
from deltaproof.exchange import Exchange

_FOLDER = Path(__file__).parents[2].parent / "shared" / "corpus"


def sample(every: int) -> list[object]:
    """Return every so manieth recorded stream as a test's parameter; all with DELTAPROOF_ALL=1, a skip without any."""
    step = 1 if os.environ.get("DELTAPROOF_ALL") == "1" else every
    paths = sorted(_FOLDER.glob("*/*.sse"))[::step]
    if not paths:
        return [pytest.param(None, marks=pytest.mark.skip(reason="there are no recorded streams in ../shared/corpus"))]
    return [pytest.param(path, id=path.stem) for path in paths]


def exchange_at(path: Path) -> Exchange:
    """Return the recorded exchange in a file."""
    (exchange,) = [one for one in read_path(path) if isinstance(one, Exchange)]
    return exchange
