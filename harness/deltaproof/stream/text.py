"""Text that arrives in fragments, and where each fragment stood. Knows nothing of what the text means."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import accumulate
from typing import NamedTuple

from deltaproof.sse import Event


class Fragment(NamedTuple):
    """One fragment of a text.

    Attributes:
        start: its first character's position in the whole text.
        text: the fragment.
        event, offset: the event that carried it, and that event's byte offset.
    """

    start: int
    text: str
    event: int
    offset: int


class Text:
    """A text under construction: appended to while the stream is read, only read afterwards.

    It costs its characters and 24 bytes a fragment, however many fragments there are.
    """

    __slots__ = ("_buffer", "_ends", "_events", "_offsets")

    def __init__(self) -> None:
        """Start empty."""
        self._buffer = StringIO()
        self._ends = array("Q")
        self._events = array("Q")
        self._offsets = array("Q")

    def append(self, text: str, event: int, offset: int) -> None:
        """Add the fragment that an event carried; an empty one leaves no trace."""
        if not text:
            return
        self._buffer.write(text)
        self._ends.append(self._buffer.tell())
        self._events.append(event)
        self._offsets.append(offset)

    def extend(self, pieces: Sequence[str], events: Sequence[Event]) -> None:
        """Add the fragments that several events carried, one each, none of them empty."""
        ends = accumulate(map(len, pieces), initial=len(self))
        next(ends)
        self._ends.extend(ends)
        self._buffer.write("".join(pieces))
        self._events.extend([event.number for event in events])
        self._offsets.extend([event.offset for event in events])

    def __str__(self) -> str:
        """Return the fragments joined."""
        return self._buffer.getvalue()

    def __len__(self) -> int:
        """Return the number of characters."""
        return self._ends[-1] if self._ends else 0

    def __eq__(self, other: object) -> bool:
        """Compare text and places."""
        if not isinstance(other, Text):
            return NotImplemented
        places = self._ends == other._ends and self._events == other._events and self._offsets == other._offsets
        return places and str(self) == str(other)

    __hash__ = None  # type: ignore[assignment]  # it grows, so it has no hash

    def __repr__(self) -> str:
        """Show the text and the number of fragments."""
        return f"<Text {str(self)!r} in {self.fragments} fragments>"

    @property
    def fragments(self) -> int:
        """Return how many fragments were added, empty ones not counted."""
        return len(self._ends)

    def fragment(self, number: int) -> Fragment:
        """Return a fragment by its position among them, from 0."""
        start = self._ends[number - 1] if number else 0
        return Fragment(start, str(self)[start : self._ends[number]], self._events[number], self._offsets[number])

    def pieces(self) -> Iterator[Fragment]:
        """Yield all fragments in order."""
        whole = str(self)
        start = 0
        for end, event, offset in zip(self._ends, self._events, self._offsets, strict=True):
            yield Fragment(start, whole[start:end], event, offset)
            start = end

    def at(self, position: int) -> Fragment | None:
        """Return the fragment that holds the character at `position`, the last one for positions past the end."""
        if not self._ends:
            return None
        return self.fragment(min(bisect_right(self._ends, position), len(self._ends) - 1))
