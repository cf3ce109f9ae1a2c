"""The subjects that rules look at: moments, judged as they come, and wholes, judged at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from deltaproof.sse import Event
from deltaproof.stream.moments import Chunk, Delta, Entry, Payload
from deltaproof.stream.outline import key_of
from deltaproof.stream.wholes import Choice, ToolCall, Transcript

Moment = Event | Payload | Chunk | Delta | Entry
Whole = ToolCall | Choice | Transcript
Subject = Moment | Whole


class Moments(NamedTuple):
    """What one event brings: itself, its payload, and as its parts its chunk, the deltas in that and their entries."""

    event: Event
    payload: Payload | None = None
    parts: Sequence[Chunk | Delta | Entry] = ()

    @property
    def likeness(self) -> object:
        """All that rules can tell of the parts but their place, None where that has no key."""
        key = key_of([part.shown for part in self.parts])
        return key and (key, *[part.known for part in self.parts])
