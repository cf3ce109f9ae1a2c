"""What the fixtures do: open an endpoint, note it for the verdict, leave it. Which there are is in __init__.py."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest

from deltaproof.errors import DeltaproofError
from deltaproof.plugin.endpoints.endpoint import Endpoint
from deltaproof.plugin.endpoints.later import asks_later
from deltaproof.plugin.endpoints.opening import opened
from deltaproof.plugin.endpoints.session import FIXTURE, held_for, opened_for_all, session_cassette
from deltaproof.plugin.endpoints.verdicts import Held, held, raise_if_late
from deltaproof.plugin.places import Names
from deltaproof.plugin.snapshots.snapshot import snapshot_of

HELD = pytest.StashKey[list[Held]]()
"""The endpoints that a test has of its own."""

SHARED = pytest.StashKey[list[Held]]()
"""The session's endpoint, with what one test is held to there."""


def endpoint_of_a_test(request: pytest.FixtureRequest) -> Generator[Endpoint, None, None]:
    """Give a test its endpoint; what is asked there after the verdict is an error of its teardown."""
    opening = opened(request)
    with _told(request.config, request.node.nodeid):
        if (given := getattr(request, "param", None)) is not None:
            from deltaproof.plugin.parameters import raise_if_strange

            raise_if_strange(given)
        one = opening.__enter__()
    try:
        one.endpoint.snapshot = snapshot_of(request.node)
        one.asks_later = asks_later(request.node)
        request.node.stash.setdefault(HELD, []).append(one)
        yield one.endpoint
        raise_if_late([one])
    finally:
        opening.__exit__(None, None, None)


def endpoint_of_the_session(request: pytest.FixtureRequest) -> Generator[Endpoint, None, None]:
    """Give the session its endpoint."""
    opening = opened_for_all(request.session)
    with _told(request.config, session_cassette(request.config).name):
        if hasattr(request, "param"):
            raise DeltaproofError(
                "it takes no parameter, since it is one for all tests",
                where=FIXTURE,
                hint="Parametrize the fixture deltaproof, with indirect=True",
            )
        endpoint = opening.__enter__()
    try:
        yield endpoint
    finally:
        opening.__exit__(None, None, None)


@contextmanager
def verdict_on(item: pytest.Item) -> Iterator[None]:
    """Hold a test to what passes at its endpoints while the block runs."""
    with _told(item.config, item.nodeid):
        item.stash[SHARED] = held_for(item)
    with held(item, [*item.stash.get(HELD, []), *item.stash[SHARED]]):
        yield


def verdict_on_teardown(item: pytest.Item) -> None:
    """Hold a test to what passed at the session's endpoint after its verdict."""
    raise_if_late(item.stash.get(SHARED, []))


@contextmanager
def _told(config: pytest.Config, where: str) -> Iterator[None]:
    """Tell of mistakes in a sentence rather than a traceback."""
    try:
        yield
    except DeltaproofError as error:
        told = Names(config.invocation_params.dir).error(error)
        raise pytest.fail.Exception(told if error.where else f"{where}: {told}", pytrace=False) from None
