"""The journal of a recording folder: a page for each exchange that is not in its cassette yet, under `.journal`.

A recorder that is killed leaves its pages; the next one adds what is in them to the cassettes. Reads no clock, and
opens no socket. One recorder has a folder at a time, or several that share it; of a recorder's pages one is closed at a
time.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Self, TypeAlias

from deltaproof.cassette.append import Appender, Version, entry_text, raise_unless_appendable, settle
from deltaproof.cassette.disk import make_folder, refused
from deltaproof.cassette.json_values import loads_object
from deltaproof.cassette.locks import Hold, is_still, take
from deltaproof.cassette.page import Page, PageFile, Target
from deltaproof.cassette.page_file import Found, read_page
from deltaproof.cassette.paths import named
from deltaproof.cassette.scrub import DEFAULT, Cleaner
from deltaproof.cassette.scrub_rules import Scrub
from deltaproof.errors import DeltaproofError, RefusedError, UnreadableError
from deltaproof.exchange import Exchange

__all__ = ["Hold", "Journal", "Page", "Recovered", "cassette_path", "is_cassette_name"]

Recovered: TypeAlias = Exchange | DeltaproofError
"""What became of a page: the exchange, which is in its cassette now, or why it is not."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_STEM = re.compile(r"[^./\\\0][^/\\\0]*")
_LONGEST = 240  # bytes of a file's name without its extension
_FOLDER, _PAGE = ".journal", ".page"


def is_cassette_name(name: str) -> bool:
    """Tell whether a client may name a cassette so: it leads nowhere else, and can stand in any URL."""
    return _NAME.fullmatch(name) is not None


def has_left(cassette: Path) -> bool:
    """Tell whether a recorder that was killed has left a page of a cassette; one that is at work has left none."""
    try:
        return any(_is_left(page, cassette.stem) for page in (cassette.parent / _FOLDER).glob(f"*{_PAGE}"))
    except OSError:  # so `recover` says
        return False


def cassette_path(folder: Path, name: str) -> Path:
    """Return the path of a cassette in a folder; raises `RefusedError` for a name that could lead out of it."""
    if not _STEM.fullmatch(name) or len(os.fsencode(name)) > _LONGEST:
        raise RefusedError(
            f"{name!r} is no name for a cassette",
            hint=f"It has up to {_LONGEST} bytes and no slash, and begins with no dot",
        )
    return folder / f"{name}.yaml"


