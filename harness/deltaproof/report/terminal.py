"""A report for a person at a terminal: what came of each exchange, then each finding once. Judges nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TextIO, TypeAlias

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deltaproof.catalog import Level, load
from deltaproof.checking import Judged, Report
from deltaproof.exchange import Exchange
from deltaproof.report.overview import COLOURS, MARKS, label, print_overview
from deltaproof.report.trimmed import Trimmed
from deltaproof.report.visible import visible
from deltaproof.verdict import Finding

_PLACES = 4

Shows: TypeAlias = Callable[[Console], None]
"""Shows something on a console."""

Places: TypeAlias = Callable[[Sequence[tuple[Exchange, Finding]]], list[str]]
"""Says where a finding is, given each exchange with the finding in it."""


def console_for(stream: TextIO | None = None, *, width: int | None = None) -> Console:
    """Return a console for a stream, standard output by default, that takes no markup and makes up no colours.

    What does not go to a terminal has no blanks at the ends of its lines.
    """
    stream = stream or sys.stdout
    file: TextIO = stream if stream.isatty() else Trimmed(stream)  # type: ignore[assignment]  # all that rich asks for
    return Console(file=file, width=width, markup=False, highlight=False, emoji=False)


def plain_text(*shows: Shows, width: int) -> str:
    """Return what is shown on a console so many columns wide, without colours and without blank lines at its end."""
    text = StringIO()
    console = console_for(text, width=width)
    for show in shows:
        show(console)
    return text.getvalue().rstrip()


def print_report(report: Report, console: Console) -> None:
    """Print a whole report."""
    if report.judged:
        print_overview(report.judged, console)
        print_findings(report.judged, console)
    print_left_out(report, console)
    console.print(summary(report))


@dataclass(frozen=True, slots=True)
class _Group:
    """The same finding in one or more exchanges."""

    finding: Finding
    where: tuple[tuple[Exchange, Finding], ...]


def _grouped(judged: Iterable[Judged]) -> list[_Group]:
    """Put findings of the same rule, case and level together, in the order of a report."""
    together: dict[tuple[str, str, Level], list[tuple[Exchange, Finding]]] = {}
    for one in judged:
        for finding in one.judgement.findings:
            together.setdefault((finding.rule, finding.case, finding.level), []).append((one.exchange, finding))
    pages, levels = load().pages, list(Level)
    order = list(pages)
    keys = sorted(
        together, key=lambda key: (not pages[key[0]].promise, levels.index(key[2]), order.index(key[0]), key[1])
    )
    return [_Group(together[key][0][1], tuple(together[key])) for key in keys]


def print_findings(judged: Sequence[Judged], console: Console, places: Places | None = None) -> None:
    """Print each finding once: what, where, the words on the wire, why it matters, whom it breaks, the page.

    `places` says where a finding is, a line each; the first few places, without it.
    """
    for group in _grouped(judged):
        finding = group.finding
        page = load().pages[finding.rule]
        title = Text(f"{MARKS[finding.level]} {finding.level}  ", COLOURS[finding.level])
        title.append(finding.rule, "bold")
        title.append(f"  {page.cases[finding.case].means}")
        console.print(title)
        lines: list[tuple[str, str]] = [("found", finding.message)]
        lines += [("where", line) for line in (places or _places)(group.where)]
        if finding.text:
            lines.append(("wire", finding.text))
        lines.append(("why", page.cases[finding.case].why or page.why))
        if finding.breaks is not None:
            lines.append(("who", str(finding.breaks)))
        if finding.waiver is not None:
            lines.append(("waived", finding.waiver))
        lines.append(("blame", finding.blame))
        lines.append(("page", f"deltaproof rules {finding.rule}"))
        console.print(Padding(_facts(lines), (0, 0, 1, 2), expand=False))


def _facts(lines: Iterable[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    previous = ""
    for name, text in lines:
        grid.add_row("" if name == previous else name, Text(visible(text)))
        previous = name
    return grid


def _places(where: Sequence[tuple[Exchange, Finding]]) -> list[str]:
    shown = [place(exchange, finding) for exchange, finding in where[:_PLACES]]
    rest = len(where) - len(shown)
    return [*shown, f"and {rest} more {'place' if rest == 1 else 'places'}"] if rest else shown


def place(exchange: Exchange, finding: Finding) -> str:
    """Say where a finding is: "a.sse, event 3, body byte 412, choice 0, call 0 (5 times, last in event 9)"."""
    parts = [label(exchange)]
    if finding.event:
        parts += [f"event {finding.event}", f"body byte {finding.offset:,}"]
    if finding.choice is not None:
        parts.append(f"choice {finding.choice}")
    if finding.tool_call is not None:
        parts.append(f"call {finding.tool_call}")
    often = f" ({finding.count:,} times, last in event {finding.last_event:,})" if finding.count > 1 else ""
    return ", ".join(parts) + often


def print_left_out(report: Report, console: Console) -> None:
    """Name what was skipped, counted by reason, and what could not be read."""
    reasons: dict[str, list[str]] = {}
    for skipped in report.skipped:
        name = skipped.source if skipped.entry is None else f"{skipped.source}#{skipped.entry}"
        reasons.setdefault(skipped.reason, []).append(name)
    for reason, names in reasons.items():
        more = f", … and {len(names) - _PLACES} more" if len(names) > _PLACES else ""
        console.print(Text(f"skipped {len(names)}: {visible(reason)}", "dim"))
        console.print(Padding(Text(visible(", ".join(names[:_PLACES]) + more), "dim"), (0, 0, 0, 2)))
    for error in report.unreadable:
        console.print(Text(f"unreadable: {visible(str(error))}", "bold red"))


def summary(report: Report) -> Text:
    """Say in one line how many exchanges were judged and what came of it."""
    levels = report.levels
    counts = [_count(levels[level], level.value) for level in MARKS]
    if report.judged:
        line = Text(f"{_count(len(report.judged), 'exchange')} judged by {report.profile}: ")
        line.append(", ".join(counts), _summary_colour(levels))
    else:
        line = Text("nothing was judged", "bold red")
    if report.provider:
        waived = sum(finding.waiver is not None for finding in report.findings)
        line.append(f"; {_count(waived, 'waiver')} of {report.provider} applied")
    if report.skipped:
        line.append(f"; {len(report.skipped)} skipped")
    if report.unreadable:
        line.append(f"; {len(report.unreadable)} unreadable", "bold red")
    return line


def _summary_colour(levels: Mapping[Level, int]) -> str:
    return next((COLOURS[level] for level in MARKS if levels[level]), "green")


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
