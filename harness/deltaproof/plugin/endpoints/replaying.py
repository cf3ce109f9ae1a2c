"""A cassette served to a test: what it holds, or what a fault makes of it. Chooses no cassette and judges nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from deltaproof.cassette import read_kept
from deltaproof.cassette.journal import has_left
from deltaproof.cassette.page_file import is_recovered
from deltaproof.cassette.paths import named
from deltaproof.cassette.shelf import Match, Miss, Shelf
from deltaproof.drive.play.replay_server import Options, ReplayServer
from deltaproof.errors import DeltaproofError, UnreadableError
from deltaproof.exchange import Exchange
from deltaproof.plugin.endpoints.endpoint import Endpoint
from deltaproof.plugin.endpoints.passing import Passing, Trouble
from deltaproof.plugin.endpoints.served import served
from deltaproof.plugin.endpoints.verdicts import Held
from deltaproof.plugin.places import Names
from deltaproof.plugin.settings import RECORD, UPSTREAM
from deltaproof.plugin.terms import Terms

_RECORD = f"{RECORD.option} %s {UPSTREAM.option} URL"
_ABSENT = "there is no such cassette"
_ANEW = f"Record it: {_RECORD % 'once'}"
_AGAIN = f"Record the test again: {_RECORD % 'once'}"


def existing(cassette: Path, names: Names) -> Path:
    """Return a cassette that is there.

    Raises:
        DeltaproofError: it is not.
    """
    if not cassette.exists():
        raise DeltaproofError(_ABSENT, where=names.path(cassette), hint=_ANEW)
    return cassette


def exchanges_in(cassette: Path, names: Names) -> list[Exchange]:
    """Return what a cassette holds, or all those in a folder.

    Raises:
        UnreadableError: it cannot be read, or holds nothing.
    """
    exchanges: list[Exchange] = []
    for sighting in read_kept(cassette):
        if isinstance(sighting, UnreadableError):
            where = sighting.where.replace(named(cassette), names.path(cassette))
            raise UnreadableError(sighting.what, where=where, hint=sighting.hint)
        if isinstance(sighting, Exchange):
            exchanges.append(names.exchange(sighting))
    if not exchanges:
        raise UnreadableError("nothing is recorded there", where=names.path(cassette))
    return exchanges


def cassette_replayed(
    config: pytest.Config, cassette: Path, options: Options, terms: Terms
) -> AbstractContextManager[Held]:
    """Serve a cassette; where there is none, whatever is asked fails the test, and one that asks nothing passes.

    Raises:
        UnreadableError: it cannot be read, or holds nothing.
    """
    names = Names(config.invocation_params.dir)
    if cassette.exists():
        return replayed(config, exchanges_in(cassette, names), options, terms)
    return replayed(config, (), options, terms, hint=f"{names.path(cassette)}: {_ABSENT}. {_ANEW}")


def was_killed(cassette: Path) -> bool:
    """Tell whether the recording of a cassette was killed, and it lacks what was to come; never raises.

    A page of it is left then, or in it is what had come of an exchange. Of one that was killed between two exchanges
    nothing tells.
    """
    if not cassette.is_file():
        return False
    if has_left(cassette):
        return True
    try:
        if b"recovered:" not in cassette.read_bytes():  # to read what is in it takes a hundred times as long
            return False
    except OSError:
        return False
    return any(isinstance(one, Exchange) and is_recovered(one) for one in read_kept(cassette))


@contextmanager
def replayed(
    config: pytest.Config,
    exchanges: Sequence[Exchange],
    options: Options,
    terms: Terms,
    *,
    hint: str = f"To record it too: {_RECORD % 'new_episodes'}",
) -> Iterator[Held]:
    """Serve exchanges for as long as the block runs; `hint` says what to do about a request that is not recorded."""
    passing = Passing()

    def tell(found: Match | Miss) -> None:
        match found:
            case Match(exchange=exchange):
                passing.exchanges.append(exchange)
                if is_recovered(exchange):
                    place = f"{exchange.source}#{exchange.entry}"
                    passing.troubles.append(Trouble(f"{place} was cut short: its recording was killed", _AGAIN))
            case Miss(why=why):
                passing.troubles.append(Trouble(f"not recorded: {why}", hint))

    shelf = Shelf(exchanges)
    with served(config).entered(ReplayServer(shelf, options, tell=tell)) as server:
        endpoint = Endpoint(server.base_url, passing, terms, _nothing)
        yield Held(endpoint, terms.fail_on, lambda: shelf.unused if terms.strict else ())


def _nothing() -> None:
    """Wait for nothing: what is replayed is noted before it is answered."""
