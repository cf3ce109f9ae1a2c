"""The endpoint of `deltaproof_session`: one for all tests of a process, with one cassette for the whole session.

Under pytest-xdist each worker has an endpoint, and all have the cassette. So what it was when the session began is
looked at where the workers are started, and there is decided whether to record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from deltaproof.cassette.append import Version
from deltaproof.cassette.modes import RecordMode
from deltaproof.drive.play.replay_server import Options
from deltaproof.plugin.endpoints.endpoint import Endpoint
from deltaproof.plugin.endpoints.opening import Source, from_cassette, source_now
from deltaproof.plugin.endpoints.verdicts import Held
from deltaproof.plugin.marks import Mark, raise_if_not_for_all, read_mark
from deltaproof.plugin.places import SUFFIX
from deltaproof.plugin.settings import CASSETTES, text_of
from deltaproof.plugin.snapshots.snapshot import snapshot_of
from deltaproof.plugin.terms import terms_of

NAME = "session"
TOLD = "deltaproof_session"
"""The key under which a worker is told what is done with the cassette, and what that was."""

FIXTURE, OF_A_TEST = "deltaproof_session", "deltaproof"
"""The fixture for all tests, and the one for each."""

_ENDPOINT = pytest.StashKey[Endpoint]()
_BEGUN = pytest.StashKey[tuple[str, Version | None]]()


def session_cassette(config: pytest.Config) -> Path:
    """Return the path of the session's cassette."""
    return config.rootpath / text_of(config, CASSETTES) / f"{NAME}{SUFFIX}"


def begun(config: pytest.Config) -> tuple[str, Version | None]:
    """Return in which mode the session's cassette is used, and what it was.

    As it was when that was asked first, by this process or who started it.
    """
    if _BEGUN not in config.stash:
        told: Mapping[str, tuple[str, Version | None]] = getattr(config, "workerinput", {})
        if TOLD in told:
            config.stash[_BEGUN] = told[TOLD]
        else:
            source = source_now(config, session_cassette(config))
            config.stash[_BEGUN] = source.mode.value, source.was
    return config.stash[_BEGUN]


@contextmanager
def opened_for_all(session: pytest.Session) -> Iterator[Endpoint]:
    """Open the session's endpoint.

    Raises:
        DeltaproofError: as `from_cassette` does.
    """
    config = session.config
    mode, was = begun(config)
    source = Source(session_cassette(config), RecordMode(mode), was)
    with from_cassette(session, source, terms_of(config, Mark()), Options(None, tells_scenarios=False)) as held:
        config.stash[_ENDPOINT] = held.endpoint
        try:
            yield held.endpoint
        finally:
            del config.stash[_ENDPOINT]


def begin(item: pytest.Item) -> None:
    """Count what passes from here on for a test."""
    if _ENDPOINT in item.config.stash:
        item.config.stash[_ENDPOINT].begin()


def held_for(item: pytest.Item) -> list[Held]:
    """Return the session's endpoint, if there is one, with what a test is held to there.

    Raises:
        DeltaproofError: a mark says what cannot be.
    """
    if _ENDPOINT not in item.config.stash:
        return []
    endpoint = item.config.stash[_ENDPOINT]
    names = getattr(item, "fixturenames", ())
    if FIXTURE in names and OF_A_TEST not in names:
        raise_if_not_for_all(item)
    endpoint.terms = terms_of(item.config, read_mark(item))
    endpoint.snapshot = snapshot_of(item)
    return [Held(endpoint, endpoint.terms.fail_on, tuple)]
