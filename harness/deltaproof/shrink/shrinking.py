"""A recording made as small as it can be while it still shows what it is kept for. What that is, the caller says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deltaproof.errors import DeltaproofError
from deltaproof.exchange import Exchange
from deltaproof.shrink.calls import calls
from deltaproof.shrink.stages import around, events, fields
from deltaproof.shrink.texts import texts
from deltaproof.shrink.trial import OutOfTimeError, Trial

_STAGES = (around, events, calls, fields, texts)


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What came of making a recording smaller.

    Attributes:
        exchange: the smallest that was found.
        tries: how often it was asked whether a smaller one still shows.
        complete: whether nothing more can be left out, as far as that was tried; else there was no time to see.
    """

    exchange: Exchange
    tries: int
    complete: bool


def shrink(
    exchange: Exchange, still_shows: Callable[[Exchange], bool], *, go_on: Callable[[], bool] = lambda: True
) -> Shrunk:
    """Leave events out, then fields, then shorten texts, for as long as an exchange still shows something.

    All that is left stays byte for byte, and reads follow the bytes that they brought. The same exchange becomes the
    same, if there is time enough and `still_shows` always says the same.

    Args:
        exchange: what shows it.
        still_shows: tells whether an exchange shows it; asked some hundred times.
        go_on: tells whether there is time to ask again.

    Raises:
        DeltaproofError: the exchange itself does not show it.
    """
    if not still_shows(exchange):
        raise DeltaproofError("what is to be kept does not show in the recording", where=exchange.source)
    trial = Trial(exchange, still_shows, go_on)
    try:
        _go_through(trial)
    except OutOfTimeError:
        return Shrunk(trial.exchange, trial.tries, complete=False)
    return Shrunk(trial.exchange, trial.tries, complete=True)


def _go_through(trial: Trial) -> None:
    """Go through all stages until one turn of them leaves nothing out."""
    before = None
    while before is not trial.exchange:
        before = trial.exchange
        for stage in _STAGES:
            stage(trial)
