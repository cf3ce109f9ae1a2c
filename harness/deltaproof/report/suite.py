"""A run of the suite for a person at a terminal: a row per scenario, then what failed and was found. Judges nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deltaproof.catalog import Level, Scenario
from deltaproof.checking import Judged
from deltaproof.exchange import Exchange
from deltaproof.report.terminal import place, print_findings
from deltaproof.report.visible import visible
from deltaproof.suite.outcome import MEANS, Arrival, Check, Outcome, ScenarioRun, SuiteRun, Timing
from deltaproof.verdict import Finding

if TYPE_CHECKING:
    from rich.console import Console

_PLACES = 2
_NARROW = 72  # columns, below which there are no times
_WIDE = 120  # columns, for headings that are whole words
_WIDEST = 180  # for the scenarios' titles too
_MARKS = {Level.ERROR: "✗", Level.WARNING: "!", Level.NOTE: "·"}
_LEVEL_COLOURS = {Level.ERROR: "bold red", Level.WARNING: "yellow", Level.NOTE: "cyan"}
_COLOURS = {
    Outcome.UNREACHABLE: "bold red",
    Outcome.UNSUPPORTED: "blue",
    Outcome.UNEXERCISED: "magenta",
    Outcome.SKIPPED: "dim",
}
_ARRIVALS = {Arrival.STREAM: "yes", Arrival.BURST: "burst", Arrival.UNKNOWN: "?"}
_HEADINGS = ("first byte", "first argument", "fragments/s", "longest gap", "streams")
_SHORT_HEADINGS = ("byte", "arg", "frag/s", "gap", "streams")


def print_suite(suite: SuiteRun, console: Console) -> None:
    """Print a whole run."""
    console.print(Padding(Text(visible(_target(suite)), "bold"), (0, 0, 1, 0)))
    _print_table(suite.runs, console)
    _print_reasons(suite.runs, console)
    print_failures(suite.runs, console)
    print_findings([labelled(judged) for judged in suite.report.judged], console, places=_places)
    console.print(summary(suite))


def _target(suite: SuiteRun) -> str:
    told = ", ".join(part for part in (suite.server, suite.fingerprint) if part)
    return f"{suite.url}  {suite.model}" + (f"  ({told})" if told else "")


def labelled(judged: Judged) -> Judged:
    """Return what was judged, named by its scenario rather than by the one URL that all have."""
    return replace(judged, exchange=replace(judged.exchange, source=judged.exchange.scenario, entry=0))


def _places(where: Sequence[tuple[Exchange, Finding]]) -> list[str]:
    """Say where a finding is, in full for the first scenarios, then by name."""
    scenarios = dict.fromkeys(exchange.scenario for exchange, _ in where)
    shown = list(scenarios)[:_PLACES]
    firsts = [next(pair for pair in where if pair[0].scenario == name) for name in shown]
    rest = list(scenarios)[_PLACES:]
    return [*(place(exchange, finding) for exchange, finding in firsts), *([f"also {', '.join(rest)}"] if rest else [])]


def _print_table(runs: Sequence[ScenarioRun], console: Console) -> None:
    wide, widest = console.width >= _WIDE, console.width >= _WIDEST
    headings = _HEADINGS if wide else _SHORT_HEADINGS if console.width >= _NARROW else ()
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0) if wide else 0)
    table.add_column("scenario", overflow="fold")
    if widest:
        table.add_column("")
    table.add_column("outcome", no_wrap=True)
    for level, mark in _MARKS.items():
        table.add_column(Text(mark, _LEVEL_COLOURS[level]), justify="right", no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    group = ""
    for run in runs:
        if group and run.scenario.group != group:
            table.add_section()
        group = run.scenario.group
        title = [run.scenario.title] if widest else []
        times = _times(run.timing)[: len(headings)]
        table.add_row(run.scenario.name, *title, _outcome(run), *_counts(run), *times)
    console.print(table)
    legend = "✗ errors  ! warnings  · notes, of rules and of failed checks"
    legend += ";  ?  too short to tell whether it streams" if headings else ""
    console.print(Padding(Text(legend, "dim"), (1, 0)))


def _outcome(run: ScenarioRun) -> Text:
    gravest = next((level for level in _MARKS if run.levels[level]), None)
    judged = "green" if gravest in (None, Level.NOTE) else _LEVEL_COLOURS[gravest]
    return Text(run.outcome, _COLOURS.get(run.outcome, judged))


def _counts(run: ScenarioRun) -> list[Text]:
    levels = run.levels
    return [Text(str(levels[level]) if levels[level] else "", _LEVEL_COLOURS[level]) for level in _MARKS]


def _times(timing: Timing | None) -> list[str]:
    if timing is None:
        return [""] * len(_HEADINGS)
    rate = timing.fragments_per_second
    return [
        _seconds(timing.first_byte),
        _seconds(timing.first_argument),
        "" if rate is None else f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}",  # noqa: PLR2004 - two digits suffice
        _seconds(timing.longest_gap),
        _ARRIVALS[timing.arrival] if timing.first_byte is not None else "",
    ]


def _seconds(value: float | None) -> str:
    """Write a time with two or three digits: 0.4ms, 25ms, 250ms, 1.25s, 12.5s, 125s."""
    if value is None:
        return ""
    if value < 0.9995:  # noqa: PLR2004 - what rounds to less than 1000 ms
        return f"{value * 1000:.1f}ms" if value < 0.00995 else f"{value * 1000:.0f}ms"  # noqa: PLR2004 - to 10 ms
    return f"{value:.3g}s"


def _print_reasons(runs: Sequence[ScenarioRun], console: Console) -> None:
    """Say why scenarios came to no judgement; those with the same reason together."""
    together: dict[tuple[Outcome, str], list[ScenarioRun]] = {}
    for run in runs:
        if run.outcome not in (Outcome.JUDGED, Outcome.FAILED):
            together.setdefault((run.outcome, reason(run)), []).append(run)
    grid = Table.grid(padding=(0, 2, 0, 0))
    for (outcome, told), alike in together.items():
        names = ", ".join(run.scenario.name for run in alike)
        grid.add_row(Text(outcome, _COLOURS[outcome]), Text(visible(f"{names}: {told}")))
    if together:
        console.print(Padding(grid, (0, 0, 1, 0)))


def reason(run: ScenarioRun) -> str:
    """Say why a scenario came to no judgement, after how many attempts and whom that is held against."""
    decisive = run.decisive
    often = [f"{len(run.attempts)} attempts"] if len(run.attempts) > 1 else []
    blame = [f"blame: {decisive.blame}"] if decisive.blame else []
    aside = "; ".join([*often, *blame])
    return f"{decisive.reason} ({aside})" if aside else decisive.reason


def print_failures(runs: Sequence[ScenarioRun], console: Console) -> None:
    """Print each check that does not hold once, with the scenarios in which it does not."""
    order = list(Level)
    together: dict[tuple[Level, str], list[tuple[Scenario, Check]]] = {}
    for run in runs:
        for check in run.failures:
            together.setdefault((check.level, check.name), []).append((run.scenario, check))
    for level, name in sorted(together, key=lambda key: (order.index(key[0]), key[1])):
        failed = together[level, name]
        title = Text(f"{_MARKS[level]} {level}  ", _LEVEL_COLOURS[level])
        title.append(f"check failed: {name}", "bold")
        title.append(f"  {MEANS[failed[0][1].name]}")
        console.print(title)
        console.print(Padding(_facts(failed), (0, 0, 1, 2)))


def _facts(failed: Sequence[tuple[Scenario, Check]]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for scenario, check in failed:
        grid.add_row("found", Text(visible(f"{scenario.name}: {check.message}")))
        if check.text:
            grid.add_row("wire", Text(visible(check.text)))
    grid.add_row("blame", ", ".join(dict.fromkeys(check.blame.value for _, check in failed)))
    return grid


def summary(suite: SuiteRun) -> Text:
    """Say in one line how many scenarios came to what, and what was found."""
    outcomes = suite.outcomes
    counts = [f"{outcomes[outcome]} {outcome}" for outcome in Outcome if outcomes[outcome]]
    line = Text(f"{_count(len(suite.runs), 'scenario')}: {', '.join(counts)}; by {suite.profile}: ")
    levels = suite.levels
    told = ", ".join(_count(levels[level], level.value) for level in _MARKS)
    line.append(told, _summary_colour(levels))
    if suite.provider:
        line.append(f"; waivers of {suite.provider} applied")
    if suite.interrupted:
        line.append("; interrupted", "bold red")
    return line


def _summary_colour(levels: Mapping[Level, int]) -> str:
    return next((_LEVEL_COLOURS[level] for level in _MARKS if levels[level]), "green")


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
