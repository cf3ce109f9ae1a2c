"""Wholes: what a stream said, complete only once it is over. Shapes only, nothing is read here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deltaproof.exchange import End, Head
from deltaproof.stream.moments import Entry, Payload, Place
from deltaproof.stream.request import Request, Tool
from deltaproof.stream.text import Text


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
        finishes: every finish_reason that was not null, in order; of more than 64 the first 63 and the last.
        finish_count: how many there were.
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
    finish_count: int
    ending: Ending
    request: Request | None

    @property
    def finish(self) -> object:
        """The last finish_reason, None if none came."""
        return self.finishes[-1].reason if self.finishes else None


@dataclass(frozen=True, slots=True)
class Ending:
    """How the stream ended: whether `[DONE]` came, whether an error was told, how the body ended."""

    done: bool
    error: bool
    end: End


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
        dones: the `[DONE]` events, the first ones only where there are many; `done_count` counts all.
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
    done_count: int
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
