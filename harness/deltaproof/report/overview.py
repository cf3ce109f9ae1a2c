"""What came of each exchange in each group of rules, at a glance: a table, or a list where that does not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.columns import Columns
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deltaproof.catalog import GROUPS, Level, load
from deltaproof.checking import Judged
from deltaproof.exchange import Evidence, Exchange
from deltaproof.report.visible import visible
from deltaproof.verdict import Verdict

if TYPE_CHECKING:
    from rich.console import Console

NARROW = 72
"""Columns that are too few for a table."""

COLOURS = {Level.ERROR: "bold red", Level.WARNING: "yellow", Level.NOTE: "cyan", Level.OFF: "dim"}
MARKS = {Level.ERROR: "✗", Level.WARNING: "!", Level.NOTE: "·"}
_SHORT_GROUPS = {
    "promise": "five",
    "transport": "wire",
    "envelope": "env",
    "choice": "choi",
    "delta": "delt",
    "tool-call": "call",
    "arguments": "args",
    "termination": "end",
    "usage": "use",
    "request": "req",
}
_EVIDENCE = {
    Evidence.BYTES: "the bytes as sent",
    Evidence.FIELDS: "null told from absent",
    Evidence.REQUEST: "the request",
    Evidence.HEADERS: "the response's headers",
    Evidence.TIMING: "times",
}
_WIDE = 120  # columns, for headings that are whole words
_CELL = 8  # a short group and two digits
_ROWS = 60


def print_overview(judged: Sequence[Judged], console: Console) -> None:
    """Print what came of each exchange in each rule group; of many exchanges, those with the gravest findings."""
    groups = sorted({page.group for page in load().pages.values()}, key=GROUPS.index)
    shown = sorted(judged, key=_gravity)[:_ROWS] if len(judged) > _ROWS else judged
    if console.width <= NARROW:
        _print_list(shown, groups, console)
    else:
        console.print(_table(shown, groups, wide=console.width >= _WIDE))
    if len(shown) < len(judged):
        console.print(f"… and {len(judged) - len(shown)} more exchanges; --format json has them all")
    console.print(_legend())
    if missing := _missing(judged):
        console.print(Text(f"undecided for want of: {missing}", "dim"))
    console.print()


def _table(judged: Iterable[Judged], groups: Iterable[str], *, wide: bool) -> Table:
    """Return the table, with whole words for headings and two levels in a cell where it may be wide."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("source", overflow="fold", ratio=None, min_width=16)
    for group in groups:
        table.add_column(group if wide else _SHORT_GROUPS[group], justify="center", no_wrap=True)
    for one in judged:
        table.add_row(Text(visible(label(one.exchange))), *(_cell(one, group, 2 if wide else 1) for group in groups))
    return table


def _print_list(judged: Iterable[Judged], groups: Iterable[str], console: Console) -> None:
    """Print what the table says where that does not fit: each source, and under it the groups."""
    for one in judged:
        console.print(Text(visible(label(one.exchange))), overflow="fold")
        cells = [Text.assemble(f"{_SHORT_GROUPS[group]:5}", _cell(one, group, 1)) for group in groups]
        for cell in cells:
            cell.pad_right(max(0, _CELL - len(cell)))
        console.print(Padding(Columns(cells, equal=True), (0, 0, 1, 2)))


def _missing(judged: Iterable[Judged]) -> str:
    """Say what evidence rules lacked, and in how many exchanges: "the request (2), the response's headers (1)"."""
    lacked: Counter[Evidence] = Counter()
    for one in judged:
        pages = [load().pages[slug] for slug, verdict in one.judgement.verdicts.items() if verdict is Verdict.UNDECIDED]
        needed = {
            need for page in pages for need in (*page.needs, *(n for case in page.cases.values() for n in case.needs))
        }
        lacked.update(needed - one.judgement.evidence)
    return ", ".join(f"{_EVIDENCE[need]} ({lacked[need]:,})" for need in Evidence if lacked[need])


def _gravity(judged: Judged) -> tuple[int, ...]:
    levels = Counter(finding.level for finding in judged.judgement.findings)
    return tuple(-levels[level] for level in MARKS)


def _cell(judged: Judged, group: str, most: int) -> Text:
    """Show the gravest known of a group: its findings at up to `most` levels, else what is open, else conforming."""
    judgement = judged.judgement
    slugs = {slug for slug, page in load().pages.items() if page.group == group}
    levels = Counter(finding.level for finding in judgement.findings if finding.rule in slugs)
    if levels:
        parts = [Text(f"{MARKS[level]}{levels[level]}", COLOURS[level]) for level in MARKS if levels[level]]
        return Text(" ").join(parts[:most])
    verdicts = {judgement.verdicts[slug] for slug in slugs}
    if Verdict.UNDECIDED in verdicts:
        return Text("?", "magenta")
    if verdicts <= {Verdict.UNEXERCISED}:
        return Text("○", "dim")
    if Verdict.DEVIATES in verdicts:
        return Text("~", "dim")
    return Text("✓", "green")


def _legend() -> Text:
    return Text("✗ error  ! warning  · note  ✓ conforms  ~ off  ? undecided  ○ nothing to check", "dim")


def label(exchange: Exchange) -> str:
    """Name an exchange: its source, with the entry's number where it is not the first."""
    return f"{exchange.source}#{exchange.entry}" if exchange.entry else exchange.source
