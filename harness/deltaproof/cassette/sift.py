"""Which recordings are streamed chat completions: the one place that decides what is judged and what is passed over.

A recording is judged if it is a POST to `…/chat/completions` that asked for a stream, whatever was answered, or was
answered with an event stream, asked for or not; elsewhere, if what was answered is a stream of chat completion chunks.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from deltaproof.cassette import coding
from deltaproof.cassette.look import Look, Protocol, look_at
from deltaproof.cassette.recording import Recording
from deltaproof.errors import UnreadableError
from deltaproof.exchange import Exchange, Fidelity, Skipped

PLAIN = "a plain chat completion: stream was not asked for"
NO_STREAM = "no event stream, and what was asked for is not known"
NOT_KEPT = "a chat completion whose response body was not kept"


def sift(recording: Recording, source: str, entry: int) -> Exchange | Skipped:
    """Return the exchange that a recording is, or why it is none.

    Raises `UnreadableError` without a place if its body cannot be decoded, and it matters.
    """
    reason = _foreign(recording) if recording.url else None
    if reason is None:
        return _chat(recording, source, entry)
    # What an endpoint of another name streams may still be chat completion chunks.
    try:
        exchange = _exchange(recording, source, entry)
    except (UnreadableError, _NotDecodedError):
        return Skipped(source, reason, entry)
    look = look_at(exchange.body)
    if look.protocol is Protocol.CHAT:
        return _honest(exchange, look)
    return Skipped(source, reason if look.protocol in {Protocol.UNTOLD, Protocol.NONE} else _named(look), entry)
