"""Moments: one event's part of a stream, together with what was known when it came. Shapes only, nothing is read here.

They are tuples because there are so many of them. Rules see them outlined, so that what is alike deviates alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from deltaproof.sse import PLAIN, Event
from deltaproof.stream.outline import Envelope, of_entry, of_opening
from deltaproof.stream.request import Asked
from deltaproof.stream.strict import Problem


class Place(NamedTuple):
    """Where something is: event number from 1, byte offset of that event, and the choice and call it concerns."""

    event: int
    offset: int
    choice: int | None = None
    tool_call: int | None = None


class Kind(StrEnum):
    """What an event turned out to carry."""

    CHUNK = "chunk"
    DONE = "done"
    ERROR = "error"
    MALFORMED = "malformed"


class ErrorShape(StrEnum):
    """How a server says in mid-stream that it failed; OBJECT is the one that clients notice."""

    OBJECT = "object"
    STRING = "string"
    EVENT_NAME = "event-name"
    OBJECT_FIELD = "object-field"
    BARE_LINE = "bare-line"


class Payload(NamedTuple):
    """What one event carries.

    Attributes:
        event: the event.
        kind: what it is taken for. An error that also has choices is an ERROR and a chunk.
        value: the JSON object, or None.
        problem, detail: what is wrong with the JSON text.
        shape: how an error is written, None for anything else.
        after_done, after_error: whether `[DONE]`, or an error, came before.
        replaced: whether U+FFFD may stand in the data, as it is or escaped.
    """

    event: Event
    kind: Kind
    value: Mapping[str, object] | None
    problem: Problem
    detail: str
    shape: ErrorShape | None
    after_done: bool
    after_error: bool
    replaced: bool

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.event.number, self.event.offset)

    @property
    def likeness(self) -> object:
        """All that rules can tell of an ordinary one and its event, apart from what it carries; None for any other."""
        is_usual = self.kind is Kind.CHUNK or self.event.data == b"[DONE]"
        is_plain = is_usual and self.problem is Problem.NONE and self.event.layout is PLAIN
        return self.kind if is_plain and not (self.after_done or self.after_error or self.replaced) else None


class Chunk(NamedTuple):
    """One chunk.

    Attributes:
        event, offset: its event.
        value: the JSON object, outlined: a constant that is the stream's first, and what is inside of the deltas, do
            not show.
        first: the constants as earlier chunks had them, outlined likewise.
        request: what was asked for, if known.
    """

    event: int
    offset: int
    value: Mapping[str, object]
    first: Envelope
    request: Asked | None

    @property
    def shown(self) -> object:
        """What rules can tell of its JSON."""
        return self.value

    @property
    def known(self) -> tuple[object, ...]:
        """What else they can tell but its place."""
        return self.first, self.request

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.event, self.offset)

    @property
    def choices(self) -> list[object]:
        """Its choices, [] where they are no array."""
        choices = self.value.get("choices")
        return choices if isinstance(choices, list) else []


class Delta(NamedTuple):
    """One element of a chunk's choices, with what was known of that choice before.

    Attributes:
        event, offset: its event.
        choice: the choice it is counted to: its index, or 0 where that is unusable.
        value: the element, the inside of its delta and message left out.
        body: its `delta`; its `message` where it has no delta; {} where it has neither; texts as "…".
        expected: the index that the next new choice should have.
        is_first: whether it is the choice's first.
        role: the role sent so far, None if there was none.
        refused: whether text of a refusal was sent before.
        called: whether a tool call was opened before.
        finish: the finish_reason sent before, None if there was none.
        extras: the names of extra delta fields that had a value before, not null and no empty list; the first 64.
        request: what was asked for, if known.
    """

    event: int
    offset: int
    choice: int
    value: Mapping[str, object]
    body: Mapping[str, object]
    expected: int
    is_first: bool
    role: str | None
    refused: bool
    called: bool
    finish: str | None
    extras: frozenset[str]
    request: Asked | None

    @property
    def shown(self) -> object:
        """What rules can tell of its JSON beside what its chunk shows of it."""
        return self.body

    @property
    def known(self) -> tuple[object, ...]:
        """What else they can tell but its place."""
        return self.choice, *self[5:]

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.event, self.offset, self.choice)

    @property
    def finish_reason(self) -> object:
        """Its own finish_reason, None where the key is absent too."""
        return self.value.get("finish_reason")


class Entry(NamedTuple):
    """One element of a delta's tool_calls, with what was known of its call before.

    Attributes:
        event, offset, choice: its event and choice.
        value: the element, an object.
        index: its index, None where that is no integer.
        opening: the entry that opened the call, None where this one does.
        displaced: the call that used this index until this entry took it for another call, else None.
        name, id, kind: the call's name, id and type so far.
        opened: how many calls of the choice were open before.
        start: where its own argument text begins in the call's.
    """

    event: int
    offset: int
    choice: int
    value: Mapping[str, object]
    index: int | None  # type: ignore[assignment]  # it hides the index() of tuples, of no use here
    opening: Entry | None
    displaced: Entry | None
    name: str | None
    id: str | None
    kind: str | None
    opened: int
    start: int

    @property
    def shown(self) -> object:
        """What rules can tell of its JSON; of one that opens a call, not the name and id, which nothing came before."""
        if self.opening is not None:
            return of_entry(self.value), of_opening(self.opening.value)
        return of_opening(self.value) if self.displaced is None else (self.value, self.displaced.value)

    @property
    def known(self) -> tuple[object, ...]:
        """What else they can tell but its place; of its call's name and id only whether, where it has none itself."""
        name = self.name if "name" in self.function else bool(self.name)
        identity = self.id if "id" in self.value else bool(self.id)
        return self.choice, self.opening and self.opening.opened, name, identity, self.kind, self.opened

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.event, self.offset, self.choice, self.index)

    @property
    def opens(self) -> bool:
        """Whether it opens its call."""
        return self.opening is None

    @property
    def continues(self) -> bool:
        """Whether it adds to a call that is open."""
        return self.opening is not None

    @property
    def function(self) -> Mapping[str, object]:
        """Its function object, or its custom object, {} where it has neither."""
        for key in ("function", "custom"):
            value = self.value.get(key)
            if isinstance(value, Mapping):
                return value
        return {}


@dataclass(frozen=True, slots=True)
class Repeats:
    """The `count` events up to number `last` said the same as event `event` but for their text.

    Since that event, or since it was last repeated, fewer than 32 others were told one by one.
    """

    event: int
    count: int
    last: int
