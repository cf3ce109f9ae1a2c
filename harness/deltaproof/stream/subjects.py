"""The subjects that rules look at: moments, judged as they come, and wholes, judged at the end."""

from __future__ import annotations

from deltaproof.sse import Event
from deltaproof.stream.moments import Chunk, Delta, Entry, Payload
from deltaproof.stream.wholes import Choice, ToolCall, Transcript

Subject = Event | Payload | Chunk | Delta | Entry | ToolCall | Choice | Transcript
