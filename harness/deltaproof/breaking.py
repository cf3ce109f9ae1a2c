"""Exchanges broken by several faults at once, each of which must show. What a fault is, is in faults."""

from __future__ import annotations

from collections.abc import Sequence

from deltaproof.exchange import Exchange
from deltaproof.faults import Fault, InapplicableError
from deltaproof.faults.several import combined
from deltaproof.verdict import judge

_STRICTEST = "openai-strict"
"""The profile by which every deviation counts."""


def broken(exchange: Exchange, faults: Sequence[Fault], *, seed: int = 0) -> Exchange:
    """Return an exchange with faults applied in order; `seed` as of `Fault.apply`.

    Raises:
        InapplicableError: one of them does not apply, or one of several shows alone and not beside the others.
    """
    changed = combined(faults, exchange, seed=seed)
    if len(faults) > 1:
        shown = _cases(changed)
        for fault in faults:
            if fault.breaks and fault.breaks not in shown and _shows_alone(fault, exchange, seed):
                names = " and ".join(one.name for one in faults)
                what = f"{names} do not go together: then {fault.breaks} does not show"
                raise InapplicableError(what, where=exchange.source)
    return changed


def _shows_alone(fault: Fault, exchange: Exchange, seed: int) -> bool:
    try:
        return fault.breaks in _cases(fault.apply(exchange, seed=seed))
    except InapplicableError:  # it breaks what one of the others has made
        return True


def _cases(exchange: Exchange) -> frozenset[str]:
    """Return the cases by which an exchange deviates."""
    return frozenset(f"{finding.rule}.{finding.case}" for finding in judge(exchange, profile=_STRICTEST).findings)
