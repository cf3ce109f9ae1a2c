"""Who is to know that the run is interrupted, before fixtures clean up after it. What it means to them is theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

_TOLD = pytest.StashKey[list[Callable[[], None]]]()


def is_interrupted(session: pytest.Session) -> bool:
    """Tell whether pytest is on its way out of a test that did not come to its end."""
    return session.exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)


def tell_of_interrupt(session: pytest.Session) -> None:
    """Call who is to know, where the run that is about to finish was interrupted."""
    if is_interrupted(session):
        for call in session.config.stash.get(_TOLD, []):
            call()


@contextmanager
def told_of_interrupts(config: pytest.Config, call: Callable[[], None]) -> Iterator[None]:
    """Have a function called for as long as the block runs."""
    calls = config.stash.setdefault(_TOLD, [])
    calls.append(call)
    try:
        yield
    finally:
        calls.remove(call)
