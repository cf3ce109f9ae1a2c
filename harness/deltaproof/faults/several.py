"""Which faults a word names, and several faults applied to one exchange. No fault lives here."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from deltaproof.errors import UnknownNameError
from deltaproof.exchange import Exchange
from deltaproof.faults.draft import InapplicableError
from deltaproof.faults.fault import Fault

ALL = "all"
"""The word for every fault."""

_LIST = "`deltaproof faults` lists them"


def is_pattern(word: str) -> bool:
    """Tell whether a word is a shell pattern, or `all`: it may name any number of faults."""
    return word == ALL or any(mark in word for mark in "*?[")


def listed(faults: Sequence[Fault], words: str) -> tuple[Fault, ...]:
    """Return the faults of words with commas between them, in the order given; each once.

    A word is a name, or a pattern of names, or `all`: these come in the order of the faults.

    Raises:
        UnknownNameError: there is none for some word.
    """
    found: dict[str, Fault] = {}
    for word in (part.strip() for part in words.split(",")):
        pattern = "*" if word == ALL else word
        fitting = {fault.name: fault for fault in faults if fnmatchcase(fault.name, pattern)}
        if not fitting:
            raise _unknown(faults, word)
        found |= fitting
    return tuple(found.values())


def combined(faults: Sequence[Fault], exchange: Exchange, *, seed: int = 0) -> Exchange:
    """Return the exchange with several faults, applied one after the other; `seed` as of `Fault.apply`.

    Raises:
        InapplicableError: one of them does not apply, to the exchange or to what those before it made of it.
    """
    changed = exchange
    for number, fault in enumerate(faults):
        try:
            changed = fault.apply(changed, seed=seed)
        except InapplicableError as error:
            before = ", ".join(one.name for one in faults[:number])
            after = f" does not apply after {before}:" if before else " does not apply:"
            what = error.what.replace(" does not apply:", after, 1)
            raise InapplicableError(what, where=error.where) from None
    return changed


def _unknown(faults: Sequence[Fault], word: str) -> UnknownNameError:
    names = [fault.name for fault in faults]
    if is_pattern(word):
        return UnknownNameError(f"no fault is called {word!r}", hint=_LIST)
    alike = [name for name in names if word and word in name][:8] or get_close_matches(word, names)
    return UnknownNameError(
        f"there is no fault {word!r}", hint=f"Did you mean {' or '.join(alike)}?" if alike else _LIST
    )
