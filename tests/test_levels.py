"""Facts about the levels of the default profile: they follow from what was measured, or the page says why not."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from deltaproof.catalog import Breaks, Case, Level, load
from tools.corpus import SHARED

MEASUREMENT = SHARED / "wire" / "blast-radius.md"

EXCEPTIONS = {
    ("arguments-open-empty", "absent"): "A missing key is legal",
    ("arguments-open-empty", "text"): "the `de-facto` profile is silent",
    ("chunk-required-fields", "absent"): "That leaves one client for this rule, hence a warning",
    ("tool-call-continuation-id", "empty"): "`null` and `empty` are notes, exceptions",
    ("tool-call-continuation-id", "repeated"): "the client whose ids it corrupts is openai-python",
    ("tool-call-sequential", "interleaved"): "the stream is legal, and the trouble is the clients'",
    ("tool-call-unique-index-in-chunk", "several"): "the stream is legal, the trouble is the clients'",
}
"""Cases that weigh otherwise than the measurement has it, with the words by which the page gives the reason."""


class Row(NamedTuple):
    """What one deviation did: the counts, and what the three official SDKs made of it."""

    breaks: Breaks
    official: str


def measured() -> dict[str, Row]:
    """Read the tables of the measurement by the name of the deviation."""
    rows: dict[str, Row] = {}
    for line in MEASUREMENT.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and all(re.fullmatch(r"\d*", cell) for cell in cells[1:5]):
            rows[cells[0].replace("`", "")] = Row(Breaks(*(int(cell or 0) for cell in cells[1:5])), cells[5])
    return rows


def level_of(row: Row) -> set[Level]:
    """Return the levels that a measurement allows."""
    broken = row.breaks.wrong + row.breaks.lost + row.breaks.error
    if broken >= 4 or set(row.official) & set("ELWw"):
        return {Level.ERROR}
    if broken or row.breaks.soft or set(row.official) & set("ifp"):
        return {Level.WARNING}
    return {Level.WARNING, Level.NOTE}  # a warning where only the specification is hurt


def cases() -> list[object]:
    """Return every case that names a measurement."""
    return [
        pytest.param(slug, case, id=f"{slug}-{case.name}")
        for slug, page in load().pages.items()
        for case in page.cases.values()
        if case.breaks is not None
    ]


@pytest.mark.skipif(
    not MEASUREMENT.exists(), reason="the measurement is no part of the repository; ../shared is absent"
)
@pytest.mark.parametrize(("slug", "case"), cases())
def test_a_level_follows_from_the_measurement(slug: str, case: Case) -> None:
    """A case carries the figures of its row, and the level that they ask for, or the page gives the reason."""
    row = measured()[case.measured.replace("`", "")]
    assert case.breaks == row.breaks
    follows = case.levels["de-facto"] in level_of(row)
    assert follows == ((slug, case.name) not in EXCEPTIONS)


@pytest.mark.parametrize(("slug", "case"), EXCEPTIONS)
def test_an_exception_has_its_reason_on_the_page(slug: str, case: str) -> None:
    """The words that give the reason stand on the page."""
    assert case in load().pages[slug].cases
    assert EXCEPTIONS[slug, case] in " ".join(load().pages[slug].text.split())
