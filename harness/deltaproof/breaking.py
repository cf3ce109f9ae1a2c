"""Exchanges broken on purpose, also by several faults at once, each of which must show; recordings with such answers.

What a fault is, is in faults.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

from deltaproof.cassette.scrub import plain
from deltaproof.exchange import Exchange
from deltaproof.faults import Fault, InapplicableError
from deltaproof.faults.several import combined
from deltaproof.verdict import judge

_STRICTEST = "openai-strict"
"""The profile by which every deviation counts."""

_FEW = 3  # faults, that are tried in every order


def broken(exchange: Exchange, faults: Sequence[Fault], *, seed: int = 0) -> Exchange:
    """Return an exchange with faults applied in order, or in another where only so all of them show.

    `seed` is as in `Fault.apply`.

    Raises:
        InapplicableError: one of them does not apply, or one of several shows alone and not beside the others.
    """
    refusals = []
    for order in permutations(faults) if len(faults) <= _FEW else (faults,):
        try:
            return _broken_in_order(exchange, order, seed)
        except InapplicableError as error:
            refusals.append(error)
    raise refusals[0]


def _broken_in_order(exchange: Exchange, faults: Sequence[Fault], seed: int) -> Exchange:
    changed = combined(faults, exchange, seed=seed)
    if len(faults) > 1:
        shown = _cases(changed)
        for fault in faults:
            if fault.breaks and fault.breaks not in shown and _shows_alone(fault, exchange, seed):
                names = " and ".join(one.name for one in faults)
                what = f"{names} do not go together: then {fault.breaks} does not show"
                raise InapplicableError(what, where=exchange.source)
    return changed


def answered(exchange: Exchange, faults: Sequence[Fault], *, seed: int = 0) -> Exchange:
    """Return an exchange with faults in its response; the request, which a client sends itself, stays.

    Raises:
        InapplicableError: they do not apply, or they change the request alone.
    """
    changed = broken(exchange, faults, seed=seed)
    asked = replace(changed, request=exchange.request, sent=exchange.sent, sent_headers=exchange.sent_headers)
    told = replace(asked, answer=exchange.answer)
    if told == exchange:
        names = ", ".join(fault.name for fault in faults)
        raise InapplicableError(f"{names} does not apply: it changes what was asked for, and that the client sends")
    return told


def changes_times_alone(before: Exchange, after: Exchange) -> bool:
    """Tell whether an exchange differs from another in when its parts came, and in nothing else."""
    return after != before and replace(after, reads=before.reads, ended=before.ended) == before


def _shows_alone(fault: Fault, exchange: Exchange, seed: int) -> bool:
    try:
        return fault.breaks in _cases(fault.apply(exchange, seed=seed))
    except InapplicableError:  # it breaks what one of the others has made
        return True


def _cases(exchange: Exchange) -> frozenset[str]:
    """Return the cases by which an exchange deviates."""
    return frozenset(f"{finding.rule}.{finding.case}" for finding in judge(exchange, profile=_STRICTEST).findings)


@dataclass(frozen=True, slots=True)
class Answers:
    """Recorded exchanges to be served, the responses broken of those that faults apply to.

    Attributes:
        exchanges: all of them, in their order.
        refused: why faults do not apply to a stream, and to how many: these are as recorded.
        streams: how many of them are streams.
    """

    exchanges: tuple[Exchange, ...]
    refused: Mapping[str, int]
    streams: int


def broken_answers(
    kept: Iterable[Exchange], streams: Iterable[Exchange], faults: Sequence[Fault], *, timed: bool, seed: int = 0
) -> Answers:
    """Return exchanges, with faults in the responses that these apply to: a request is what a client sends itself.

    Args:
        kept: all that is to be served, as kept.
        streams: those of them that are judged, their content encodings undone.
        faults: applied in order.
        timed: whether they are served in the time that was recorded; else faults of times alone do not apply.
        seed: as of `Fault.apply`.

    Raises:
        InapplicableError: they apply to none.
    """
    known = {(one.source, one.entry): plain(one) for one in streams}
    served = []
    refused: Counter[str] = Counter()
    for exchange in kept:
        stream = known.get((exchange.source, exchange.entry))
        try:
            if stream is not None and not timed:
                _raise_if_of_times(stream, faults, seed)
            served.append(exchange if stream is None else answered(stream, faults, seed=seed))
        except InapplicableError as error:
            refused[error.what] += 1
            served.append(exchange)
    if refused.total() == len(known):
        names = ", ".join(fault.name for fault in faults)
        raise InapplicableError(next(iter(refused), f"{names} does not apply: there is no stream"))
    return Answers(tuple(served), refused, len(known))


def _raise_if_of_times(exchange: Exchange, faults: Sequence[Fault], seed: int) -> None:
    """Raise where one of some faults changes nothing but when the parts of an exchange come.

    Raises:
        InapplicableError: so it is.
    """
    for fault in faults:
        try:
            changed = fault.apply(exchange, seed=seed)
        except InapplicableError:  # by itself; what comes of it after another is seen there
            continue
        if changes_times_alone(exchange, changed):
            raise InapplicableError(f"{fault.name} does not apply: it changes times alone, and all is served at once")
