"""What earlier recordings hold, and which requests they answer: record modes, as vcrpy has them.

As with vcrpy, an exchange answers once; of what is recorded now, nothing is answered from. What a killed recording left
of an exchange does not keep it from being recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from deltaproof.cassette import read_kept
from deltaproof.cassette.modes import RecordMode
from deltaproof.cassette.page_file import is_recovered
from deltaproof.cassette.shelf import Match, Miss, Shelf
from deltaproof.drive.http.requests import Incoming
from deltaproof.drive.record.routes import Route
from deltaproof.errors import UnreadableError
from deltaproof.exchange import Exchange


class Recorded:
    """The cassettes that were there at the start."""

    def __init__(self, cassettes: Iterable[Path], mode: RecordMode) -> None:
        """Read them, where the mode asks for that.

        Raises:
            UnreadableError: one of them cannot be read whole.
        """
        self._mode = mode
        anew = mode in (RecordMode.ALL, RecordMode.REWRITE)
        self._shelves = {} if anew else {path.stem: _shelf(path) for path in cassettes}

    def find(self, route: Route, incoming: Incoming) -> Match | Miss | None:
        """Return what answers a request, or why nothing does; None where the upstream is to be asked."""
        shelf = self._shelves.get(route.cassette)
        if shelf is None:
            if self._mode is RecordMode.NONE:
                return Miss(f"there is no cassette {route.cassette!r}, and --mode none records none")
            return None
        found = shelf.find(incoming.method, route.target.partition("?")[0], incoming.body)
        anew = self._mode is RecordMode.NEW_EPISODES
        if isinstance(found, Match) and not found.again and not (anew and is_recovered(found.exchange)):
            return found
        if anew:
            return None
        if isinstance(found, Match):
            return Miss("it was asked more often than recorded", found.exchange)
        return found


def _shelf(path: Path) -> Shelf:
    shelf = Shelf()
    for sighting in read_kept(path):
        if isinstance(sighting, UnreadableError):
            raise sighting
        if isinstance(sighting, Exchange):
            shelf.add(sighting)
    return shelf
