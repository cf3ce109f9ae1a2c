"""A run told in plain words: what the server does differently, and what comes of it for those who call it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.table import Table
from rich.text import Text

from deltaproof.catalog import Level, load
from deltaproof.report.visible import visible
from deltaproof.suite.outcome import MEANS, Outcome, SuiteRun
from deltaproof.verdict import Verdict

if TYPE_CHECKING:
    from rich.console import Console

_SHOWN = 3


class Difference(NamedTuple):
    """One thing that a server does differently.

    Attributes:
        level: how much it weighs.
        what: what it does, a sentence.
        so: what comes of it, a sentence.
        where: the scenarios that showed it.
    """

    level: Level
    what: str
    so: str
    where: tuple[str, ...]


class _Fact(NamedTuple):
    """What one scenario showed: what it is called in general, how it was here, and what comes of it."""

    level: Level
    means: str
    message: str
    so: str
    scenario: str


def differences(suite: SuiteRun) -> list[Difference]:
    """Return what a run found at level warning and above, the gravest first, each thing once."""
    together: dict[tuple[Level, str], list[_Fact]] = {}
    for fact in (*_of_rules(suite), *_of_checks(suite)):
        together.setdefault((fact.level, fact.so), []).append(fact)
    levels = list(Level)
    return [
        Difference(level, _told(facts), so, tuple(dict.fromkeys(fact.scenario for fact in facts)))
        for (level, so), facts in sorted(together.items(), key=lambda entry: levels.index(entry[0][0]))
    ]


def _of_rules(suite: SuiteRun) -> Iterator[_Fact]:
    pages = load().pages
    for run in suite.runs:
        for judged in run.judged:
            for finding in judged.judgement.findings:
                if finding.level in (Level.ERROR, Level.WARNING):
                    page = pages[finding.rule]
                    means = page.cases[finding.case].means
                    yield _Fact(finding.level, means, finding.message, page.why, run.scenario.name)


def _of_checks(suite: SuiteRun) -> Iterator[_Fact]:
    for run in suite.runs:
        for check in run.failures:
            so = f"What is expected: {MEANS[check.name]}."
            yield _Fact(check.level, "", check.message, so, run.scenario.name)


def _told(facts: Sequence[_Fact]) -> str:
    """Say each general thing once, with all that was seen of it."""
    messages: dict[str, dict[str, None]] = {}
    for fact in facts:
        messages.setdefault(fact.means, {})[fact.message] = None
    return " ".join(
        _sentence(f"{means}: {'; '.join(seen)}" if means else "; ".join(seen)) for means, seen in messages.items()
    )


def _sentence(phrase: str) -> str:
    """Begin with a capital, unless the first word is a name such as tool_choice."""
    word = phrase.split(" ", 1)[0]
    return f"{phrase[:1].upper() if word.isalpha() else phrase[:1]}{phrase[1:]}."


def print_plain_words(suite: SuiteRun, name: str, console: Console) -> None:
    """Print the differences of a server by that name as a numbered list, then what conforms."""
    found = differences(suite)
    console.print(Text(f"What {name} does differently, in plain words", "bold"))
    console.print()
    grid = Table.grid(padding=(0, 1, 1, 0))
    grid.add_column(justify="right")
    grid.add_column(overflow="fold")
    for number, one in enumerate(found, 1):
        told = Text(visible(one.what))
        told.append(f" {visible(one.so)}", "dim")
        told.append(f" [{_names(one.where)}]", "cyan")
        grid.add_row(f"{number}.", told)
    console.print(grid)
    verdicts = suite.report.verdicts
    counts = {verdict: sum(known is verdict for known in verdicts.values()) for verdict in Verdict}
    unsupported = [run.scenario.name for run in suite.runs if run.outcome is Outcome.UNSUPPORTED]
    console.print(
        f"Of {len(verdicts)} rules {counts[Verdict.CONFORMS]} conform in every scenario, {counts[Verdict.DEVIATES]} "
        f"deviate in some, {counts[Verdict.UNDECIDED]} are undecided, and {counts[Verdict.UNEXERCISED]} had nothing to "
        f"look at." + (f" Properly refused: {', '.join(unsupported)}." if unsupported else "")
    )


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
