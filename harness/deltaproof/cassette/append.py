"""One entry more at the end of a cassette, in place: it costs what the entry costs, however long the file is.

The entry is written over the last line of the file, `version: 1`, which then follows it. If that is interrupted, the
cassette is cut short; whoever noted the `Spot` before can put it right with `settle`. The journal does. Of several
processes that add to one cassette one writes at a time.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

from deltaproof.cassette.disk import make_folder, refused, replace_file
from deltaproof.cassette.entries import BEGIN, EMPTY, END, cassette_text
from deltaproof.cassette.locks import is_still, wait_for
from deltaproof.cassette.paths import named
from deltaproof.cassette.scrub import DEFAULT, Cleaner
from deltaproof.cassette.scrub_rules import Scrub
from deltaproof.errors import DeltaproofError
from deltaproof.exchange import Exchange

_ENTRY = b"\n- request:"
_BLOCK = 2**20


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in a file an entry is written: from which byte, how many, and their CRC-32."""

    offset: int
    size: int
    check: int


Version: TypeAlias = tuple[int, int, int]
"""What a file was at some time: another one, or the same after it was written to, has another."""


def version_of(path: Path) -> Version | None:
    """Return what a file is now, None where there is none; raises `DeltaproofError` where the system refuses."""
    try:
        return _version(path.lstat())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise refused(error, "the cassette cannot be looked at", path) from error


def append_cassette(path: Path, exchange: Exchange, *, provenance: Mapping[str, str], scrub: Scrub = DEFAULT) -> int:
    """Add an exchange to a cassette, which is made if it is not there, and return its position, from 0.

    It is written as `write_cassette` writes it. Entries are counted once for that; an `Appender` remembers. A write
    that the disk refuses leaves the cassette as it was.
    Raises `DeltaproofError` where the system refuses, and for a file that does not end as a cassette does.
    """
    return Appender().append(path, entry_text(Cleaner(scrub).exchange(exchange), provenance))


def entry_text(exchange: Exchange, provenance: Mapping[str, str]) -> bytes:
    """Return an exchange as an entry of a cassette."""
    return cassette_text([exchange], provenance).encode()[len(BEGIN) : -len(END)]


class Appender:
    """Adds entries to cassettes, and remembers how many each has."""

    def __init__(self) -> None:
        """Start without knowing any."""
        self._known: dict[Path, tuple[int, int]] = {}  # bytes and entries
        self._outdated: dict[Path, Version] = {}

    def renew(self, path: Path, was: Version) -> None:
        """Let the next entry take the place of what is in a cassette, if it then still is what it was."""
        self._outdated[path] = was

    def append(self, path: Path, entry: bytes, note: Callable[[Spot], object] = lambda _: None) -> int:
        """Add an entry, and return its position, from 0; `note` is called with where it will be, before it is written.

        Raises `DeltaproofError` as `append_cassette` does.
        """
        make_folder(path.parent)
        try:
            with _opened(path) as file:
                status = os.fstat(file.fileno())
                size = status.st_size
                if self._outdated.pop(path, None) == _version(status):
                    return self._begin(path, entry, note)
                offset = _end(file, path)
                known = self._known.get(path)
                count = known[1] if known and known[0] == size else _count(file)
                content = entry if offset else BEGIN + entry
                note(Spot(offset, len(content), zlib.crc32(content)))
                _write(file, offset, content)
        except OSError as error:
            raise refused(error, "the cassette cannot be written", path) from error
        self._known[path] = offset + len(content) + len(END), count + 1
        return count

    def _begin(self, path: Path, entry: bytes, note: Callable[[Spot], object]) -> int:
        """Put a cassette with one entry in the place of another, whole or not at all."""
        content = BEGIN + entry
        replace_file(path, content + END)
        # Now, since a spot is looked for in what is there: until it is replaced that is another cassette.
        note(Spot(0, len(content), zlib.crc32(content)))
        self._known[path] = len(content) + len(END), 1
        return 0


def raise_unless_appendable(path: Path) -> None:
    """Raise `DeltaproofError` for a file to which no entry can be added; one that is not there will be made."""
    try:
        if os.path.lexists(path):
            with _opened(path) as file:
                _end(file, path)
    except OSError as error:
        raise refused(error, "the cassette cannot be written", path) from error


def settle(path: Path, spot: Spot) -> bool:
    """Tell whether an entry that was to be written at a spot is in the cassette; one that is so in part is taken out.

    Raises `DeltaproofError` where the system refuses.
    """
    try:
        if not os.path.lexists(path):
            return False
        with _opened(path) as file:
            content = _at(file, spot.offset, spot.size)
            after = _at(file, spot.offset + spot.size, len(END))
            if len(content) == spot.size and zlib.crc32(content) == spot.check:
                if after != END and END.startswith(after):
                    _put(file, spot.offset + spot.size, END)
                return True
            size = os.fstat(file.fileno()).st_size
            if not _ends_well(file) or size == spot.offset + spot.size + len(END):
                _restore(file, spot.offset)
            return False
    except OSError as error:
        raise refused(error, "the cassette cannot be mended", path) from error


def _opened(path: Path) -> BinaryIO:
    """Open a cassette for writing in place, once nobody else does; what is a link may lead anywhere, and is refused."""
    while True:
        file = open(  # noqa: SIM115 - it is the caller's to close
            path,
            "r+b",
            buffering=0,
            opener=lambda name, flags: os.open(name, flags | os.O_CREAT | os.O_NOFOLLOW, 0o666),
        )
        wait_for(file.fileno())
        if is_still(file.fileno(), path):
            return file
        file.close()


def _version(status: os.stat_result) -> Version:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _end(file: BinaryIO, path: Path) -> int:
    """Return where the next entry is to be written: 0 in an empty file."""
    start = _at(file, 0, len(EMPTY) + 1)
    if start in {b"", EMPTY}:
        return 0
    if start.startswith(BEGIN + b"- ") and _ends_well(file):
        return file.seek(0, os.SEEK_END) - len(END)
    raise DeltaproofError(
        "no entry can be added to it: it does not begin and end as a cassette of deltaproof does",
        where=named(path),
        hint="It was cut short, or laid out by another tool; move it away, or choose another path",
    )


def _ends_well(file: BinaryIO) -> bool:
    """Tell whether a file ends as a cassette does."""
    size = file.seek(0, os.SEEK_END)
    return _at(file, max(0, size - len(END) - 1), len(END) + 1) == b"\n" + END


def _count(file: BinaryIO) -> int:
    """Count the entries: within them every line is indented."""
    count, tail = 0, b""
    file.seek(0)
    while block := file.read(_BLOCK):
        count += (tail + block).count(_ENTRY)
        tail = (tail + block)[1 - len(_ENTRY) :]
    return count


def _write(file: BinaryIO, offset: int, content: bytes) -> None:
    """Write an entry and what follows it.

    What there is no room for is written first, and the end of what was there last: a disk that refuses costs nothing.
    """
    size = file.seek(0, os.SEEK_END)
    text = content + END
    try:
        _put(file, size, text[size - offset :])
        file.seek(offset)
        file.write(text[: size - offset])
        os.fsync(file.fileno())
    except OSError:
        file.truncate(size)
        raise


def _restore(file: BinaryIO, offset: int) -> None:
    """End a cassette after what stands before `offset`."""
    _put(file, offset, END if offset else EMPTY)


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(size)


def _put(file: BinaryIO, offset: int, content: bytes) -> None:
    """Write at a place, all of it; what comes after it is cut off."""
    file.seek(offset)
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]
    file.truncate()
