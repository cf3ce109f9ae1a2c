"""Facts about keeping what passes that no client sees: what goes wrong with it by our own mistake."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from deltaproof.cassette.journal import Journal
from deltaproof.catalog import load
from deltaproof.drive.record.keeper import Fact, Keeper
from deltaproof.drive.record.watch import Judging
from deltaproof.exchange import End, Exchange


def test_a_mistake_of_ours_ends_the_recording(tmp_path: Path) -> None:
    """It is raised once all that has ended is in its cassette; nothing is lost without a word."""

    def tell(_: Fact) -> None:
        raise ZeroDivisionError

    async def keep(journal: Journal) -> None:
        keeper = Keeper(journal, Judging(load().profile("openai-strict"), None), tell, "2026-11-22")
        for _ in range(2):
            asked = Exchange(source="", body=b"", method="POST", url="http://h/v1/chat/completions")
            keeper.open("a", asked).close(0.0, End.CUT)
        await keeper.settle()

    with Journal(tmp_path) as journal, pytest.raises(ZeroDivisionError):
        asyncio.run(keep(journal))
    assert (tmp_path / "a.yaml").read_text().count("\n- request:") == 2
