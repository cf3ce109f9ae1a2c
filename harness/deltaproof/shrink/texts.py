"""Texts in a recording made shorter: strings in JSON, and what is no JSON. Leaves no field out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from deltaproof.faults.pieces import Piece
from deltaproof.shrink.ddmin import smallest
from deltaproof.shrink.trial import Trial, chunk_of

_FINE = 512
"""Parts into which a long text is divided at most: more take too long."""

_WORDS: dict[object, frozenset[str]] = {"request": frozenset({"role", "type"})}
"""Keys whose values are no texts where a request has them."""

_T = TypeVar("_T")


def texts(trial: Trial) -> None:
    """Shorten each string wherever it stands, then what is no JSON."""
    for text in sorted(dict.fromkeys(_strings(trial.documents().values())), key=len, reverse=True):
        _shorten(trial, text)
    for number, piece in enumerate(trial.pieces):
        if chunk_of(piece) is None and piece.data != b"[DONE]":
            _bytes(trial, number)


def _strings(values: Iterable[object]) -> Iterable[str]:
    """Yield every string in JSON values, keys left out."""
    for value in values:
        match value:
            case str() if value:
                yield value
            case dict():
                yield from _strings(value.values())
            case list():
                yield from _strings(value)


def _shorten(trial: Trial, text: str) -> None:
    """Shorten a string in all places where it stands."""
    documents = trial.documents()

    def holds(shorter: str) -> bool:
        return trial.offer_documents(
            {place: _replaced(one, text, shorter, _WORDS.get(place, frozenset())) for place, one in documents.items()}
        )

    smallest(text, holds, finest=len(text) // _FINE + 1)


def _replaced(value: _T, text: str, new: str, words: frozenset[str]) -> _T:
    """Return a JSON value with another string in all places of one, but under keys whose values are words."""
    match value:
        case str() if value == text:
            return new  # type: ignore[return-value]  # a string for a string
        case dict():
            return {  # type: ignore[return-value]  # an object for an object
                key: inner if key in words else _replaced(inner, text, new, words) for key, inner in value.items()
            }
        case list():
            return [_replaced(inner, text, new, words) for inner in value]  # type: ignore[return-value]  # as above
        case _:
            return value


def _bytes(trial: Trial, number: int) -> None:
    """Shorten what is no JSON object."""
    piece = trial.pieces[number]

    def holds(raw: bytes) -> bool:
        return trial.offer((*trial.pieces[:number], Piece(raw, None, None, piece.origin), *trial.pieces[number + 1 :]))

    smallest(piece.raw, holds, finest=len(piece.raw) // _FINE + 1)
