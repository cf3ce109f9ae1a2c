"""Which recordings are streamed chat completions: the one place that decides what is judged and what is passed over.

Judged is a POST to `…/chat/completions` that asked for a stream, whatever the answer, or that was answered with an
event stream, asked for or not; of those that belong to a scenario, also one whose request is no JSON to tell, and one
that was not accepted; and anywhere else, or where the address is not known, a stream of chunks.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from deltaproof.cassette import coding
from deltaproof.cassette.look import Protocol, look_at
from deltaproof.cassette.recording import Recording
from deltaproof.errors import UnreadableError
from deltaproof.exchange import Exchange, Fidelity, Skipped

PLAIN = "a plain chat completion: stream was not asked for"
NO_STREAM = "no event stream, and whether one was asked for is not known"
NOT_KEPT = "a chat completion whose response was not kept"
NO_RESPONSE = "the response was not kept"


def sift(recording: Recording, source: str, entry: int) -> Exchange | Skipped:
    """Return the exchange that a recording is, or why it is none.

    Raises `UnreadableError` without a place if the body of what would be judged cannot be decoded.
    """
    host, path = _address(recording.url)
    chat = path.endswith("/chat/completions") and recording.method in {"", "POST"}
    foreign = "" if chat or not recording.url else f"{recording.method} {host}{path}: no chat completion".lstrip()
    if recording.method not in {"", "POST"}:
        return Skipped(source, foreign or f"{recording.method}: no chat completion", entry)
    if recording.body is None:
        return Skipped(source, foreign or NOT_KEPT, entry)
    if (
        chat
        and _asked(recording) is False
        and _content_type(recording) not in {"", "text/event-stream"}
        and not _refused(recording)
    ):
        return Skipped(source, PLAIN, entry)
    codings = coding.names(recording.head.get("content-encoding") if recording.head else None)
    if name := coding.undecodable(recording.body, codings):
        return Skipped(source, foreign or f"a {name}-encoded body, for which no decoder is installed", entry)
    try:
        body, reads = coding.decode(recording.body, codings, recording.reads, recording.end)
    except UnreadableError:
        if foreign:
            return Skipped(source, foreign, entry)
        raise
    look = look_at(body)
    if reason := _reason(recording, look.protocol, chat=chat, foreign=foreign):
        return Skipped(source, reason, entry)
    return replace(
        recording.exchange(source, entry),
        body=body,
        reads=reads,
        fidelity=Fidelity.NORMALISED if look.redacted and recording.fidelity is Fidelity.RAW else recording.fidelity,
    )


def sift_kept(kept: Exchange) -> Exchange | Skipped | UnreadableError:
    """Return what is judged of an exchange as kept, just as `check` judges it in its cassette, or why it is not."""
    recording = Recording(
        body=kept.body,
        head=kept.head,
        request=kept.request,
        method=kept.method,
        url=kept.url,
        reads=kept.reads,
        end=kept.end,
        fidelity=kept.fidelity,
        scenario=kept.scenario,
        answer=kept.answer,
        sent=kept.sent,
        sent_headers=kept.sent_headers,
        sent_at=kept.sent_at,
        ended=kept.ended,
        provenance=kept.provenance,
    )
    try:
        return sift(recording, kept.source, kept.entry)
    except UnreadableError as error:
        return UnreadableError(error.what, where=f"{kept.source}#{kept.entry}", hint=error.hint)


def keep(recording: Recording, source: str, entry: int) -> Exchange | Skipped:
    """Return the exchange as kept, whatever it is."""
    return Skipped(source, NO_RESPONSE, entry) if recording.body is None else recording.exchange(source, entry)


def _reason(recording: Recording, protocol: Protocol, *, chat: bool, foreign: str) -> str:
    """Say why a body that speaks `protocol` is not judged, or nothing if it is."""
    asked = _asked(recording)
    streams = protocol is not Protocol.NONE or _content_type(recording) == "text/event-stream"
    if protocol is Protocol.CHAT or (chat and (asked or streams or _refused(recording))):
        return ""
    if chat and asked is None and recording.scenario:
        return ""
    if protocol not in {Protocol.UNTOLD, Protocol.NONE} and not chat:
        return protocol.value
    if foreign:
        return foreign
    if asked or streams:
        return ""
    return NO_STREAM if asked is None else PLAIN


def _refused(recording: Recording) -> bool:
    """Tell whether a scenario's request was not accepted: then its response is what the scenario is about."""
    return bool(recording.scenario and recording.head and not 200 <= recording.head.status < 300)  # noqa: PLR2004 - 2xx


def _asked(recording: Recording) -> bool | None:
    """Tell whether a stream was asked for, or None if that is not known."""
    if recording.asked is not None or recording.request is None:
        return recording.asked
    return recording.request.get("stream") is True


def _content_type(recording: Recording) -> str:
    """Return the media type of the response without its parameters, empty where it is not known."""
    return recording.head.media_type if recording.head else ""


def _address(url: str) -> tuple[str, str]:
    """Return the host and path of an address; its query and its user may be secrets."""
    try:
        split = urlsplit(url)
        return split.hostname or "", split.path.rstrip("/")
    except ValueError:
        return "(no valid address)", ""
