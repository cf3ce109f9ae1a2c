"""The first fragment of a stream: where it is in a body, and whether it has come yet. Knows no clock."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy

from deltaproof.sse import Decoder, Event
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
