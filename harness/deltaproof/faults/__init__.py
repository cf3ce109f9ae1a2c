"""All faults: named changes to an exchange, each of which breaks one rule on purpose. Judges nothing."""

from deltaproof.errors import UnknownNameError
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
    found = next((fault for fault in FAULTS if fault.name == name), None)
    if found is None:
        raise UnknownNameError(f"there is no fault {name!r}", hint="`deltaproof faults` lists them")
    return found


__all__ = ["FAULTS", "Fault", "InapplicableError", "named"]
