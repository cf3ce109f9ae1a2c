"""One exchange on its way into a cassette: what arrives is in its page of the journal at once, without its secrets."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from deltaproof.cassette import page_file
from deltaproof.cassette.append import Appender, Spot, entry_text
from deltaproof.cassette.coding import Decoding, names
from deltaproof.cassette.disk import write_all
from deltaproof.cassette.locks import wait_for
from deltaproof.cassette.paths import named
from deltaproof.cassette.scrub import Cleaner
from deltaproof.cassette.scrubber import Scrubber
from deltaproof.errors import UnreadableError
from deltaproof.exchange import End, Exchange, Head, Read


class PageFile:
    """A file to which bytes are added; what the disk does not take is kept in memory, and tried again with the next."""

    def __init__(self, path: Path) -> None:
        """Make the file, which must not be there; raises `OSError`."""
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        wait_for(self._file)  # so that who shares the folder knows that it is being written
        self._unwritten = bytearray()

    def add(self, record: bytes) -> None:
        """Write a record, or as much of what is to be written as the disk takes."""
        self._unwritten += record
        with memoryview(self._unwritten) as unwritten:
            done = write_all(self._file, unwritten)
        del self._unwritten[:done]

    def sync(self) -> None:
        """Wait until all that was written is on the disk, as far as it takes it."""
        with suppress(OSError):
            os.fsync(self._file)

    def close(self) -> None:
        """Write no more; the file stays."""
        os.close(self._file)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a page's exchange is going to.

    Attributes:
        path: of the cassette.
        provenance: what to write of where it is from.
        appender: adds it.
        cleaner: takes the secrets out.
        closed: called when the page's file is gone.
    """

    path: Path
    provenance: Mapping[str, str]
    appender: Appender
    cleaner: Cleaner
    closed: Callable[[], None]


class Page:
    """One exchange; `head` and `read` never raise for the disk's sake, `close` does."""

    def __init__(self, file: PageFile, asked: Exchange, target: Target) -> None:
        """Begin with what was asked."""
        self._file = file
        self._asked = asked
        self._target = target
        self._head: Head | None = None
        self._body = bytearray()
        self._reads: list[Read] = []
        self._filter = _Filter(file, Scrubber(target.cleaner.sought_in(asked)), ())
        asked = target.cleaner.exchange(asked)
        file.add(page_file.asked_record(target.path.stem, asked, target.provenance))

    def head(self, head: Head) -> None:
        """Take the response's head."""
        self._head = head
        secrets = self._target.cleaner.sought_in(replace(self._asked, head=head))
        scrubbed = self._target.cleaner.head(head, secrets)
        if scrubbed is not None:
            self._file.add(page_file.head_record(scrubbed))
        self._filter = _Filter(self._file, Scrubber(secrets), names(head.get("content-encoding")))

    def read(self, at: float, piece: bytes) -> None:
        """Take bytes of the body, that came so many seconds after the request was sent."""
        if piece:
            self._body += piece
            self._reads.append(Read(at, len(piece)))
            self._filter.take(at, piece)

    def close(self, end: End, at: float | None = None) -> Exchange:
        """End the response, `at` seconds after the request was sent, and add the exchange to its cassette.

        Returns the exchange as kept, with its place. Raises `DeltaproofError` where the disk refuses, or the cassette
        is none any more: the page then stays for the next start, as far as it could be written.
        """
        target = self._target
        try:
            exchange = target.cleaner.exchange(
                replace(
                    self._asked,
                    source=named(target.path),
                    head=self._head,
                    body=bytes(self._body),
                    reads=tuple(self._reads),
                    end=end,
                    ended=at,
                )
            )
            self._filter.end()
            self._file.add(page_file.end_record(end, at))
            entry = target.appender.append(target.path, entry_text(exchange, target.provenance), self._note)
        finally:
            self._file.close()
        with suppress(OSError):  # what stays is known to be in the cassette, and goes with the next start
            self._file.path.unlink()
        target.closed()
        return replace(exchange, entry=entry)

    def leave(self) -> None:
        """Write no end: the page stays for the next start, as that of a recorder that was killed."""
        self._filter.end()
        self._file.close()

    def _note(self, spot: Spot) -> None:
        self._file.add(page_file.spot_record(spot))
        self._file.sync()


class _Filter:
    """Writes reads without their secrets. Of a compressed body it writes what was sent until there is one in it."""

    def __init__(self, file: PageFile, scrubber: Scrubber, codings: tuple[str, ...]) -> None:
        self._file = file
        self._scrubber = scrubber
        self._decoding = Decoding(codings) if codings else None
        self._waiting: list[tuple[Read, bytes]] = []  # compressed, with what may begin a secret; reads as decoded
        self._clear = b""  # what those decode to, as far as it can be let go

    def take(self, at: float, piece: bytes) -> None:
        """Take a read."""
        if self._decoding is None:
            self._file.add(page_file.read_record(Read(at, len(piece)), self._scrubber.feed(piece)))
            return
        try:
            decoded = self._decoding.feed(piece)
        except UnreadableError:  # the server's fault, or there is no decoder
            self._give_up()
            self.take(at, piece)
            return
        self._waiting.append((Read(at, len(decoded)), piece))
        self._clear += self._scrubber.feed(decoded)
        if self._scrubber.found:
            self._write_decoded()
        elif not self._scrubber.held:
            self._write_as_sent()

    def end(self) -> None:
        """Write what was held back."""
        self._clear += self._scrubber.close()
        if self._decoding is None or self._scrubber.found:
            if self._clear:
                self._file.add(page_file.read_record(Read(0.0, 0), self._clear, decoded=self._decoding is not None))
        else:
            self._write_as_sent()

    def _give_up(self) -> None:
        """Take what comes for what it is, from here on."""
        self._write_as_sent()
        self._decoding = None

    def _write_as_sent(self) -> None:
        for read, piece in self._waiting:
            self._file.add(page_file.read_record(Read(read.at, len(piece)), piece))
        self._waiting.clear()
        self._clear = b""

    def _write_decoded(self) -> None:
        for read, _ in self._waiting:
            self._file.add(page_file.read_record(read, self._clear, decoded=True))
            self._clear = b""
        self._waiting.clear()
