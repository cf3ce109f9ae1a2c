"""One request with its response as read, and what such a recording can prove. No files, no sockets, no JSON rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class End(StrEnum):
    """How the response body came to its end."""

    EOF = "eof"
    CUT = "cut"
    RESET = "reset"
    TIMEOUT = "timeout"
    CLIENT_GONE = "client-gone"


class Fidelity(StrEnum):
    """How much of the original bytes a recording keeps.

    RAW is the body as the server sent it. NORMALISED re-serialised the JSON and redacted ids and times, but
    kept every key and the framing. RECONSTRUCTED rebuilt the framing from parsed objects.
    """

    RAW = "raw"
    NORMALISED = "normalised"
    RECONSTRUCTED = "reconstructed"


class Evidence(StrEnum):
    """What a recording can prove; a rule that needs more than is there stays undecided.

    BYTES: framing, ids and times are the server's own. FIELDS: every key is as sent, null told from absent.
    REQUEST, HEADERS: the request's JSON body; the response's status and headers. TIMING: when each read arrived.
    """

    BYTES = "bytes"
    FIELDS = "fields"
    REQUEST = "request"
    HEADERS = "headers"
    TIMING = "timing"


@dataclass(frozen=True, slots=True)
class Read:
    """Bytes that came at once: when (seconds since the request was sent) and how many.

    They are what one socket read brought, or, where the response was chunked, what it brought of one HTTP chunk; such
    parts of one socket read have the same time.
    """

    at: float
    size: int


@dataclass(frozen=True, slots=True)
class Head:
    """The status line and headers of a response; header names as sent, in order, repeats kept."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str | None:
        """Return the first value of a header, its name compared without case, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    @property
    def media_type(self) -> str:
        """The content-type without its parameters, in small letters, empty where it is not told."""
        return (self.get("content-type") or "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request with its response.

    Attributes:
        source: where it comes from, as the operator named it: a path, `-`, a URL.
        entry: its position in the source, from 0.
        body: the response body, byte for byte: as kept, content encodings such as gzip are still on it; readable, which
            is what is judged, they are undone.
        request: the JSON object that was sent, or None if it is not known or was none.
        sent: the request's body byte for byte, empty where it is not known.
        head: status and headers of the response, or None if they are not known.
        reads: the reads that made up the body, or () if they are not known.
        end: how the body ended; EOF where nothing else is known.
        fidelity: how much of the original bytes `body` keeps.
        answer: the JSON object that the same request got without streaming, where one was asked for.
        method, url: of the request, empty where not known.
        scenario: the scenario it was recorded for, empty where none.
        sent_headers: the request's headers, names as sent, in order, repeats kept; () if they are not known.
        sent_at: when the request's last byte was sent, from which all times are counted; None if that is not known.
        ended: when the end of the response was seen, in seconds since `sent_at`; None if that is not known.
        provenance: what its recorder says of where it is from: server, version, date.
    """

    source: str
    body: bytes
    entry: int = 0
    request: Mapping[str, object] | None = None
    sent: bytes = b""
    head: Head | None = None
    reads: tuple[Read, ...] = ()
    end: End = End.EOF
    fidelity: Fidelity = Fidelity.RAW
    answer: Mapping[str, object] | None = None
    method: str = ""
    url: str = ""
    scenario: str = ""
    sent_headers: tuple[tuple[str, str], ...] = ()
    sent_at: datetime | None = None
    ended: float | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Name it by its place, and tell its size and end, in a line: a body is long."""
        asked = f"{self.method} {self.url}, " if self.method or self.url else ""
        status = f"{self.head.status}, " if self.head else ""
        reads = f" in {len(self.reads):,} read{'' if len(self.reads) == 1 else 's'}" if self.reads else ""
        size = f"{len(self.body):,} bytes{reads}"
        return f"<Exchange {self.source}#{self.entry}: {asked}{status}{size}, {self.end}>"

    @property
    def evidence(self) -> frozenset[Evidence]:
        """Return what this recording can prove."""
        proven = set(_KEPT[self.fidelity])
        if self.request is not None:
            proven.add(Evidence.REQUEST)
        if self.head is not None:
            proven.add(Evidence.HEADERS)
        if self.reads:
            proven.add(Evidence.TIMING)
        return frozenset(proven)


_KEPT = {
    Fidelity.RAW: (Evidence.BYTES, Evidence.FIELDS),
    Fidelity.NORMALISED: (Evidence.FIELDS,),
    Fidelity.RECONSTRUCTED: (),
}


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in a source that is no streamed chat completion, and why it was left out."""

    source: str
    reason: str
    entry: int | None = None
    notes: tuple[str, ...] = field(default=())
