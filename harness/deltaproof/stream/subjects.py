"""What a stream says, as the subjects that rules look at. Shapes only: no reading, no judging.

Subjects come in two sorts. Payload, Chunk, Delta and Entry are moments: one event's part of the stream, together
with what was known when it came. ToolCall, Choice and Transcript are wholes, complete only once the stream is.
Moments are tuples because there are so many of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from deltaproof.exchange import End, Head
from deltaproof.sse import PLAIN, Event
from deltaproof.stream.outline import Envelope, key_of
from deltaproof.stream.request import Asked, Request, Tool
from deltaproof.stream.strict import Problem
from deltaproof.stream.text import Text


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
        """What rules can tell of an ordinary payload beside its chunk, which is nothing; None for any other."""
        is_ordinary = self.kind is Kind.CHUNK and self.problem is Problem.NONE and self.event.layout is PLAIN
        return (is_ordinary and not (self.after_done or self.after_error or self.replaced)) or None


class Chunk(NamedTuple):
    """One chunk.

    Attributes:
        event, offset: its event.
        value: the JSON object, outlined: a constant that is the stream's first, and what is inside of the choices, do
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
    def likeness(self) -> object:
        """All that rules can tell of it but its place, None where that has no key."""
        key = key_of(self.value)
        return key and (key, self.first, self.request)

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
    def likeness(self) -> object:
        """All that rules can tell of it but its place, None where that has no key."""
        key, body = key_of(self.value), key_of(self.body)
        return key and body and (key, body, self.choice, *self[5:])

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
        fragments: how many argument fragments the call has had, empty ones not counted.
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
    fragments: int
    opened: int
    start: int

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
class Finish:
    """A finish_reason that was not null, and where it came."""

    place: Place
    reason: object


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call, whole: all entries of one (choice, index).

    Attributes:
        choice, index: its key; the index is None where none was sent.
        position: its place among the choice's calls, from 0.
        entries: the entries, without those that differ from an earlier one in nothing but argument text.
        name, id: as first sent and not empty, else None.
        kind: "function" or "custom" or whatever type was sent, else None.
        arguments: the fragments, or the input of a custom tool.
        finish: the choice's last finish_reason, None if it never came.
        ending: how the stream ended.
        tool: the declared tool of that name, if the request is known and has it.
        request: what was asked for, if known.
    """

    choice: int
    index: int | None
    position: int
    entries: tuple[Entry, ...]
    name: str | None
    id: str | None
    kind: str | None
    arguments: Text
    finish: object
    ending: Ending
    tool: Tool | None
    request: Request | None

    @property
    def place(self) -> Place:
        """Where it was opened."""
        return self.entries[0].place


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """The deprecated single call of a choice.

    Attributes:
        place: where it began.
        name: the first that is not empty, "" where none came.
        names: the first two names that are not empty, each with the place where it came.
        arguments: the fragments.
    """

    place: Place
    name: str
    names: tuple[tuple[Place, str], ...]
    arguments: Text


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice, whole.

    Attributes:
        index: its number.
        place: where it was first heard of.
        role: the first role that is a string and not empty, None if there was none.
        role_place: where that role came, None if it did not.
        calls: its tool calls in order of opening.
        content, refusal, reasoning: its texts; None for a text that was never sent.
        function_call: its legacy call, or None.
        finishes: every finish_reason that was not null.
        ending: how the stream ended.
        request: what was asked for, if known.
    """

    index: int
    place: Place
    role: str | None
    role_place: Place | None
    calls: tuple[ToolCall, ...]
    content: Text | None
    refusal: Text | None
    reasoning: Text | None
    function_call: FunctionCall | None
    finishes: tuple[Finish, ...]
    ending: Ending
    request: Request | None

    @property
    def finish(self) -> object:
        """The last finish_reason, None if none came."""
        return self.finishes[-1].reason if self.finishes else None


@dataclass(frozen=True, slots=True)
class Ending:
    """How the stream ended: whether `[DONE]` came, whether an error was told."""

    done: bool
    error: bool


@dataclass(frozen=True, slots=True)
class Usage:
    """A chunk's usage that was not null.

    Attributes:
        place: its chunk.
        value: the object.
        alone: whether the chunk's choices were empty.
        unfinished: how many of the choices seen had no finish_reason yet, this chunk included.
    """

    place: Place
    value: object
    alone: bool
    unfinished: int


@dataclass(frozen=True, slots=True)
class Transcript:
    """Everything one stream said.

    Attributes:
        head: status and headers, if known.
        request: what was asked for, if known.
        end: how the body ended.
        choices: in order of index.
        usages: every usage that was not null, the first ones only where there are many; `usage_count` counts all.
        errors: the events that told of a failure, the first ones only where there are many.
        dones: the `[DONE]` events.
        events: how many events there were, and `chunks` of them carried a chunk.
        size: bytes of the body.
        last: where the last event was, the body's start if there was none.
        plain_body: the body, up to a limit, where it is not an event stream: a refusal, or a plain answer.
        answer: the plain answer to the same request without streaming, where one was recorded.
    """

    head: Head | None
    request: Request | None
    end: End
    choices: tuple[Choice, ...]
    usages: tuple[Usage, ...]
    usage_count: int
    errors: tuple[Payload, ...]
    dones: tuple[Payload, ...]
    events: int
    chunks: int
    size: int
    last: Place
    plain_body: bytes | None
    answer: Mapping[str, object] | None

    @property
    def place(self) -> Place:
        """Where it begins."""
        return Place(0, 0)

    @property
    def streamed(self) -> bool:
        """Whether at least one chunk came."""
        return self.chunks > 0


@dataclass(frozen=True, slots=True)
class Repeats:
    """The `count` events up to number `last` said the same as event `event` but for their text.

    Since that event, or since it was last repeated, fewer than 32 others were told one by one.
    """

    event: int
    count: int
    last: int


Subject = Event | Payload | Chunk | Delta | Entry | ToolCall | Choice | Transcript
