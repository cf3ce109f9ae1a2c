"""What changed from recordings to recordings, for a person or as JSON. Compares and judges nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deltaproof.checking import Judged
from deltaproof.report.json_report import Document, finding_document
from deltaproof.report.terminal import print_findings
from deltaproof.report.visible import visible

if TYPE_CHECKING:
    from rich.console import Console


class Outcome(StrEnum):
    """What came of comparing one exchange.

    SAME: nothing changed that counts. CHANGED: something did. NEW, GONE: it is on one side only. UNANSWERED: no
    response came. UNSENT: its request is not known.
    """

    SAME = "same"
    CHANGED = "changed"
    NEW = "new"
    GONE = "gone"
    UNANSWERED = "unanswered"
    UNSENT = "unsent"


class News(NamedTuple):
    """One thing that changed: what kind, in words without a final full stop, and the rule it is about or nothing."""

    kind: str
    text: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """One exchange, before and now.

    Attributes:
        name: how the operator knows it.
        outcome: what came of it.
        news: what changed, or why there is nothing to compare.
        judged: how it was judged now, where its findings are to be shown.
        known: the rules and cases by which it deviated before; those findings are not shown again.
    """

    name: str
    outcome: Outcome
    news: tuple[News, ...] = ()
    judged: Judged | None = None
    known: frozenset[tuple[str, str]] = frozenset()

    @property
    def fresh(self) -> Judged | None:
        """How it was judged, with the findings only that are new; None where there are none."""
        if self.judged is None:
            return None
        judgement = self.judged.judgement
        fresh = tuple(finding for finding in judgement.findings if (finding.rule, finding.case) not in self.known)
        return replace(self.judged, judgement=replace(judgement, findings=fresh)) if fresh else None


_COLOURS = {
    Outcome.SAME: "green",
    Outcome.CHANGED: "bold red",
    Outcome.NEW: "yellow",
    Outcome.GONE: "yellow",
    Outcome.UNANSWERED: "bold red",
    Outcome.UNSENT: "dim",
}
_MARKS = {"worse": ("✗", "bold red"), "shape": ("≠", "yellow"), "verdict": ("·", "cyan")}


def print_comparison(compared: Sequence[Compared], console: Console, words: Mapping[Outcome, str]) -> None:
    """Print each exchange with news, then new findings in full, then how many of each outcome there are.

    `words` has what an outcome is called, where that is not its name: "not in the snapshot".
    """
    for one in compared:
        if one.news or one.outcome is not Outcome.SAME:
            title = Text(visible(one.name), "bold")
            title.append(f"  {words.get(one.outcome, one.outcome)}", _COLOURS[one.outcome])
            console.print(title)
            if one.news:
                console.print(Padding(_news(one.news), (0, 0, 0, 2)))
    fresh = [judged for one in compared if (judged := one.fresh) is not None]
    if fresh:
        console.print()
        console.print(Text("New findings", "bold"))
        console.print()
        print_findings(fresh, console)
    console.print(summary(compared, words))


def _news(news: Sequence[News]) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for one in news:
        mark, colour = _MARKS.get(one.kind, ("·", "dim"))
        grid.add_row(Text(mark, colour), Text(visible(one.text)))
    return grid


def summary(compared: Sequence[Compared], words: Mapping[Outcome, str]) -> Text:
    """Say in one line how many exchanges there are of each outcome."""
    counts = Counter(one.outcome for one in compared)
    line = Text(f"{len(compared):,} {'exchange' if len(compared) == 1 else 'exchanges'} compared: ")
    told = [(f"{counts[outcome]:,} {words.get(outcome, outcome)}", _COLOURS[outcome]) for outcome in Outcome]
    for number, (text, colour) in enumerate(pair for pair, kind in zip(told, Outcome, strict=True) if counts[kind]):
        line.append(", " if number else "")
        line.append(text, colour)
    return line


def comparison_document(compared: Sequence[Compared]) -> Document:
    """Return a comparison as the JSON object that `specs/schemas/comparison.json` describes."""
    counts = Counter(one.outcome for one in compared)
    return {
        "deltaproof": version("deltaproof"),
        "exchanges": [
            {
                "name": one.name,
                "outcome": one.outcome,
                "news": [{"kind": news.kind, "rule": news.rule or None, "text": news.text} for news in one.news],
                "findings": [
                    finding_document(finding) for finding in (one.fresh.judgement.findings if one.fresh else ())
                ],
            }
            for one in compared
        ],
        "totals": {outcome.value: counts[outcome] for outcome in Outcome},
    }
