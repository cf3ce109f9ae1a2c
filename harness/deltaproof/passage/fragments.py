"""Fragments on their way through a gateway: whether the first has come yet, and which were merged. Knows no clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy

from deltaproof.sse import Decoder, Event
from deltaproof.stream import Choice, Text, Transcript
from deltaproof.stream.choices import REASONING_FIELDS, body_of
from deltaproof.stream.strict import parse

_TEXTS = ("content", "refusal", *REASONING_FIELDS)


class FirstFragment:
    """Looks for the first event of a body that brings text or a part of a call, however the body is split.

    Attributes:
        event: that event, None as long as it has not come.
    """

    def __init__(self) -> None:
        """Start before the first byte."""
        self.event: Event | None = None
        self._decoder = Decoder()

    def feed(self, content: bytes) -> bool:
        """Take the next bytes; return whether the first fragment has come, with them or before.

        A CR at their end is taken for the end of its line, although an LF may follow that belongs to it.
        """
        if self.event is None:
            self.event = _first(self._decoder.feed(content))
            if self.event is None and content.endswith(b"\r"):
                return _first(deepcopy(self._decoder).feed(b"\n")) is not None
        return self.event is not None


def first_fragment(body: bytes) -> Event | None:
    """Return the event that brings a body's first fragment, None where there is none."""
    first = FirstFragment()
    first.feed(body)
    return first.event


def _first(events: Iterable[Event]) -> Event | None:
    return next((event for event in events if _has_fragment(event.data)), None)


def _has_fragment(data: bytes | None) -> bool:
    value = parse(data).value if data and data.startswith(b"{") else None
    choices = value.get("choices") if isinstance(value, dict) else None
    elements = choices if isinstance(choices, list) else []
    return any(_is_fragment(body_of(element)) for element in elements if isinstance(element, dict))


def _is_fragment(body: object) -> bool:
    match body:
        case {"tool_calls": list() | dict() as calls} if calls:
            return True
        case {"function_call": dict() as call} if call:
            return True
        case dict():
            return any(body.get(name) for name in _TEXTS)
        case _:
            return False


def merged(before: Transcript, after: Transcript) -> str:
    """Say which text came in fewer fragments after than before, in how many; "" where each has as many, or changed."""
    for choice, same_choice in zip(before.choices, after.choices, strict=False):
        for (name, text), (_, same) in zip(texts_of(choice), texts_of(same_choice), strict=False):
            if text is None or same is None or str(text) != str(same):
                continue
            if same.fragments < text.fragments:
                return f"the {name} came in {text.fragments:,} fragments, and {same.fragments:,} came out"
    return ""


def texts_of(choice: Choice) -> Iterator[tuple[str, Text | None]]:
    """Yield the texts of a choice with what each is, in an order that is the same for all; calls last."""
    yield "content", choice.content
    yield "refusal", choice.refusal
    yield "reasoning", choice.reasoning
    yield "legacy call's arguments", choice.function_call.arguments if choice.function_call else None
    for number, call in enumerate(choice.calls):
        yield f"arguments of call {number}", call.arguments
