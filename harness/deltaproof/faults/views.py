"""What the chunks of a body are made of, each part to be changed in place: deltas, entries, calls. Judges nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from deltaproof.faults.pieces import Json, Piece


@dataclass(slots=True, eq=False)
class Delta:
    """An element of a chunk's choices, and the chunk's piece."""

    piece: Piece
    element: Json

    @property
    def choice(self) -> int:
        """Its choice's index, 0 where that is unusable."""
        index = self.element.get("index")
        return index if isinstance(index, int) else 0

    @property
    def body(self) -> Json:
        """Its delta, its message where it has none, and an empty object where it has neither."""
        body = self.element.get("delta", self.element.get("message"))
        return body if isinstance(body, dict) else {}

    @property
    def entries(self) -> list[Entry]:
        """The elements of its tool_calls."""
        elements = self.body.get("tool_calls")
        return [Entry(self, one) for one in elements if isinstance(one, dict)] if isinstance(elements, list) else []


@dataclass(slots=True, eq=False)
class Entry:
    """An element of a delta's tool_calls."""

    delta: Delta
    value: Json

    @property
    def piece(self) -> Piece:
        """The piece of its chunk."""
        return self.delta.piece

    @property
    def function(self) -> Json:
        """Its function or custom object, an empty object where it has neither."""
        body = self.value.get("custom" if "custom" in self.value else "function")
        return body if isinstance(body, dict) else {}

    @property
    def fragment(self) -> str:
        """Its argument text, or the input of a custom tool; empty where it has none."""
        text = self.function.get(self._key)
        return text if isinstance(text, str) else ""

    @fragment.setter
    def fragment(self, text: str) -> None:
        self.function[self._key] = text

    @property
    def _key(self) -> str:
        return "input" if "custom" in self.value else "arguments"


@dataclass(slots=True, eq=False)
class Call:
    """All entries of one tool call, in order; there is at least one."""

    choice: int
    entries: list[Entry] = field(default_factory=list)

    @property
    def opening(self) -> Entry:
        """The entry that opens it."""
        return self.entries[0]

    @property
    def later(self) -> list[Entry]:
        """The entries that continue it."""
        return self.entries[1:]

    @property
    def fragments(self) -> list[Entry]:
        """The entries that carry text."""
        return [entry for entry in self.entries if entry.fragment]

    @property
    def index(self) -> int:
        """The index of its opening entry, 0 where that is no number."""
        index = self.opening.value.get("index")
        return index if isinstance(index, int) else 0

    @property
    def name(self) -> str:
        """The name in its opening entry, empty where there is none."""
        name = self.opening.function.get("name")
        return name if isinstance(name, str) else ""

    @property
    def id(self) -> str:
        """The id in its opening entry, empty where there is none."""
        identity = self.opening.value.get("id")
        return identity if isinstance(identity, str) else ""

    @property
    def is_custom(self) -> bool:
        """Whether it is the call of a custom tool."""
        return "custom" in self.opening.value

    @property
    def text(self) -> str:
        """Its arguments: the fragments joined."""
        return "".join(entry.fragment for entry in self.entries)

    @property
    def arguments(self) -> Json | None:
        """The object that its arguments are, None where they are none."""
        try:
            value = json.loads(self.text)
        except (RecursionError, ValueError):
            return None
        return value if isinstance(value, dict) else None


def calls_of(deltas: Iterable[Delta]) -> list[Call]:
    """Return the calls that entries make up, in order of opening.

    Read literally: by index, another id makes another call; without an index an id opens a call, or goes on without.
    """
    calls: list[Call] = []
    known: dict[tuple[int, object], Call] = {}
    for delta in deltas:
        for entry in delta.entries:
            index, identity = entry.value.get("index"), entry.value.get("id")
            key = (delta.choice, index if isinstance(index, int | str) else None)
            call = known.get(key)
            if call is None or (identity and call.id and identity != call.id):
                call = known[key] = Call(delta.choice)
                calls.append(call)
            call.entries.append(entry)
    return calls