class Journal:
    """What is being recorded into one folder."""

    def __init__(self, folder: Path, scrub: Scrub = DEFAULT, hold: Hold = Hold.ALONE) -> None:
        """Take a folder, which is made if it is not there; `hold` tells whether others may record there as well.

        Raises `DeltaproofError` where the system refuses it, and if another recorder has it.
        """
        import vcr.serializers.yamlserializer  # noqa: F401 - now, since it takes a while: not while streams pass

        self._folder = folder
        self._pages = folder / _FOLDER
        self._cleaner = Cleaner(scrub)
        self._appender = Appender()
        self._appendable: set[Path] = set()  # found so once, since one that is just being added to looks cut short
        self._opened = 0
        self._hold = hold
        make_folder(folder)
        self._lock: int | None = _locked(folder, hold)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def recover(self, cassette: str = "") -> list[Recovered]:
        """Add to the cassettes what an earlier recorder left, in the order in which it was asked for; never raises.

        Where a cassette is named, what is another's stays where it is, for who records into that.
        An exchange whose end was never seen has the end `client-gone`, since the recorder was the client, and says in
        its provenance that it was recovered. A page stays where its exchange could not be added, and where another
        recorder that shares the folder is at work on it.
        """
        recovered: list[Recovered] = []
        try:
            pages = sorted(self._pages.glob(f"*{_PAGE}"))
        except FileNotFoundError:  # another recorder has just removed its last page, and the folder
            return []
        except OSError as error:
            return [refused(error, "the journal cannot be read", self._pages)]
        for page in pages:
            try:
                recovered += self._recover_one(page, cassette)
            except FileNotFoundError:  # its own recorder is done with it, and has removed it
                continue
            except OSError as error:
                recovered.append(refused(error, "the page cannot be read and removed", page))
            except DeltaproofError as error:
                recovered.append(error)
        self._tidy()
        return recovered

    def renew(self, cassette: str, was: Version) -> None:
        """Let the next entry of `FOLDER/<cassette>.yaml` take the place of what is in it, if it still is what it was.

        What is in it then need be no cassette. Raises `RefusedError` for a name that is none.
        """
        path = cassette_path(self._folder, cassette)
        self._appender.renew(path, was)
        self._appendable.add(path)

    def open(self, cassette: str, asked: Exchange, provenance: Mapping[str, str]) -> Page:
        """Begin an exchange that goes to `FOLDER/<cassette>.yaml`.

        `asked` has method, url, sent, sent_headers, sent_at and scenario; its request is read from what was sent.
        Raises `RefusedError` for a name that is none, and `DeltaproofError` if the cassette or the journal cannot be
        written.
        """
        path = cassette_path(self._folder, cassette)
        if path not in self._appendable:
            raise_unless_appendable(path)
            self._appendable.add(path)
        request = loads_object(asked.sent) if asked.request is None else asked.request
        self._opened += 1
        file = self._page_file(f"{self._opened:08}-{os.urandom(4).hex()}{_PAGE}")
        target = Target(path, dict(provenance), self._appender, self._cleaner, self._tidy)
        return Page(file, replace(asked, request=request), target)

    def close(self) -> None:
        """Let another recorder have the folder."""
        self._tidy()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _page_file(self, name: str) -> PageFile:
        """Make the file of a page; the folder goes whenever no page is in it."""
        while True:
            try:
                with suppress(FileExistsError):  # mkdir(exist_ok=True) raises where it goes just then
                    self._pages.mkdir()
                if self._pages.is_symlink():
                    raise RefusedError("it is a link, which may lead anywhere", where=named(self._pages))
                return PageFile(self._pages / name)
            except FileNotFoundError as error:
                if not self._folder.is_dir():
                    raise refused(error, "the journal cannot be written", self._folder) from error
            except OSError as error:
                raise refused(error, "the journal cannot be written", self._pages) from error

    def _recover_one(self, page: Path, cassette: str) -> list[Recovered]:
        """Add what is in a page to its cassette, unless it is there already or is being written; remove the page."""
        # A link may lead anywhere.
        with open(page, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW)) as file:
            # Before it is locked, for which its own recorder may just be asking.
            if cassette and _belongs_elsewhere(file.read(), page, cassette):
                return []
            if self._is_live(file.fileno(), page):
                return []
            file.seek(0)
            recovered = self._recover(file.read(), page)
            page.unlink()
        return [recovered] if recovered else []

    def _is_live(self, file: int, page: Path) -> bool:
        """Tell whether another recorder has a page."""
        if self._hold is Hold.ALONE:
            return False
        try:
            # One with nothing in it may just be made, and not be locked yet.
            return not take(file) or not is_still(file, page) or os.fstat(file).st_size == 0
        except OSError:  # no locks: it cannot be known
            return True

    def _recover(self, content: bytes, page: Path) -> Recovered | None:
        """Add what is in a page to its cassette, None if it is there already."""
        found = read_page(content, named(page))
        if found is None:
            return UnreadableError("nothing of an exchange was written to this page of the journal", where=named(page))
        path = cassette_path(self._folder, found.cassette)
        if found.spot is not None and settle(path, found.spot):
            return None
        return self._add(path, found)

    def _add(self, path: Path, found: Found) -> Exchange:
        exchange = self._cleaner.exchange(replace(found.exchange, source=named(path)))
        entry = self._appender.append(path, entry_text(exchange, found.provenance))
        return replace(exchange, entry=entry, provenance=found.provenance)

    def _tidy(self) -> None:
        """Remove the journal's folder unless there is a page in it."""
        with suppress(OSError):
            self._pages.rmdir()


def _belongs_elsewhere(content: bytes, page: Path, cassette: str) -> bool:
    found = read_page(content, named(page))
    return found is not None and found.cassette != cassette


def _is_left(page: Path, cassette: str) -> bool:
    """Tell whether a page is of a cassette, and its recorder is gone."""
    try:
        with open(page, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW)) as file:
            found = read_page(file.read(), named(page))
            return (
                found is not None
                and found.cassette == cassette
                and take(file.fileno())
                and is_still(file.fileno(), page)
            )
    except (OSError, UnreadableError):  # gone meanwhile, or none of ours
        return False


def _locked(folder: Path, hold: Hold) -> int:
    """Return a descriptor that holds a folder for as long as it is open, or its process lives."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise refused(error, "the folder cannot be opened", folder) from error
    with suppress(OSError):  # a file system without locks: one has to take care oneself
        if not take(descriptor, hold):
            os.close(descriptor)
            raise DeltaproofError(
                "another recorder is at work in this folder",
                where=named(folder),
                hint="End it, or choose another folder",
            )
    return descriptor
