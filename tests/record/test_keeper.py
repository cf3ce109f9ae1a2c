"""Facts about keeping what passes that no client sees: what goes wrong with it by our own mistake."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from deltaproof.cassette.journal import Journal, has_left
from deltaproof.cassette.page_file import is_recovered
from deltaproof.catalog import load
from deltaproof.drive.record.keeper import Fact, Gone, Keeper, Kept
from deltaproof.drive.record.watch import Judging
from deltaproof.exchange import End, Exchange

ASKED = Exchange(source="", body=b"", method="POST", url="http://h/v1/chat/completions")


def test_what_an_interrupt_cuts_short_stays_in_the_journal(tmp_path: Path) -> None:
    """Both what was hung up on just before and what is afterwards; all else is kept, in its order."""
    told: list[Fact] = []

    async def keep(journal: Journal) -> None:
        keeper = Keeper(journal, Judging(load().profile("de-facto"), None), told.append, "2026-11-22", Gone.HOLD)
        ends = (End.CLIENT_GONE, End.EOF, End.CLIENT_GONE)
        passing = [keeper.open("a", replace(ASKED, sent=b'{"n":%d}' % number)) for number in range(4)]
        for one, end in zip(passing, ends, strict=False):
            one.close(0.0, end)
        assert not (tmp_path / "a.yaml").exists()
        keeper.interrupt()
        passing[3].close(0.0, End.CLIENT_GONE)
        await keeper.settle()

    with Journal(tmp_path) as journal:
        asyncio.run(keep(journal))
    assert [one.exchange.sent for one in told if isinstance(one, Kept)] == [b'{"n":1}']
    assert has_left(tmp_path / "a.yaml")
    with Journal(tmp_path) as journal:
        left = [one for one in journal.recover("a") if isinstance(one, Exchange)]
    assert [(one.sent, is_recovered(one)) for one in left] == [(b'{"n":%d}' % number, True) for number in (0, 2, 3)]


@pytest.mark.parametrize("on", ["another is asked for", "what is kept is waited for"])
def test_what_a_client_hung_up_on_is_kept_when_the_recording_goes_on(on: str, tmp_path: Path) -> None:
    """An interrupt that comes later has not cut it short."""
    told: list[Fact] = []

    async def keep(journal: Journal) -> None:
        keeper = Keeper(journal, Judging(load().profile("de-facto"), None), told.append, "2026-11-22", Gone.HOLD)
        keeper.open("a", ASKED).close(0.0, End.CLIENT_GONE)
        if on == "another is asked for":
            keeper.open("a", ASKED)
        else:
            await keeper.kept()
        keeper.interrupt()
        await keeper.settle()

    with Journal(tmp_path) as journal:
        asyncio.run(keep(journal))
    assert [one.exchange.end for one in told if isinstance(one, Kept)] == [End.CLIENT_GONE]


def test_a_mistake_of_ours_ends_the_recording(tmp_path: Path) -> None:
    """It is raised once all that has ended is in its cassette; nothing is lost without a word."""

    def tell(_: Fact) -> None:
        raise ZeroDivisionError

    async def keep(journal: Journal) -> None:
        keeper = Keeper(journal, Judging(load().profile("openai-strict"), None), tell, "2026-11-22")
        for _ in range(2):
            keeper.open("a", ASKED).close(0.0, End.CUT)
        await keeper.settle()

    with Journal(tmp_path) as journal, pytest.raises(ZeroDivisionError):
        asyncio.run(keep(journal))
    assert (tmp_path / "a.yaml").read_text().count("\n- request:") == 2
