"""A chunk's bytes with holes where its texts stand, so that the next chunk of the same shape need not be parsed.

In a long stream nearly every chunk equals the one before but for a few characters. What parsing and rules make of such
a chunk is known from the one it repeats; only the text in the holes is new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import orjson

from deltaproof.stream.text import Text

_SENTINEL = "\x01hole"
_SENTINEL_JSON = orjson.dumps(_SENTINEL)


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

    def take(self, data: bytes, event: int, offset: int) -> bool:
        """Add the texts of a chunk of this shape; return False, with nothing added, for any other."""
        head, between, tail, texts, _ = self
        if not (data.startswith(head) and data.endswith(tail)):
            return False
        stop = len(data) - len(tail)
        start = len(head)
        if between:
            pieces = []
            for segment in between:
                end = data.find(segment, start, stop)
                if end < 0:
                    return False
                pieces.append(_unquoted(data[start:end]))
                start = end + len(segment)
            pieces.append(_unquoted(data[start:stop]))
            if None in pieces:
                return False
            for text, piece in zip(texts, pieces, strict=True):
                if text is not None and piece is not None:
                    text.append(piece, event, offset)
            return True
        piece = _unquoted(data[start:stop])
        if piece is None:
            return False
        if (text := texts[0]) is not None:
            text.append(piece, event, offset)
        return True


def _unquoted(raw: bytes) -> str | None:
    """Return the string whose JSON text stands between two quotes, None if it is empty or nothing to be sure of."""
    try:
        text = raw.decode()
        if text.isprintable() and b'"' not in raw and b"\\" not in raw:
            return text if text and "\ufffd" not in text else None
        text = orjson.loads(b'"' + raw + b'"')
    except ValueError:
        return None
    return text if text and "\ufffd" not in text else None


def template_of(data: bytes, value: Mapping[str, object], holes: Sequence[Hole], event: int) -> Template | None:
    """Return the template of a chunk, or None where its holes cannot be told apart in the bytes.

    Each hole's string must stand in `data` exactly once as JSON text; and with another string in all of them the
    bytes must parse to the same value but for the holes, so nothing else can have been taken for a hole.
    """
    quoted = [orjson.dumps(hole.container[hole.key]) for hole in holes]
    if any(data.count(text) != 1 for text in quoted):
        return None
    order = sorted(range(len(holes)), key=lambda number: data.index(quoted[number]))
    segments: list[bytes] = []
    position = 0
    for number in order:
        start = data.index(quoted[number])
        segments.append(data[position : start + 1])
        position = start + len(quoted[number]) - 1
    segments.append(data[position:])
    if not _is_same_but_for_holes(segments, value, holes):
        return None
    texts = tuple(holes[number].text for number in order)
    return Template(segments[0], tuple(segments[1:-1]), segments[-1], texts, event)


def _is_same_but_for_holes(segments: Sequence[bytes], value: Mapping[str, object], holes: Sequence[Hole]) -> bool:
    """Tell whether filling the holes with a sentinel changes nothing but the holes."""
    originals = [hole.container[hole.key] for hole in holes]
    for hole in holes:
        hole.container[hole.key] = _SENTINEL
    try:
        return bool(orjson.loads(_SENTINEL_JSON[1:-1].join(segments)) == value)
    except ValueError:
        return False
    finally:
        for hole, original in zip(holes, originals, strict=True):
            hole.container[hole.key] = original
