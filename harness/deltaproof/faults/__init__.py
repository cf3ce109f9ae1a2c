"""All faults: named changes to an exchange, each of which breaks one rule on purpose. Judges nothing."""

from deltaproof.faults import (
    arguments,
    choices,
    deltas,
    endings,
    entries,
    envelope,
    finishes,
    framing,
    indexes,
    legacy,
    requests,
    responses,
    texts,
    usages,
)
from deltaproof.faults.draft import InapplicableError
from deltaproof.faults.fault import Fault
from deltaproof.faults.several import combined, is_pattern, listed

FAULTS: tuple[Fault, ...] = (
    *entries.FAULTS,
    *indexes.FAULTS,
    *arguments.FAULTS,
    *choices.FAULTS,
    *deltas.FAULTS,
    *legacy.FAULTS,
    *finishes.FAULTS,
    *usages.FAULTS,
    *envelope.FAULTS,
    *endings.FAULTS,
    *framing.FAULTS,
    *texts.FAULTS,
    *responses.FAULTS,
    *requests.FAULTS,
)


def named(name: str) -> Fault:
    """Return the fault of a name.

    Raises:
        UnknownNameError: there is none.
    """
    return listed(FAULTS, name)[0]


def chosen(words: str) -> tuple[Fault, ...]:
    """Return the faults of names and shell patterns with commas between them, each once.

    Raises:
        UnknownNameError: there is none.
    """
    return listed(FAULTS, words)


__all__ = ["FAULTS", "Fault", "InapplicableError", "chosen", "combined", "is_pattern", "named"]
