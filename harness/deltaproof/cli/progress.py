"""How far a run of the suite is, on standard error: one line that changes on a terminal, else a line per scenario."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from deltaproof.drive.scenarios.run import Begun, Fact
from deltaproof.suite.outcome import Outcome, ScenarioRun

Listener = Callable[[Fact], None]


def silent(_: Fact) -> None:
    """Show nothing."""


@contextmanager
def progress(total: int) -> Iterator[Listener]:
    """Show how far the run is, for as long as the block runs, in the way that suits standard error."""
    if not sys.stderr.isatty():
        yield _lines(total)
        return
    from rich.console import Console

    console = Console(stderr=True, markup=False, highlight=False)
    with console.status("connecting") as status:
        yield _line(total, status.update)


def _lines(total: int) -> Listener:
    """Write a line when a scenario ends."""
    ended = 0

    def take(fact: Fact) -> None:
        nonlocal ended
        if isinstance(fact, ScenarioRun):
            ended += 1
            click.echo(f"{ended}/{total} {fact.scenario.name}: {fact.outcome}", err=True)

    return take


def _line(total: int, show: Callable[[str], None]) -> Listener:
    """Change one line when a scenario begins or ends."""
    begun: list[str] = []
    outcomes: list[Outcome] = []

    def take(fact: Fact) -> None:
        match fact:
            case Begun():
                begun.append(fact.scenario.name)
            case ScenarioRun():
                outcomes.append(fact.outcome)
                begun[:] = [name for name in begun if name != fact.scenario.name]
        failed = outcomes.count(Outcome.FAILED) + outcomes.count(Outcome.UNREACHABLE)
        trouble = f", {failed} failed" if failed else ""
        show(f"{len(outcomes)}/{total}{trouble}  {', '.join(begun)}")

    return take
