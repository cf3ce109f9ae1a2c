"""The endpoint of a test, opened: from its cassette, its parameter or an upstream. What it is held to is elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from deltaproof.cassette import read_kept
from deltaproof.cassette.shelf import Match, Miss, Shelf
from deltaproof.drive.play.replay_server import Options, ReplayServer
from deltaproof.errors import DeltaproofError, UnreadableError
from deltaproof.exchange import Exchange
from deltaproof.faults import named as fault_named
from deltaproof.plugin.endpoint import Endpoint
from deltaproof.plugin.marks import Mark, read_mark
from deltaproof.plugin.parameters import Faulty, Parameter, without_parameter
from deltaproof.plugin.passing import Passing, Trouble
from deltaproof.plugin.places import Names, cassette_name, module_folder
from deltaproof.plugin.served import served
from deltaproof.plugin.settings import RECORD, UPSTREAM
from deltaproof.plugin.terms import Terms, terms_of
from deltaproof.plugin.verdicts import Held

_RECORD = f"{RECORD.option} %s {UPSTREAM.option} URL"


@contextmanager
def opened(request: pytest.FixtureRequest) -> Iterator[Held]:
    """Open the endpoint of the test that asks for it.

    Raises:
        DeltaproofError: there is no cassette, it cannot be read, or a mark or setting says what cannot be.
        InapplicableError: the test is to get a recording with a fault that does not apply to it.
    """
    node, config = request.node, request.config
    mark = read_mark(node)
    terms = terms_of(config, mark)
    parameter = parameter_of(request, mark)
    cassette = place_of(node, request.cls, mark, parameter)
    names = Names(config.invocation_params.dir)
    options = Options(mark.speed, mark.how)
    if parameter is None:
        with replaying(config, exchanges_in(cassette, names), options, terms) as held:
            yield held
        return
    served_from = cassette if parameter.case else existing(cassette, names)
    exchanges = [names.exchange(one) for one in parameter.served(served_from)]
    with replaying(config, exchanges, options, terms) as held:
        held.endpoint.case = parameter.case
        yield replace(held, fail_on="never", unused=tuple)


def parameter_of(request: pytest.FixtureRequest, mark: Mark) -> Parameter | None:
    """Return what the test is parametrized with, or the faults of its mark."""
    given: Parameter | None = getattr(request, "param", None)
    if given is None and mark.faults:
        return Faulty(tuple(fault_named(name) for name in mark.faults))
    return given


def place_of(node: pytest.Item, owner: type | None, mark: Mark, parameter: Parameter | None) -> Path:
    """Return the path of a test's cassette."""
    if mark.cassette:
        return module_folder(node) / mark.cassette
    name = node.name if parameter is None else without_parameter(node.name, parameter)
    return module_folder(node) / cassette_name(owner, name)


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
            raise sighting
        if isinstance(sighting, Exchange):
            exchanges.append(names.exchange(sighting))
    if not exchanges:
        raise UnreadableError("nothing is recorded there", where=names.path(cassette))
    return exchanges


@contextmanager
def replaying(config: pytest.Config, exchanges: Sequence[Exchange], options: Options, terms: Terms) -> Iterator[Held]:
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
