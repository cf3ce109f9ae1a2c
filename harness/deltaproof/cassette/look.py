"""What a body is at a glance, from its first events: which protocol it speaks. Not whether it speaks it well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from deltaproof.cassette.json_values import loads_object
from deltaproof.sse import Decoder, Event

GLANCE = 256 * 2**10
"""Bytes of a body that are looked at; servers that keep a connection alive with comments send few of them first."""


class Protocol(StrEnum):
    """What a body speaks, in the words in which a skipped one is named."""

    CHAT = "a stream of chat completion chunks"
    RESPONSES = "a Responses API stream"
    MESSAGES = "an Anthropic Messages stream"
    TEXT = "a legacy text completion stream"
    GEMINI = "a Gemini API stream"
    ASSISTANTS = "an Assistants API stream"
    UNTOLD = "an event stream that does not say what it is"
    NONE = "no event stream"


@dataclass(frozen=True, slots=True)
class Look:
    """What a glance at a body shows.

    Attributes:
        protocol: what it speaks.
        redacted: whether its first chunk says REDACTED where an id belongs and has no time: a recorder's work.
    """

    protocol: Protocol
    redacted: bool = False


def look_at(body: bytes) -> Look:
    """Tell what a body speaks by the first of its events that says so."""
    decoder = Decoder(limit=GLANCE)
    events = decoder.feed(body[:GLANCE]) + decoder.close()
    for event in events:
        chunk = loads_object(event.data) if event.data else None
        protocol = protocol_of(chunk, event.layout.name)
        if protocol:
            return Look(protocol, redacted=_is_redacted(chunk or {}))
    comments_only = body.lstrip(b"\xef\xbb\xbf\r\n").startswith(b":")
    return Look(Protocol.UNTOLD if comments_only or any(map(_has_fields, events)) else Protocol.NONE)


def protocol_of(chunk: Mapping[str, object] | None, name: str | None = None) -> Protocol | None:
    """Tell what an event speaks, by its JSON object and its `event` field, or None if neither says so."""
    return next(_told(chunk or {}, name or ""), None)


def _told(chunk: Mapping[str, object], name: str) -> Iterator[Protocol]:
    """Yield what the marks of an event point to, the surest first."""
    kind = str(chunk.get("object", ""))
    told = str(chunk.get("type", name))
    if kind.startswith("chat.completion"):
        yield Protocol.CHAT
    if kind == "text_completion" or _has_text(chunk.get("choices")):
        yield Protocol.TEXT
    if "choices" in chunk:
        yield Protocol.CHAT
    if told.startswith("response."):
        yield Protocol.RESPONSES
    if told.startswith(("message_", "content_block_")):
        yield Protocol.MESSAGES
    if kind.startswith("thread.") or name.startswith("thread."):
        yield Protocol.ASSISTANTS
    if "candidates" in chunk:
        yield Protocol.GEMINI


def _is_redacted(chunk: Mapping[str, object]) -> bool:
    """Tell whether a chunk's id and time are a recorder's."""
    return "REDACTED" in str(chunk.get("id")) and not chunk.get("created")


def _has_text(choices: object) -> bool:
    """Tell whether a choice is one of a text completion."""
    match choices:
        case [{"text": _, **rest}, *_]:
            return not rest.keys() & {"delta", "message"}
        case _:
            return False


def _has_fields(event: Event) -> bool:
    """Tell whether a block has a field of an event stream; the lines of any other text are unknown fields."""
    layout = event.layout
    return any(value is not None for value in (event.data, layout.name, layout.id, layout.retry))
