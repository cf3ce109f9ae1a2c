"""Sequences of what arrived made short, so that they stay the same where only the wording changed.

What is told one after the other and alike is told once, with how often: exactly where the number matters (a name
in 2 pieces, 2 times [DONE]), and as "many" where there are as many pieces as the words need. A piece without text among
such with text is one of them: whether a tokeniser holds half a character back depends on the words. Pieces that come in
turns are told once together. Heartbeats that carry nothing are many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from deltaproof.snapshot.said import Said

TIMES = " \N{MULTIPLICATION SIGN} "
MANY = "many"
IN_TURNS = " in turns"
_MOST = 200  # steps, so that a hostile stream has no hostile snapshot


class Run(NamedTuple):
    """The same, so many times."""

    said: Said
    times: int


def folded(runs: Iterable[Run]) -> tuple[str, ...]:
    """Return what arrived as lines."""
    lines = list(_lines(_merged(runs)))
    return (*lines[:_MOST], f"{len(lines) - _MOST} more") if len(lines) > _MOST else tuple(lines)


def _merged(runs: Iterable[Run]) -> list[Run]:
    """Put together what is alike and follows each other."""
    merged: list[Run] = []
    for run in runs:
        last = merged[-1] if merged else None
        if last is not None and str(last.said) in (str(run.said), run.said.likeness):
            merged[-1] = Run(last.said, last.times + run.times * (run.said == last.said))
        else:
            merged.append(run)
    return merged


def _lines(runs: list[Run]) -> Iterator[str]:
    for flows, group in groupby(runs, key=lambda run: run.said.flows):
        if flows:
            yield from _in_turns(list(group))
        else:
            for run in group:
                yield _line(str(run.said), run.times, exact=run.said.counts)


def _in_turns(runs: Sequence[Run]) -> Iterator[str]:
    """Yield pieces that follow each other; those between the first and the last of one kind are in turns with it."""
    last = {str(run.said): number for number, run in enumerate(runs)}
    first = 0
    while first < len(runs):
        end, number = last[str(runs[first].said)], first
        while number < end:
            number += 1
            end = max(end, last[str(runs[number].said)])
        if end == first:
            yield _line(str(runs[first].said), runs[first].times, exact=False)
        else:
            kinds = dict.fromkeys(str(run.said) for run in runs[first : end + 1])
            yield " | ".join(kinds) + IN_TURNS
        first = end + 1


def _line(said: str, times: int, *, exact: bool) -> str:
    return said if times == 1 else f"{said}{TIMES}{times if exact else MANY}"
