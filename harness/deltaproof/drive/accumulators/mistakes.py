"""A client's mistake: the stream that shows it, whether it does so every time, whether a smaller one still does.

Makes no stream smaller, and knows no client.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deltaproof.accumulate.outcome import Outcome, Ruling
from deltaproof.checking import Judged
from deltaproof.drive.accumulators.session import Session
from deltaproof.errors import DeltaproofError
from deltaproof.exchange import Exchange
from deltaproof.verdict import judge

_LOOKS = 3
"""How often a stream is folded to see that the same comes of it each time; one that nothing comes of in time, once."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What a client made of a stream, and should not have made of it."""

    judged: Judged
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Again:
    """What came of a stream when a new process folded it: how often the same mistake, of how many times."""

    same: int
    looks: int
    others: tuple[str, ...]

    @property
    def is_steady(self) -> bool:
        """Whether it was the same each time."""
        return self.same == self.looks


def find_mistake(session: Session, several: Sequence[Judged]) -> Mistake:
    """Let an accumulator fold some streams, and return the gravest mistake: one that it makes every time.

    Raises:
        DeltaproofError: it makes none, or not every time, or it does not ask for a stream at all.
    """
    gravest = min(
        (Mistake(judged, session.ruled(judged)) for judged in several),
        key=lambda mistake: list(Outcome).index(mistake.ruling.outcome),
    )
    source, ruling = gravest.judged.exchange.source, gravest.ruling
    if ruling.outcome.is_as_it_should:
        raise DeltaproofError(f"what comes of it is as it should be: {ruling.outcome}, {ruling.reason}", where=source)
    more = [session.ruled(gravest.judged).kind for _ in range(_looks(ruling) - 1)]
    if any(kind != ruling.kind for kind in more):
        told = ", ".join((ruling.kind, *more))
        hint = "What does not show every time cannot be made smaller"
        raise DeltaproofError(f"not the same comes of it each time: {told}", where=source, hint=hint)
    return gravest


def showing(
    session: Session, mistake: Mistake, until: float, guard: Callable[[Exchange], bool]
) -> Callable[[Exchange], bool]:
    """Return what tells whether a part of a stream still shows a mistake; nothing does once it is `until`.

    It is the same mistake where the outcome is the same, and about the same. A client that does not ask for the part,
    since the request is no good to it, shows nothing, and neither does a part that the guard, which is asked first,
    does not let pass. `until` is a time of `time.monotonic`.
    """

    def still_shows(part: Exchange) -> bool:
        if part is mistake.judged.exchange:
            return True
        if not guard(part):
            return False
        seen = session.fold(Judged(part, judge(part)), until)
        return seen is not None and seen.asked and seen.ruling.kind == mistake.ruling.kind

    return still_shows


def look_again(session: Session, exchange: Exchange, ruling: Ruling) -> tuple[Ruling, Again]:
    """Let a new process fold a stream some times; return what came of it, the same mistake if it ever was it."""
    session.start_anew()
    judged = Judged(exchange, judge(exchange))
    rulings = [session.ruled(judged) for _ in range(_looks(ruling))]
    same = [one for one in rulings if one.kind == ruling.kind]
    others = dict.fromkeys(one.kind for one in rulings if one.kind != ruling.kind)
    return (same or rulings)[0], Again(len(same), len(rulings), tuple(others))


def _looks(ruling: Ruling) -> int:
    return 1 if ruling.outcome is Outcome.NO_ANSWER else _LOOKS
