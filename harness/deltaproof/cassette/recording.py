"""What every format is read into: one request with its response as a recorder kept it. No files, no judgement of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from deltaproof.errors import UnreadableError
from deltaproof.exchange import End, Exchange, Fidelity, Head, Read, Skipped

Sighting: TypeAlias = Exchange | Skipped | UnreadableError
"""What reading comes upon: an exchange to judge, something that is none, or a place that cannot be read."""


@dataclass(frozen=True, slots=True)
class Unrecognised:
    """A file in no known format: to be passed over in a folder, an error where it was named."""

    what: str


@dataclass(frozen=True, slots=True)
class Recording:
    """One request with its response, before anyone asks whether it is a streamed chat completion.

    Attributes:
        body: the response body as kept, content encodings such as gzip still on it; None if it was not kept.
        head: status and headers of the response, or None if they are not known.
        request: the JSON object that was sent, or None if it is not known.
        method, url: of the request, empty where not known; the method in capitals.
        asked: whether a stream was asked for, where something else than the request tells; None otherwise.
        reads: the reads that made up `body`, or ().
        end, fidelity, scenario, answer, sent, sent_headers, sent_at, ended, provenance: as in `Exchange`.
    """

    body: bytes | None
    head: Head | None = None
    request: Mapping[str, object] | None = None
    method: str = ""
    url: str = ""
    asked: bool | None = None
    reads: tuple[Read, ...] = ()
    end: End = End.EOF
    fidelity: Fidelity = Fidelity.RAW
    scenario: str = ""
    answer: Mapping[str, object] | None = None
    sent: bytes = b""
    sent_headers: tuple[tuple[str, str], ...] = ()
    sent_at: datetime | None = None
    ended: float | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)

    def exchange(self, source: str, entry: int) -> Exchange:
        """Return the exchange as kept."""
        return Exchange(
            source=source,
            body=self.body or b"",
            entry=entry,
            request=self.request,
            sent=self.sent,
            head=self.head,
            reads=self.reads,
            end=self.end,
            fidelity=self.fidelity,
            answer=self.answer,
            method=self.method,
            url=self.url,
            scenario=self.scenario,
            sent_headers=self.sent_headers,
            sent_at=self.sent_at,
            ended=self.ended,
            provenance=self.provenance,
        )


@dataclass(frozen=True, slots=True)
class Placed:
    """A recording, or why there is none, with the line that it begins at; 0 where lines mean nothing."""

    recording: Recording | UnreadableError
    line: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """The value of a top-level key of a file, or one entry of a top-level list, and the line it begins at or 0."""

    key: str
    value: object
    line: int = 0


@dataclass(frozen=True, slots=True)
class DocumentEnd:
    """The end of a document, and the top-level keys it had; none if it was no mapping."""

    keys: frozenset[str]
