"""A report for a person at a terminal: a table by source and rule group, then each finding once. Judges nothing."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO, TypeAlias

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deltaproof.catalog import GROUPS, Level, load
from deltaproof.checking import Judged, Report
from deltaproof.exchange import Evidence, Exchange
from deltaproof.report.visible import visible
from deltaproof.verdict import Finding, Verdict

_COLOURS = {Level.ERROR: "bold red", Level.WARNING: "yellow", Level.NOTE: "cyan", Level.OFF: "dim"}
_MARKS = {Level.ERROR: "✗", Level.WARNING: "!", Level.NOTE: "·"}
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
_WIDE = 120
_ROWS = 60
_PLACES = 4

Places: TypeAlias = Callable[[Sequence[tuple[Exchange, Finding]]], list[str]]
"""Says where a finding is, given each exchange with the finding in it."""


def console_for(stream: TextIO | None = None, *, width: int | None = None) -> Console:
    """Return a console for a stream, standard output by default, that takes no markup and makes up no colours."""
    return Console(file=stream or sys.stdout, width=width, markup=False, highlight=False, emoji=False)


def print_report(report: Report, console: Console) -> None:
    """Print a whole report."""
    if report.judged:
        print_table(report.judged, console)
        print_findings(report.judged, console)
    print_left_out(report, console)
    console.print(summary(report))


def print_table(judged: Sequence[Judged], console: Console) -> None:
    """Print a row per exchange and a column per rule group; of many exchanges, those with the gravest findings."""
    wide = console.width >= _WIDE
    groups = sorted({page.group for page in load().pages.values()}, key=GROUPS.index)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("source", overflow="fold", ratio=None, min_width=16)
    for group in groups:
        table.add_column(group if wide else _SHORT_GROUPS[group], justify="center", no_wrap=True)
    shown = sorted(judged, key=_gravity)[:_ROWS] if len(judged) > _ROWS else judged
    for one in shown:
        table.add_row(Text(visible(label(one.exchange))), *(_cell(one, group, 2 if wide else 1) for group in groups))
    console.print(table)
    if len(shown) < len(judged):
        console.print(f"… and {len(judged) - len(shown)} more exchanges; --format json has them all")
    console.print(_legend())
    if missing := _missing(judged):
        console.print(Text(f"undecided for want of: {missing}", "dim"))
    console.print()


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
    return tuple(-levels[level] for level in _MARKS)


def _cell(judged: Judged, group: str, most: int) -> Text:
    """Show the gravest known of a group: its findings at up to `most` levels, else what is open, else conforming."""
    judgement = judged.judgement
    slugs = {slug for slug, page in load().pages.items() if page.group == group}
    levels = Counter(finding.level for finding in judgement.findings if finding.rule in slugs)
    if levels:
        parts = [Text(f"{_MARKS[level]}{levels[level]}", _COLOURS[level]) for level in _MARKS if levels[level]]
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
        title = Text(f"{_MARKS[finding.level]} {finding.level}  ", _COLOURS[finding.level])
        title.append(finding.rule, "bold")
        title.append(f"  {page.cases[finding.case].means}")
        console.print(title)
        lines: list[tuple[str, str]] = [("found", finding.message)]
        lines += [("where", line) for line in (places or _places)(group.where)]
        if finding.text:
            lines.append(("wire", finding.text))
        lines.append(("why", page.why))
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


def label(exchange: Exchange) -> str:
    """Name an exchange: its source, with the entry's number where it is not the first."""
    return f"{exchange.source}#{exchange.entry}" if exchange.entry else exchange.source


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
    counts = [_count(levels[level], level.value) for level in _MARKS]
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
    return next((_COLOURS[level] for level in _MARKS if levels[level]), "green")


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
