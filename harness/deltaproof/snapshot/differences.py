"""Where two shapes differ, as deepdiff finds it: for those who say what changed, and in deepdiff's own words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from deltaproof.exchange import End
from deltaproof.snapshot.shape import ChoiceShape, Shape
from deltaproof.verdict import Verdict

if TYPE_CHECKING:
    from deepdiff.model import DiffLevel


def differences(old: Shape, new: Shape) -> Iterator[tuple[list[str], str, str]]:
    """Yield the path to each text that differs, with what it was and is; "" where it was or is not there.

    Where a recording does not know the response's head, that is no difference. Where a client has left, compared is
    what both have seen, the last step of the shorter one left out.
    """
    one, other = (_texts(shape) for shape in _comparable(old, new))
    if one == other:
        return
    from deepdiff.diff import DeepDiff

    levels: Iterable[DiffLevel] = (
        level for kind in DeepDiff(one, other, view="tree", threshold_to_diff_deeper=0).values() for level in kind
    )
    for level in levels:
        path = [str(step) for step in level.path(output_format="list")]
        yield from _leaves(path, level.t1, level.t2)


def deep_difference(old: Shape, new: Shape) -> list[str]:
    """Return what differs in deepdiff's own words, a line each; none where `differences` has none."""
    from deepdiff.diff import DeepDiff

    one, other = (_plain(shape) for shape in _comparable(old, new))
    return str(DeepDiff(one, other, verbose_level=2, threshold_to_diff_deeper=0).pretty()).splitlines()


def _comparable(old: Shape, new: Shape) -> tuple[Shape, Shape]:
    """Return two shapes without what only one of them can know."""
    if End.CLIENT_GONE in (old.end, new.end):
        old, new = _begun(old, new), _begun(new, old)
    if None in (old.status, new.status):
        old, new = (replace(each, status=None, type=None) for each in (old, new))
    return old, new


def _begun(shape: Shape, other: Shape) -> Shape:
    """Return what a client knows of a shape that may have left earlier, or later, than the client of another."""
    choices = tuple(
        ChoiceShape(choice.arrived[: min(len(choice.arrived), len(counterpart.arrived)) - 1])
        for choice, counterpart in zip(shape.choices, other.choices, strict=False)
    )
    deviating = {slug for each in (shape, other) for slug, told in each.verdicts.items() if _deviates(told)}
    known = deviating & shape.verdicts.keys() & other.verdicts.keys()
    verdicts = {slug: shape.verdicts[slug] for slug in known}
    return replace(shape, end="", choices=choices, chunk_fields=(), choice_fields=(), verdicts=verdicts)


def _deviates(told: str) -> bool:
    return told.partition(": ")[0] == Verdict.DEVIATES


def _texts(shape: Shape) -> dict[str, object]:
    """Return a shape for `differences`: what is found by name or number as a mapping, steps as one text."""
    return {
        "status": str(shape.status or ""),
        "type": shape.type or "",
        "end": shape.end,
        "body": shape.body,
        "arrived": "\n".join(shape.arrived),
        "choices": {str(number): _choice_texts(choice) for number, choice in enumerate(shape.choices)},
        "chunk_fields": dict.fromkeys(shape.chunk_fields, "there"),
        "choice_fields": dict.fromkeys(shape.choice_fields, "there"),
        "verdicts": dict(shape.verdicts),
    }


def _choice_texts(choice: ChoiceShape) -> dict[str, object]:
    calls = {
        str(number): {name: str(value or "") for name, value in asdict(call).items()}
        for number, call in enumerate(choice.calls)
    }
    return {"arrived": "\n".join(choice.arrived), "calls": calls}


def _plain(shape: Shape) -> Mapping[str, object]:
    """Return a shape for `deep_difference`: lists as lists, so that a step is a line; its scenario is not compared."""
    return {
        "status": shape.status,
        "type": shape.type,
        "end": shape.end,
        "body": shape.body,
        "arrived": list(shape.arrived),
        "choices": [
            {
                "arrived": list(choice.arrived),
                "calls": [
                    {"name": call.name, "name chunks": call.name_chunks, "id": call.id, "type": call.type}
                    for call in choice.calls
                ],
            }
            for choice in shape.choices
        ],
        "chunk fields": dict.fromkeys(shape.chunk_fields, "there"),
        "choice fields": dict.fromkeys(shape.choice_fields, "there"),
        "verdicts": dict(shape.verdicts),
    }


def _leaves(path: list[str], was: object, now: object) -> Iterator[tuple[list[str], str, str]]:
    """Yield the texts of what is there on one side only; what is not there is deepdiff's own sentinel."""
    one, other = (value if isinstance(value, str | dict) else "" for value in (was, now))
    match one, other:
        case str(), str():
            yield path, one, other
        case _:
            old, new = (value if isinstance(value, dict) else {} for value in (one, other))
            if path[-2:-1] == ["calls"]:
                yield path, str(old.get("name", "")), str(new.get("name", ""))
                return
            for key in [*old, *(key for key in new if key not in old)]:
                yield from _leaves([*path, key], old.get(key, ""), new.get(key, ""))
