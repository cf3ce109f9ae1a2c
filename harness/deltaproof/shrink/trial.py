"""A recording while it is made smaller: what was last found to be enough, and whether something smaller is too."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from hashlib import blake2b
from typing import Literal, TypeAlias

from deltaproof.exchange import Exchange
from deltaproof.faults.pieces import Json, Piece, pieces_of, with_data
from deltaproof.faults.rewritten import rewritten
from deltaproof.faults.splice import splice, style_of

Place: TypeAlias = int | Literal["request", "answer"]
"""Where a JSON object stands: in a piece of the body, by its number, or beside the body."""

_DEEPEST = 64


class OutOfTimeError(Exception):
    """There is no time to ask any more: what was last found to be enough is what there is."""


class Trial:
    """What was last found to be enough.

    Attributes:
        exchange: all of it.
        pieces: its body.
        tries: how often it was asked whether less is enough.
    """

    def __init__(self, exchange: Exchange, still_shows: Callable[[Exchange], bool], go_on: Callable[[], bool]) -> None:
        """Start with a whole recording."""
        self._original = exchange
        self._still_shows = still_shows
        self._go_on = go_on
        self._asked: set[bytes] = set()
        self.exchange = exchange
        self.pieces = tuple(Piece(one.raw, one.data, None, one.origin) for one in pieces_of(exchange.body))
        self.tries = 0

    def offer(self, pieces: Sequence[Piece], around: Exchange | None = None) -> bool:
        """Go on with these pieces, and what is around them, if they are enough; tell whether they are.

        Raises:
            OutOfTimeError: there is no time to ask any more.
        """
        self._raise_if_late()
        around = around or self.exchange
        reads = self._original.reads if around.reads else ()
        candidate = rewritten(self._original, replace(around, reads=reads), pieces, escapes=False)
        if (mark := _mark(candidate)) in self._asked:
            return False
        self._asked.add(mark)
        self.tries += 1
        if not self._still_shows(candidate):
            return False
        self.exchange, self.pieces = candidate, tuple(pieces)
        return True

    def documents(self) -> dict[Place, Json]:
        """Return all JSON objects, to be changed in place and offered.

        Raises:
            OutOfTimeError: there is no time to ask any more.
        """
        self._raise_if_late()
        documents: dict[Place, Json] = {}
        if (request := self.exchange.request) is not None and not _is_deep(request):
            documents["request"] = deepcopy(dict(request))
        if (answer := self.exchange.answer) is not None and not _is_deep(answer):
            documents["answer"] = deepcopy(dict(answer))
        for number, piece in enumerate(self.pieces):
            if (chunk := chunk_of(piece)) is not None:
                documents[number] = chunk
        return documents

    def offer_documents(self, documents: Mapping[Place, Json], gone: Container[Place] = ()) -> bool:
        """Go on with other JSON objects in the places of some, if they are enough; tell whether they are.

        Pieces whose numbers are among those `gone` are left out.

        Raises:
            OutOfTimeError: there is no time to ask any more.
        """
        self._raise_if_late()
        around = replace(
            self.exchange,
            request=documents.get("request", self.exchange.request),
            answer=documents.get("answer", self.exchange.answer),
        )
        pieces = [_with(piece, documents.get(number)) for number, piece in enumerate(self.pieces) if number not in gone]
        return self.offer(pieces, around)

    def _raise_if_late(self) -> None:
        if not self._go_on():
            raise OutOfTimeError


def chunk_of(piece: Piece) -> Json | None:
    """Return the JSON object that a piece is, of an event its data; None where it is none, or nested too deep."""
    try:
        value = json.loads(piece.raw if piece.data is None else piece.data)
    except (RecursionError, ValueError):
        return None
    return value if isinstance(value, dict) and not _is_deep(value) else None


def _is_deep(value: object) -> bool:
    """Tell whether a JSON value is nested so deep that what recurses would fail."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def _with(piece: Piece, chunk: Json | None) -> Piece:
    """Return a piece with another chunk; all else of it stays as it is written."""
    if chunk is None:
        return piece
    before = piece.raw if piece.data is None else piece.data
    text = before.decode()
    after = splice(text, chunk, style_of(text, escapes=text.isascii())).encode()
    if after == before:
        return piece
    if piece.data is None:  # the whole body, as of a plain answer or a refusal
        return Piece(after, None, None, piece.origin)
    return Piece(with_data(piece.raw, after), after, None, piece.origin)


def _mark(exchange: Exchange) -> bytes:
    """Return what tells one candidate from another."""
    mark = blake2b(exchange.body, digest_size=16)
    around = (exchange.request, exchange.answer, exchange.head, exchange.sent_headers, exchange.reads, exchange.ended)
    mark.update(repr(around).encode(errors="backslashreplace"))
    return mark.digest()
