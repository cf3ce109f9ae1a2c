"""Bytes to server-sent events: the WHATWG event-stream decoder, incremental, with offsets. Not what they say.

Source: WHATWG HTML, 9.2.5 "Parsing an event stream" and 9.2.6 "Interpreting an event stream".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

LIMIT = 16 * 2**20
"""Bytes that one line, or all lines of one event together, may have before they are dropped."""

BOM = b"\xef\xbb\xbf"
_NEWLINE = re.compile(rb"\r\n|\n|\r")
_KEPT_UNKNOWN = 64  # lines of one event: as objects, short ones take many times their bytes


@dataclass(frozen=True, slots=True)
class Layout:
    r"""How an event was written, apart from its data.

    Attributes:
        data_lines: how many `data` lines it has; 0 for a block that carries none.
        spaced: whether each data line has the customary space after the colon.
        newline: the line terminator, "\n", "\r\n" or "\r"; "mixed" where it differs from the stream's first; "" where
            the stream has none.
        name, id, retry: the values of those fields as written, None where absent.
        unknown: the lines whose field name the standard does not know, whole, the first 64.
        utf8: whether every line that is not data, comments included, is valid UTF-8.
        bom: whether a byte order mark stood before it.
        closed: whether an empty line ended it; False only for what is left over at the end of the stream.
        oversized: whether it passed the size limit, so that its data was dropped.
    """

    data_lines: int = 1
    spaced: bool = True
    newline: str = "\n"
    name: str | None = None
    id: str | None = None
    retry: str | None = None
    unknown: tuple[bytes, ...] = ()
    utf8: bool = True
    bom: bool = False
    closed: bool = True
    oversized: bool = False


PLAIN = Layout()
"""The layout of nearly every event: one `data: ` line and an empty line, both ended by LF."""


class Event(NamedTuple):
    """One block of the stream that is more than comments; a tuple because there are so many.

    Attributes:
        number: its place in the stream, from 1; blocks of comments only do not count.
        offset: of its first byte in the body, in bytes.
        end: the offset after its last byte, the empty line included.
        data: its data lines joined by LF, or None if it has none.
        layout: how it was written.
    """

    number: int
    offset: int
    end: int
    data: bytes | None
    layout: Layout


class Decoder:
    """Turns a body into events, however the body is split.

    Unlike a browser it also hands out what a browser drops: blocks without data, and an unterminated last event.
    A CR at the end of a read waits for the next byte, which may be the LF that belongs to it.
    """

    def __init__(self, *, limit: int = LIMIT) -> None:
        """Start before the first byte; `limit` is in bytes."""
        self._limit = limit
        self._unfinished = bytearray()  # the line that no terminator has ended yet
        self._offset = 0  # of the next byte to come
        self._number = 0  # of the last event
        self._newline = ""  # the stream's first terminator
        self._block: _Block | None = None
        self._may_be_bom = True

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes of the body and return the events that they complete."""
        self._offset += len(data)
        if self._unfinished:
            has_newline = self._unfinished.endswith(b"\r") or b"\n" in data or b"\r" in data
            if not (has_newline or self._may_be_bom):
                self._keep(data)
                return []
            data = bytes(self._unfinished) + data
            self._unfinished.clear()
        base = self._offset - len(data)
        if self._may_be_bom:
            if len(data) < len(BOM) and BOM.startswith(data):
                self._unfinished += data
                return []
            self._may_be_bom = False
            if data.startswith(BOM):
                self._block = _Block(offset=0, bom=True)
                data = data[len(BOM) :]
                base = len(BOM)
        events: list[Event] = []
        lf_only = b"\r" not in data and self._newline in ("", "\n")
        if lf_only and b"\n" in data:
            self._newline = "\n"
        used = self._lf_lines(data, base, events) if lf_only else self._lines(data, base, events)
        self._keep(data[used:])
        return events

    def close(self) -> list[Event]:
        """End the body and return what was left unterminated, as at most one event that is not closed."""
        events: list[Event] = []
        line = bytes(self._unfinished)
        self._unfinished.clear()
        if line.endswith(b"\r"):
            self._line(line[:-1], "\r", self._offset - len(line), events)
        elif line:
            self._line(line, "", self._offset - len(line), events)
        self._dispatch(self._offset, events)
        return events

    def _keep(self, rest: bytes) -> None:
        """Remember the unfinished line; once it is over the limit, only that it is."""
        self._unfinished += rest
        size = len(self._unfinished)
        if size - self._unfinished.endswith(b"\r") > self._limit:
            self._open(self._offset - size).oversized = True
            self._unfinished[:] = b":\r" if self._unfinished.endswith(b"\r") else b":"

    def _lf_lines(self, data: bytes, base: int, events: list[Event]) -> int:
        """Read the finished lines of a piece without CR; return how many bytes they have.

        Most of them are plain events, which are taken whole rather than line by line.
        """
        position = self._lf_lines_one_by_one(data, 0, base, events, until_closed=True)
        if self._block is not None or not self._newline:
            return position
        blocks = data[position:].split(b"\n\n")
        for block in blocks[:-1]:
            size = len(block)
            if block.startswith(b"data: ") and b"\n" not in block and 6 < size <= self._limit and self._block is None:  # noqa: PLR2004 - "data: "
                self._number += 1
                start = base + position
                events.append(Event(self._number, start, start + size + 2, block[6:], PLAIN))
            else:
                self._lf_lines_one_by_one(block + b"\n\n", 0, base + position, events)
            position += size + 2
        return self._lf_lines_one_by_one(data, position, base, events)

    def _lf_lines_one_by_one(
        self, data: bytes, position: int, base: int, events: list[Event], *, until_closed: bool = False
    ) -> int:
        """Read the finished lines from a position on, all or until no block is open; return where they end."""
        while not (until_closed and self._block is None and self._newline):
            end = data.find(b"\n", position)
            if end < 0:
                break
            self._line(data[position:end], "\n", base + position, events)
            position = end + 1
        return position

    def _lines(self, data: bytes, base: int, events: list[Event]) -> int:
        """Read the finished lines of any piece; return how many bytes they have. A CR at the very end is unfinished."""
        position = 0
        for newline in _NEWLINE.finditer(data):
            if newline[0] == b"\r" and newline.end() == len(data):
                break
            self._line(data[position : newline.start()], newline[0].decode(), base + position, events)
            position = newline.end()
        return position

    def _open(self, offset: int) -> _Block:
        """Return the block that is being read, begun at `offset` if there was none."""
        if self._block is None:
            self._block = _Block(offset)
        return self._block

    def _line(self, line: bytes, newline: str, offset: int, events: list[Event]) -> None:
        """Take one line; an empty one ends the block."""
        self._newline = self._newline or newline
        if not line:
            if self._block is not None and newline:
                self._block.newlines.add(newline)
            self._dispatch(offset + len(newline), events, closed=True)
            return
        block = self._open(offset)
        if newline:
            block.newlines.add(newline)
        block.size += len(line)
        if block.size > self._limit:
            block.oversized = True
        if not block.oversized:
            block.take(line)

    def _dispatch(self, end: int, events: list[Event], *, closed: bool = False) -> None:
        """Hand out the block that is being read, unless it holds nothing but comments."""
        block, self._block = self._block, None
        if block is None:
            return
        if not (block.has_fields or block.oversized):
            self._block = _Block(end, bom=True) if block.bom else None
            return
        self._number += 1
        data = b"\n".join(block.values) if block.values and not block.oversized else None
        layout = block.layout(self._newline, closed=closed)
        events.append(Event(self._number, block.offset, end, data, PLAIN if layout == PLAIN else layout))


