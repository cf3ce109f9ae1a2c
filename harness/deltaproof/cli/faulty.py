"""Recordings broken on purpose before they are served, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from deltaproof.breaking import broken_answers
from deltaproof.cassette import read_path
from deltaproof.exchange import Exchange
from deltaproof.faults import InapplicableError, chosen, is_pattern


def with_faults(
    exchanges: Sequence[Exchange], paths: Iterable[str], names: str, *, timed: bool, seed: int
) -> tuple[Exchange, ...]:
    """Return exchanges, their streams with faults where these apply; tell on standard error where they do not.

    Args:
        exchanges: as kept.
        paths: where they were read.
        names: the faults, with commas between them, applied in order.
        timed: as of `broken_answers`.
        seed: as of `Fault.apply`.

    Raises:
        UnknownNameError: there is no such fault.
        InapplicableError: they apply to none, or the names are a pattern: several faults of a kind do not go together.
    """
    if is_pattern(names):
        raise InapplicableError("a pattern may mean several faults", where=names, hint="Name them, with commas")
    faults = chosen(names)
    streams = (one for path in paths for one in read_path(Path(path)) if isinstance(one, Exchange))
    answers = broken_answers(exchanges, streams, faults, timed=timed, seed=seed)
    for what, times in answers.refused.items():
        click.echo(f"served as recorded, {times:,} of {answers.streams:,}: {what}", err=True)
    return answers.exchanges
