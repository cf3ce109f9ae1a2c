"""A body in pieces: events as they were written, each with its chunk to change. Does not know what chunks mean."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from deltaproof.faults.splice import splice, style_of
from deltaproof.sse import BOM, Decoder

Json = dict[str, Any]  # type: ignore[explicit-any]  # a JSON object, whose members may be anything

_DATA_LINE = re.compile(rb"(data(?:: ?|$))[^\r\n]*([\r\n]*)")


@dataclass(slots=True, eq=False)
class Piece:
    """A part of the body: an event, or what stands between two events.

    Attributes:
        raw: its bytes as written, the empty line that ends an event included.
        data: the event's data, None where it has none.
        chunk: the JSON object that its data is, to be changed in place; None where it is none.
        origin: where in the body that was read it began and ended, None for a new one.
    """

    raw: bytes
    data: bytes | None = None
    chunk: Json | None = None
    origin: tuple[int, int] | None = None

    @property
    def json(self) -> Json:
        """Its chunk, an empty object where it has none."""
        return self.chunk if self.chunk is not None else {}

    def text(self, *, escapes: bool) -> str:
        """Return the JSON text of its chunk, with what was changed in it; `escapes` as of `Style`."""
        text = (self.data or b"").decode()
        return splice(text, self.chunk, style_of(text, escapes=escapes))

    def written(self, *, escapes: bool) -> bytes:
        """Return its bytes, with what was changed in its chunk."""
        if self.chunk is None or self.data is None:
            return self.raw
        text = self.text(escapes=escapes).encode()
        return self.raw if text == self.data else with_data(self.raw, text)

    def put(self, data: bytes) -> None:
        """Give it other data, and no chunk any more."""
        self.raw, self.data, self.chunk = with_data(self.raw, data), data, None

    def copy(self) -> Piece:
        """Return a new piece that is written like this one."""
        return Piece(self.raw, self.data, deepcopy(self.chunk))


def pieces_of(body: bytes) -> list[Piece]:
    """Take a body apart; the pieces joined are the body."""
    decoder = Decoder(limit=len(body))
    pieces: list[Piece] = []
    position = 0
    for event in decoder.feed(body) + decoder.close():
        start = event.offset + len(BOM) if event.layout.bom else event.offset
        if start > position:
            pieces.append(Piece(body[position:start], origin=(position, start)))
        pieces.append(Piece(body[start : event.end], event.data, _object(event.data), (start, event.end)))
        position = event.end
    if position < len(body):
        pieces.append(Piece(body[position:], origin=(position, len(body))))
    return pieces


def with_data(raw: bytes, data: bytes) -> bytes:
    """Return an event with other data in the place of its own."""
    lines = raw.splitlines(keepends=True)
    matches = [_DATA_LINE.fullmatch(line) for line in lines]
    numbers = [number for number, match in enumerate(matches) if match]
    for number in numbers:
        lines[number] = b""
    if numbers and (match := matches[numbers[0]]):
        lines[numbers[0]] = b"".join(match[1] + part + match[2] for part in data.split(b"\n"))
    return b"".join(lines)


def _object(data: bytes | None) -> Json | None:
    """Return the JSON object that data is, None where it is none, or one nested too deep to be changed."""
    try:
        value = json.loads(data.decode()) if data else None
        return value if isinstance(value, dict) else None
    except (RecursionError, ValueError):
        return None
