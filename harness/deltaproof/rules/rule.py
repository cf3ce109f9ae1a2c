"""What a rule is: a slug, the subject it looks at, a check. No rule lives here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from deltaproof.sse import Event
from deltaproof.stream import Choice, Chunk, Delta, Entry, Payload, Place, Subject, ToolCall, Transcript

S = TypeVar("S", Event, Payload, Chunk, Delta, Entry, ToolCall, Choice, Transcript)


class Deviation(NamedTuple):
    """Where a subject departs from a rule, and how; it knows no level.

    Attributes:
        case: the name of the sub-case, as the rule's page declares it.
        place: where it is.
        message: what is wrong, in words that show the offending values; no final full stop.
        text: the offending words on the wire where they are not the event's own data.
    """

    case: str
    place: Place
    message: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:  # type: ignore[explicit-any]  # see its fields
    """A check of one kind of subject.

    Attributes:
        slug: the rule's name, which is its page's too.
        each: the kind of subject it looks at.
        check: yields how one subject deviates, nothing where it conforms.
        when: tells whether a subject of that kind is one for this rule; a rule that met none is unexercised.
    """

    slug: str
    each: type[Subject]
    check: Callable[[Any], Iterable[Deviation]]  # type: ignore[explicit-any]  # of the kind `each`: `rule` checks it
    when: Callable[[Any], object] | None = None  # type: ignore[explicit-any]  # likewise


def rule(
    slug: str, *, each: type[S], when: Callable[[S], object] | None = None
) -> Callable[[Callable[[S], Iterable[Deviation]]], Rule]:
    """Make a rule of a check: a generator that takes one subject of the kind `each` and yields its deviations."""

    def make(check: Callable[[S], Iterable[Deviation]]) -> Rule:
        return Rule(slug, each, check, when)

    return make


def event_place(event: Event) -> Place:
    """Return where an event is."""
    return Place(event.number, event.offset)
