"""Faults of usage: whether it comes, when, on which chunk, and whether its numbers add up."""

from __future__ import annotations

from collections.abc import Callable

from deltaproof.faults.draft import Draft, need
from deltaproof.faults.fault import Fault, fault
from deltaproof.faults.pieces import Json, Piece

_USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}


def _chunk(draft: Draft) -> Piece:
    """Return the chunk with usage and no choices."""
    pieces = [piece for piece in draft.pieces if piece.chunk and piece.chunk.get("usage")]
    return draft.pick([piece for piece in pieces if piece.json.get("choices") == []], "there is no usage chunk")


def _last_finish(draft: Draft) -> Piece:
    """Return the last chunk with a finish_reason."""
    draft.finish()
    return [delta.piece for delta in draft.deltas() if delta.element.get("finish_reason")][-1]


def _usage(change: Callable[[Json], object]) -> Callable[[Draft], None]:
    """Change the usage."""
    return lambda draft: _do(change, _chunk(draft).json["usage"])


def _do(change: Callable[[Json], object], usage: object) -> None:
    need(isinstance(usage, dict), "usage is no object")
    if isinstance(usage, dict):
        change(usage)


def _count(usage: Json, key: str) -> int:
    """Return one of the counts."""
    count = usage.get(key)
    need(isinstance(count, int), f"{key} is no number")
    return count if isinstance(count, int) else 0


@fault("usage-unasked", "usage-default-absent.unasked")
def unasked(draft: Draft) -> None:
    """A usage chunk comes that was not asked for."""
    need(not draft.asked().include_usage, "usage was asked for")
    piece = draft.chunks()[-1].copy()
    piece.chunk = piece.json | {"choices": [], "usage": _USAGE}
    draft.insert(piece, after=draft.chunks()[-1])


@fault("usage-missing", "usage-chunk-once.missing")
def missing(draft: Draft) -> None:
    """The usage that was asked for does not come."""
    need(draft.asked().include_usage, "usage was not asked for")
    draft.pieces.remove(_chunk(draft))


@fault("usage-twice", "usage-chunk-once.repeated")
def twice(draft: Draft) -> None:
    """The usage chunk comes twice."""
    draft.insert(_chunk(draft).copy(), after=_chunk(draft))


@fault("usage-early", "usage-chunk-once.early")
def early(draft: Draft) -> None:
    """The usage chunk comes before the last finish_reason."""
    draft.move(_chunk(draft), before=_last_finish(draft))


@fault("usage-on-finish", "usage-chunk-choices-empty.shared")
def on_finish(draft: Draft) -> None:
    """The last chunk with a finish_reason carries the usage, and no other does."""
    usage = _chunk(draft)
    _last_finish(draft).json["usage"] = usage.json["usage"]
    draft.pieces.remove(usage)


@fault("usage-null-missing", "usage-null-elsewhere.absent")
def null_missing(draft: Draft) -> None:
    """The chunks with choices have no usage, not even null."""
    need(draft.asked().include_usage, "usage was not asked for")
    for piece in draft.chunks():
        piece.json.pop("usage", None)


@fault("usage-array", "usage-arithmetic.shape")
def array(draft: Draft) -> None:
    """The usage is an array."""
    _chunk(draft).json["usage"] = [1]


FAULTS = (
    unasked,
    missing,
    twice,
    early,
    on_finish,
    null_missing,
    array,
    Fault(
        "usage-count-missing",
        "usage-arithmetic.counts",
        "The usage has no total.",
        _usage(lambda usage: usage.pop("total_tokens", None)),
    ),
    Fault(
        "usage-sum-wrong",
        "usage-arithmetic.sum",
        "The total of the usage is one too high.",
        _usage(lambda usage: usage.update(total_tokens=_count(usage, "total_tokens") + 1)),
    ),
    Fault(
        "usage-details-high",
        "usage-arithmetic.details",
        "More tokens of the prompt were cached than it has.",
        _usage(lambda usage: usage.update(prompt_tokens_details={"cached_tokens": _count(usage, "prompt_tokens") + 1})),
    ),
)
