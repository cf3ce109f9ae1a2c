"""What is left out of a recording, stage by stage: what is around the body, events, fields. Texts are in texts.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import TypeAlias

from deltaproof.exchange import Head
from deltaproof.faults.pieces import Json, Piece
from deltaproof.shrink.ddmin import smallest
from deltaproof.shrink.trial import Place, Trial, chunk_of

Way: TypeAlias = tuple[str | int, ...]
"""How to get to a value in a JSON object: keys and positions."""

_STREAM = "text/event-stream"
_NEEDED: frozenset[Way] = frozenset({("stream",), ("model",), ("messages",), ("messages", 0)})
_OPTIONAL = frozenset({"description", "parameters", "strict"})
"""What a message or a tool of a request can do without."""


def around(trial: Trial) -> None:
    """Leave out what is around the stream: times, headers but for its type, the plain answer."""
    exchange = trial.exchange
    if exchange.reads or exchange.ended is not None:
        trial.offer(trial.pieces, replace(exchange, reads=(), ended=None))
    if exchange.sent_headers:
        trial.offer(trial.pieces, replace(trial.exchange, sent_headers=()))
    if exchange.answer is not None:
        trial.offer(trial.pieces, replace(trial.exchange, answer=None))
    if head := trial.exchange.head:
        _headers(trial, head)


def _headers(trial: Trial, head: Head) -> None:
    """Leave out headers; a stream's type stays, without parameters that nothing needs: gateways go by it."""

    def offer(headers: tuple[tuple[str, str], ...]) -> bool:
        return trial.offer(trial.pieces, replace(trial.exchange, head=Head(head.status, headers)))

    headers = head.headers
    typed = [number for number, (name, _) in enumerate(headers) if name.lower() == "content-type"][:1]
    if head.media_type != _STREAM:
        typed = []
    for number in typed:
        plain = (*headers[:number], (headers[number][0], _STREAM), *headers[number + 1 :])
        if plain != headers and offer(plain):
            headers = plain
    others = tuple(number for number in range(len(headers)) if number not in typed)
    smallest(others, lambda kept: offer(tuple(headers[number] for number in sorted((*typed, *kept)))))


def events(trial: Trial) -> None:
    """Leave out events, and whatever stands between them."""
    smallest(trial.pieces, trial.offer)


def fields(trial: Trial) -> None:
    """Leave out lines of events, then members of JSON objects and elements of arrays: the outermost first.

    What stands in the same place of several chunks is left out of all of them, or else of one after the other.
    """
    for number in range(len(trial.pieces)):
        _lines(trial, number)
    depth = 1
    while ways := list(_ways(trial, depth)):
        together: dict[object, list[tuple[Place, Way]]] = {}
        for place, way in ways:
            together.setdefault(("chunk" if isinstance(place, int) else place, way), []).append((place, way))
        _leave_out(trial, list(together.values()))
        _leave_out(trial, [[one] for one in _ways(trial, depth)])
        depth += 1


def _lines(trial: Trial, number: int) -> None:
    """Leave out lines of an event that has a chunk; what has none is gone through byte by byte."""
    piece = trial.pieces[number]
    lines = tuple(piece.raw.splitlines(keepends=True))
    if chunk_of(piece) is None or len(lines) <= 2:  # noqa: PLR2004 - its data and the empty line
        return

    def holds(kept: tuple[bytes, ...]) -> bool:
        new = Piece(b"".join(kept), piece.data, None, piece.origin)
        has_data = any(line.startswith(b"data") for line in kept)
        return has_data and trial.offer((*trial.pieces[:number], new, *trial.pieces[number + 1 :]))

    smallest(lines, holds)


def _leave_out(trial: Trial, groups: Sequence[Sequence[tuple[Place, Way]]]) -> None:
    """Leave out of all JSON objects what can be, of groups of which each stays or goes as one."""
    documents = trial.documents()

    def holds(kept: tuple[int, ...]) -> bool:
        gone: dict[Place, set[Way]] = {}
        for number in set(range(len(groups))) - set(kept):
            for place, way in groups[number]:
                gone.setdefault(place, set()).add(way)
        return trial.offer_documents({place: _without(documents[place], ways) for place, ways in gone.items()})

    smallest(tuple(range(len(groups))), holds)


def _ways(trial: Trial, depth: int) -> Iterator[tuple[Place, Way]]:
    """Yield all that could be left out at some depth."""
    for place, document in trial.documents().items():
        for way in _ways_in(document, depth):
            if place != "request" or _is_optional(way):
                yield place, way


def _is_optional(way: Way) -> bool:
    """Tell whether a request without something is a request still."""
    if way in _NEEDED:
        return False
    is_inside = way[0] in {"messages", "tools"} and len(way) > 2  # noqa: PLR2004 - of a message or a tool
    return not is_inside or not _OPTIONAL.isdisjoint(way)


def _ways_in(value: object, depth: int) -> Iterator[Way]:
    """Yield the ways to what is so many steps deep in a JSON value."""
    if depth == 0:
        yield ()
        return
    steps: Iterator[tuple[str | int, object]] = iter(())
    if isinstance(value, dict):
        steps = iter(value.items())
    elif isinstance(value, list):
        steps = iter(enumerate(value))
    for step, inner in steps:
        for way in _ways_in(inner, depth - 1):
            yield (step, *way)


def _without(document: Json, ways: set[Way]) -> Json:
    """Return a JSON object without some of its members and elements."""
    changed = deepcopy(document)
    for way in sorted(ways, key=lambda way: [step if isinstance(step, int) else -1 for step in way], reverse=True):
        inner = changed
        for step in way[:-1]:
            inner = inner[step]  # type: ignore[index]  # the way leads through objects and arrays
        del inner[way[-1]]  # type: ignore[arg-type]  # as above
    return changed
