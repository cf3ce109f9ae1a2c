"""What cassettes were before a run rewrites them: of tests that record into one, none takes what another recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deltaproof.cassette.append import Version, version_of
from deltaproof.errors import DeltaproofError
from deltaproof.plugin.marks import read_mark
from deltaproof.plugin.places import cassette_of


@dataclass(slots=True)
class _Before:
    """What is known of cassettes: what each was, which tests have it, and which this process has recorded into."""

    versions: dict[Path, Version | None] = field(default_factory=dict)
    tests: dict[Path, set[str]] = field(default_factory=dict)
    recorded: set[Path] = field(default_factory=set)


_BEFORE = pytest.StashKey[_Before]()


def look_before(session: pytest.Session) -> None:
    """Look at the cassettes of the collected tests: under pytest-xdist no worker records before all have looked."""
    known = session.config.stash.setdefault(_BEFORE, _Before())
    for item, cassette in _cassettes(session.items):
        known.tests.setdefault(cassette, set()).add(item.nodeid)
        with suppress(DeltaproofError):  # whoever is to record into it tells of that
            known.versions.setdefault(cassette, version_of(cassette))


def _cassettes(items: list[pytest.Item]) -> Iterator[tuple[pytest.Item, Path]]:
    for item in items:  # whatever its fixtures are: getfixturevalue may ask for the endpoint
        with suppress(DeltaproofError):  # a mark that says what cannot be is told by its test
            yield item, cassette_of(item, read_mark(item).cassette, item.name)


def version_before(node: pytest.Item, cassette: Path) -> Version | None:
    """Return what a cassette was before this run; what it is now for a test that is run again, and has it alone.

    Raises:
        DeltaproofError: the system refuses to look at it.
    """
    known = node.config.stash.setdefault(_BEFORE, _Before())
    now = version_of(cassette)
    was = known.versions.setdefault(cassette, now)
    is_again = cassette in known.recorded and known.tests.get(cassette) == {node.nodeid}
    known.recorded.add(cassette)
    return now if is_again else was
