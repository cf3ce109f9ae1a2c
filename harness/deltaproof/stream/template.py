"""A chunk's bytes with holes where its texts stand, so that the next chunk of the same shape need not be parsed.

In a long stream nearly every chunk equals the one before but for a few characters. What parsing and rules make of such
a chunk is known from the one it repeats; only the text in the holes is new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice, takewhile
from operator import itemgetter
from typing import NamedTuple

from orjson import dumps, loads

from deltaproof.sse import PLAIN, Event
from deltaproof.stream.text import Text

_SENTINEL = "\x01hole"
_SENTINEL_JSON = dumps(_SENTINEL)


class Hole(NamedTuple):
    """A string in a parsed chunk that differs from chunk to chunk, and the text that it is added to, if any."""

    container: dict[str, object]
    key: str
    text: Text | None


class Template(NamedTuple):
    """The bytes before, between and after the holes, the quotes included, and the texts the holes are added to."""

    head: bytes
    between: tuple[bytes, ...]
    tail: bytes
    texts: tuple[Text | None, ...]
    event: int

    def take(self, events: Sequence[Event], first: int) -> int:
        """Add the texts of the events of this shape that follow each other from position `first` on.

        Returns the position of the first that is of another shape; nothing of that one is added.
        """
        rows = self._rows_of_one(events, first) if not self.between else self._rows_of_several(events, first)
        taken = events[first : first + len(rows[0])]
        if not taken:
            return first
        for text, pieces in zip(self.texts, rows, strict=True):
            if text is not None:
                text.extend(pieces, taken)
        return first + len(taken)

    def _rows_of_one(self, events: Sequence[Event], first: int) -> tuple[Sequence[str]]:
        """Return what stands in the only hole of the events of this shape."""
        head, tail = self.head, self.tail
        start, stop = len(head), -len(tail)
        raws = []
        for _, _, _, data, layout in islice(events, first, None):
            if layout is not PLAIN or data is None or not (data.startswith(head) and data.endswith(tail)):
                break
            raws.append(data[start:stop])
        return (_all_unquoted(raws),)

    def _rows_of_several(self, events: Sequence[Event], first: int) -> Sequence[Sequence[str]]:
        """Return for each hole what stands in it in the events of this shape."""
        rows = []
        for position in range(first, len(events)):
            texts = self._texts_of(events[position])
            if texts is None:
                break
            rows.append(texts)
        return tuple(zip(*rows, strict=True)) or [()] * len(self.texts)

    def _texts_of(self, event: Event) -> tuple[str, ...] | None:
        """Return what stands in the holes of an event of this shape, None for any other."""
        head, between, tail, _, _ = self
        _, _, _, data, layout = event
        if layout is not PLAIN or data is None or not (data.startswith(head) and data.endswith(tail)):
            return None
        start, stop = len(head), len(data) - len(tail)
        texts = []
        for segment in (*between, tail):
            end = data.find(segment, start, stop) if segment is not tail else stop
            text = _unquoted(data[start:end]) if end >= 0 else None
            if text is None:
                return None
            texts.append(text)
            start = end + len(segment)
        return tuple(texts)


def _all_unquoted(raws: Sequence[bytes]) -> Sequence[str]:
    """Return the strings whose JSON texts stand between quotes, up to the first that is nothing to be sure of."""
    joined = b"\x00".join(raws)
    if joined.isascii() and b'"' not in joined and b"\\" not in joined:
        texts = joined.decode("ascii").split("\x00")
        if len(texts) == len(raws) and all(texts) and "".join(texts).isprintable():
            return texts
    return list(takewhile(bool, map(_unquoted, raws)))  # type: ignore[arg-type]  # what is None ends it


def _unquoted(raw: bytes) -> str | None:
    """Return the string whose JSON text stands between two quotes, None if it is empty or nothing to be sure of."""
    try:
        text = raw.decode()
        if not text.isprintable() or b'"' in raw or b"\\" in raw:
            text = loads(b'"' + raw + b'"')
    except ValueError:
        return None
    return text if text and "\ufffd" not in text else None


def template_of(event: Event, value: Mapping[str, object], holes: Sequence[Hole]) -> Template | None:
    """Return the template of a chunk, or None where its holes cannot be told apart in the bytes, or hold U+FFFD.

    Each hole's string must stand in the data exactly once under its key; and with another string in all of them the
    bytes must parse to the same value but for the holes, so nothing else can have been taken for a hole. Two holes of
    one text would have to be filled in turns, so there is no template for them.
    """
    data = event.data or b""
    filled = [id(hole.text) for hole in holes if hole.text is not None]
    if len(set(filled)) < len(filled):
        return None
    colon = b": " if data.partition(b'":')[2].startswith(b" ") else b":"
    spans: list[tuple[int, int, Text | None]] = []
    for hole in holes:
        quoted = dumps(hole.container[hole.key])
        member = dumps(hole.key) + colon + quoted
        if data.count(member) != 1 or b"\xef\xbf\xbd" in quoted:  # U+FFFD is found chunk by chunk
            return None
        end = data.index(member) + len(member) - 1
        spans.append((end - len(quoted) + 2, end, hole.text))
    spans.sort(key=itemgetter(0))
    ends, starts = [0, *(end for _, end, _ in spans)], [*(start for start, _, _ in spans), len(data)]
    segments = [data[end:start] for end, start in zip(ends, starts, strict=True)]
    if not _is_same_but_for_holes(segments, value, holes):
        return None
    return Template(segments[0], tuple(segments[1:-1]), segments[-1], tuple(text for _, _, text in spans), event.number)


def _is_same_but_for_holes(segments: Sequence[bytes], value: Mapping[str, object], holes: Sequence[Hole]) -> bool:
    """Tell whether filling the holes with a sentinel changes nothing but the holes."""
    originals = [hole.container[hole.key] for hole in holes]
    for hole in holes:
        hole.container[hole.key] = _SENTINEL
    try:
        return bool(loads(_SENTINEL_JSON[1:-1].join(segments)) == value)
    except ValueError:
        return False
    finally:
        for hole, original in zip(holes, originals, strict=True):
            hole.container[hole.key] = original
