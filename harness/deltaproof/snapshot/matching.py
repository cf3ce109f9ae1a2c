"""Which exchange of one source is to be compared with which of another. Compares nothing itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from deltaproof.checking import Judged
from deltaproof.snapshot.shape import Shape, shape_of

PROFILE = "openai-strict"
"""By which recordings are judged whose shapes are kept: every case counts, whatever somebody chooses to look at."""


@dataclass(frozen=True, slots=True)
class Known:
    """A shape, and by what its counterpart is found.

    Attributes:
        name: of the recording, relative to what the operator named, with #1 for its second entry.
        asked: the request without its model, as text; empty where it is not known.
    """

    name: str
    shape: Shape
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Matched:
    """Pairs of old and new in the order of the new, and those without a counterpart."""

    pairs: tuple[tuple[Known, Known], ...]
    gone: tuple[Known, ...]
    come: tuple[Known, ...]


def known(judged: Judged, name: str) -> Known:
    """Return what is known of a recording that was judged."""
    return Known(name, shape_of(judged.exchange, judged.judgement), _asked(judged.exchange.request))


def match(old: Sequence[Known], new: Sequence[Known]) -> Matched:
    """Find counterparts: of the same scenario, else with the same request, else of the same name; first with first.

    Where each side has only one, these belong together.
    """
    if len(old) == len(new) == 1:
        return Matched(((old[0], new[0]),), (), ())
    keys: tuple[Callable[[Known], str], ...] = (
        lambda one: one.shape.scenario,
        lambda one: one.asked,
        lambda one: one.name,
    )
    gone, come = list(old), list(new)
    pairs: list[tuple[Known, Known]] = []
    for key in keys:
        waiting: dict[str, list[Known]] = {}
        for one in gone:
            waiting.setdefault(key(one), []).append(one)
        for other in list(come):
            if key(other) and waiting.get(key(other)):
                one = waiting[key(other)].pop(0)
                gone.remove(one)
                come.remove(other)
                pairs.append((one, other))
    position = {id(one): number for number, one in enumerate(new)}
    pairs.sort(key=lambda pair: position[id(pair[1])])
    return Matched(tuple(pairs), tuple(gone), tuple(come))


def _asked(request: Mapping[str, object] | None) -> str:
    if request is None:
        return ""
    return json.dumps({key: value for key, value in request.items() if key != "model"}, sort_keys=True)
