"""Delta debugging: what of several parts is needed. Knows neither streams nor JSON.

After Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input (2002), without their test of subsets:
what is needed is mostly few parts far from each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, Self, TypeVar


class _Parts(Protocol):
    """A text, bytes or a tuple."""

    def __len__(self) -> int: ...

    def __getitem__(self, key: slice[int | None, int | None, None], /) -> Self: ...

    def __add__(self, other: Self, /) -> Self: ...


_P = TypeVar("_P", bound=_Parts)


def smallest(parts: _P, holds: Callable[[_P], bool], *, finest: int = 1) -> _P:
    """Leave parts out for as long as `holds` says so of the rest, and return the rest.

    It is asked of ever smaller runs of parts, the last first, since what comes later mostly needs what came before. In
    the end no run of `finest` parts can be left out. What it says of all parts is not asked.
    """
    size = len(parts)
    while len(parts):
        before = end = len(parts)
        while end > 0:
            start = max(0, end - size)
            rest = parts[:start] + parts[end:]
            if holds(rest):
                parts = rest
            end = start
        if size > finest:
            size = max(finest, min(size, len(parts)) // 2)
        elif len(parts) == before:
            break
    return parts