@dataclass(slots=True)
class _Block:
    """The lines since the last empty one."""

    offset: int
    bom: bool = False
    size: int = 0
    oversized: bool = False
    utf8: bool = True
    spaced: bool = True
    has_fields: bool = False
    name: str | None = None
    id: str | None = None
    retry: str | None = None
    values: list[bytes] = field(default_factory=list)
    unknown: list[bytes] = field(default_factory=list)
    newlines: set[str] = field(default_factory=set)

    def take(self, line: bytes) -> None:
        """Read one non-empty line as a field or a comment."""
        name, _, value = line.partition(b":")
        spaced = value.startswith(b" ")
        value = value[1:] if spaced else value
        self.has_fields |= bool(name)
        if name != b"data":
            self.utf8 &= _is_utf8(line)
        match name:
            case b"":
                pass
            case b"data":
                self.values.append(value)
                self.spaced &= spaced
            case b"event":
                self.name = value.decode(errors="replace")
            case b"id":
                self.id = value.decode(errors="replace")
            case b"retry":
                self.retry = value.decode(errors="replace")
            case _ if len(self.unknown) < _KEPT_UNKNOWN:
                self.unknown.append(line)
            case _:
                pass

    def layout(self, first_newline: str, *, closed: bool) -> Layout:
        """Say how the block was written, in a stream whose first terminator was `first_newline`."""
        (newline,) = self.newlines if len(self.newlines) == 1 else ("mixed" if self.newlines else first_newline,)
        return Layout(
            data_lines=len(self.values),
            spaced=self.spaced,
            newline=newline if newline == first_newline else "mixed",
            name=self.name,
            id=self.id,
            retry=self.retry,
            unknown=tuple(self.unknown),
            utf8=self.utf8,
            bom=self.bom,
            closed=closed,
            oversized=self.oversized,
        )


def _is_utf8(line: bytes) -> bool:
    """Tell whether the bytes decode."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
