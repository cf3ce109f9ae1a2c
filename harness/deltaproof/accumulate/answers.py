"""What an accumulator can answer: shapes only. How an answer is written and what came of it is known elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class SaidCall:
    """A tool call that client code handed over; arguments that it had parsed are JSON text again."""

    name: str
    arguments: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """The message that client code made of a stream.

    Attributes:
        content, refusal: "" where there was none.
        reasoning: None where the client has no place for it, so that it is not held against it.
        calls: the calls of tools, and the deprecated function call.
        finish_reason: None where it said none.
    """

    content: str = ""
    refusal: str = ""
    reasoning: str | None = None
    calls: tuple[SaidCall, ...] = ()
    finish_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Raised:
    """Client code gave up on a stream, with an exception or an exit code."""

    kind: str
    message: str = ""


class Trouble(StrEnum):
    """How a driver came to give no answer, or none that can be read."""

    HUNG = "hung"
    CRASHED = "crashed"
    FLOODED = "flooded"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Broken:
    """There is no answer: the driver was ended, ended itself, or said what is none; why, without a final full stop."""

    trouble: Trouble
    why: str


Answer: TypeAlias = Said | Raised | Broken
"""What came back for one case."""
