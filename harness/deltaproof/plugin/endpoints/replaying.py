"""A cassette served to a test: what it holds, or what a fault makes of it. Chooses no cassette and judges nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from deltaproof.cassette import read_kept
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


def existing(cassette: Path, names: Names) -> Path:
    """Return a cassette that is there.

    Raises:
        DeltaproofError: it is not.
    """
    if not cassette.exists():
        hint = f"Record it: {_RECORD % 'once'}"
        raise DeltaproofError("there is no such cassette", where=names.path(cassette), hint=hint)
    return cassette


def exchanges_in(cassette: Path, names: Names) -> list[Exchange]:
    """Return what a cassette holds, or all those in a folder.

    Raises:
        DeltaproofError: it is not there, cannot be read, or holds nothing.
    """
    exchanges: list[Exchange] = []
    for sighting in read_kept(existing(cassette, names)):
        if isinstance(sighting, UnreadableError):
            where = sighting.where.replace(named(cassette), names.path(cassette))
            raise UnreadableError(sighting.what, where=where, hint=sighting.hint)
        if isinstance(sighting, Exchange):
            exchanges.append(names.exchange(sighting))
    if not exchanges:
        raise UnreadableError("nothing is recorded there", where=names.path(cassette))
    return exchanges


@contextmanager
def replayed(config: pytest.Config, exchanges: Sequence[Exchange], options: Options, terms: Terms) -> Iterator[Held]:
    """Serve exchanges for as long as the block runs."""
    passing = Passing()

    def tell(found: Match | Miss) -> None:
        match found:
            case Match(exchange=exchange):
                passing.exchanges.append(exchange)
            case Miss(why=why):
                hint = f"To record it too: {_RECORD % 'new_episodes'}"
                passing.troubles.append(Trouble(f"not recorded: {why}", hint))

    shelf = Shelf(exchanges)
    with served(config).entered(ReplayServer(shelf, options, tell=tell)) as server:
        endpoint = Endpoint(server.base_url, passing, terms, _nothing)
        yield Held(endpoint, terms.fail_on, lambda: shelf.unused if terms.strict else ())


def _nothing() -> None:
    """Wait for nothing: what is replayed is noted before it is answered."""
