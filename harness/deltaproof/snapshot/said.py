"""How it is worded what an event brought: parts, and notes on them. What brings which is in arrivals.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

EMPTY = "empty "
"""What stands before the name of a piece that came without any text."""

_LONGEST = 64  # characters of a word that a server chose


class Said(NamedTuple):
    """What an event brought, in parts, to the stream or to one of its choices.

    Attributes:
        parts: such as "role assistant", "text", "finish stop".
        notes: members that are there without a value, or are repeated, or are missing where one expects them.
        flows: whether it is nothing but pieces of texts or arguments, of which there are as many as the words need.
        counts: whether it matters how often it comes: not for what flows, nor for what carries nothing.
    """

    parts: tuple[str, ...]
    notes: tuple[str, ...] = ()
    flows: bool = False
    counts: bool = True

    def __str__(self) -> str:
        """Join parts and notes: "call 0 opens + arguments of call 0 (no id)"."""
        notes = f" ({', '.join(self.notes)})" if self.notes else ""
        return " + ".join(self.parts) + notes

    @property
    def likeness(self) -> str:
        """What it says, a piece without text taken for one with text."""
        return str(self).removeprefix(EMPTY) if self.flows else str(self)


class Arrival(NamedTuple):
    """What one event brought, or `times` events that brought the same: to all choices, and to each."""

    event: int
    times: int
    common: Said | None
    choices: Mapping[int, Said]


def word(value: object) -> str:
    """Return a word that a server chose, as text that any file can hold."""
    text = value if isinstance(value, str) else type(value).__name__ if isinstance(value, dict | list) else str(value)
    text = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return text.encode(errors="replace").decode()
