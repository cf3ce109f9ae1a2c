"""What stands in a page of the journal: records of one exchange, in the order in which they came. Opens no file.

A record is a line of JSON, with as many bytes after it as its `bytes` tells, and a line break. The first says what was
asked; then come the response's head, the reads, the end, and where in the cassette the entry is going to be. A read's
bytes may be fewer than its size: what may be a secret's beginning is written with the next.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from deltaproof.cassette.append import Spot
from deltaproof.cassette.coding import readable
from deltaproof.cassette.json_values import loads_object
from deltaproof.cassette.scrub import decoded_head
from deltaproof.errors import UnreadableError
from deltaproof.exchange import End, Exchange, Head, Read

RECOVERED = "what had arrived when the recorder was stopped"
"""What the provenance of an entry says under `recovered` if its response's end was never seen."""


def is_recovered(exchange: Exchange) -> bool:
    """Tell whether an exchange is what had arrived of one when its recorder was killed."""
    return "recovered" in exchange.provenance


@dataclass(slots=True)
class Found:
    """What a page says.

    Attributes:
        cassette: the name of the cassette that it belongs to.
        exchange: as far as it arrived.
        provenance: what to write of where it is from.
        spot: where its entry was being written, None if that had not begun.
    """

    cassette: str
    exchange: Exchange
    provenance: dict[str, str] = field(default_factory=dict)
    spot: Spot | None = None


def asked_record(cassette: str, asked: Exchange, provenance: Mapping[str, str]) -> bytes:
    """Write what was asked; secrets are gone from it already."""
    told = {
        "cassette": cassette,
        "method": asked.method,
        "url": asked.url,
        "scenario": asked.scenario,
        "sent_headers": asked.sent_headers,
        "sent_at": asked.sent_at.isoformat() if asked.sent_at else None,
        "provenance": {**provenance, **asked.provenance},
    }
    return _record(told, asked.sent)


def head_record(head: Head) -> bytes:
    """Write a response's head."""
    return _record({"status": head.status, "headers": head.headers})


def read_record(read: Read, content: bytes, *, decoded: bool = False) -> bytes:
    """Write a read, and the bytes that can be let go; `decoded` if they are not as they were sent."""
    return _record({"at": read.at, "size": read.size, **({"decoded": True} if decoded else {})}, content)


def end_record(end: End, at: float | None) -> bytes:
    """Write how the response ended, and when."""
    return _record({"end": end.value, "at": at})


def spot_record(spot: Spot) -> bytes:
    """Write where the entry is going to be."""
    return _record({"offset": spot.offset, "size": spot.size, "check": spot.check})


def _record(told: Mapping[str, object], content: bytes | None = None) -> bytes:
    line = json.dumps(told if content is None else {**told, "bytes": len(content)}).encode()
    return line + b"\n" if content is None else b"%b\n%b\n" % (line, content)


def read_page(content: bytes, source: str) -> Found | None:
    """Return what a page says, as far as it goes: it may break off anywhere, and if in its first record says nothing.

    Raises `UnreadableError` if it is none of ours.
    """
    records = _records(content)
    told, sent, whole = next(records, ({}, b"", False))
    if not whole:
        return None
    try:
        return _found(told, sent, records)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise UnreadableError(f"this is no page of a journal of ours: {error!r}", where=source) from error


def _records(content: bytes) -> Iterator[tuple[Mapping[str, object], bytes, bool]]:
    """Yield each record with its bytes, and whether it is complete."""
    position = 0
    while position < len(content):
        line_end = content.find(b"\n", position)
        told = loads_object(content[position:line_end]) if line_end >= 0 else None
        if told is None:
            return
        position = line_end + 1
        size = told.get("bytes")
        if isinstance(size, int):
            yield told, content[position : position + size], position + size < len(content)
            position += size + 1
        else:
            yield told, b"", True


@dataclass(slots=True)
class _Response:
    """A response as its records tell it."""

    head: Head | None = None
    body: bytearray = field(default_factory=bytearray)
    reads: list[Read] = field(default_factory=list)
    end: End | None = None
    ended: float | None = None
    whole: bool = True

    def take(self, read: Read, content: bytes, *, whole: bool) -> None:
        """Add a read; of bytes that were held back nothing is known but how many they were."""
        self.body += content
        self.reads.append(read)
        self.whole &= whole

    def on(self, exchange: Exchange) -> Exchange:
        """Return an exchange with this response."""
        total = sum(read.size for read in self.reads)
        body = bytes(self.body) + b"*" * (total - len(self.body) if self.whole else 0)
        return replace(
            exchange,
            head=self.head,
            body=body,
            reads=tuple(_trimmed(self.reads, len(body))),
            end=self.end or End.CLIENT_GONE,  # the recorder was the client, and it was stopped
            ended=self.ended,
        )


def _found(
    told: Mapping[str, object], sent: bytes, records: Iterator[tuple[Mapping[str, object], bytes, bool]]
) -> Found:
    """Put the records of a page together."""
    found = Found(str(told["cassette"]), _asked(told, sent), _texts(told["provenance"]))
    raw, decoded = _Response(), _Response()
    for record, content, whole in records:
        match record:
            case {"status": int(status), "headers": list(headers)}:
                raw.head = Head(status, _pairs(headers))
            case {"end": str(end), "at": at}:
                raw.end, raw.ended = End(end), float(at) if isinstance(at, int | float) else None
            case {"offset": int(offset), "size": int(size), "check": int(check)}:
                found.spot = Spot(offset, size, check)
            case {"at": int() | float() as at, "size": int(size)}:
                (decoded if "decoded" in record else raw).take(Read(float(at), size), content, whole=whole)
    if raw.end is None:
        found.provenance["recovered"] = RECOVERED
    found.exchange = raw.on(found.exchange)
    if decoded.reads:
        found.exchange = _joined(found.exchange, decoded.on(found.exchange))
    return found


def _joined(sent: Exchange, decoded: Exchange) -> Exchange:
    """Put together a body of which the first part is as it was sent, and the rest decoded."""
    first = readable(replace(sent, end=End.CUT))
    body = first.body + decoded.body
    reads = tuple(read for read in (*first.reads, *decoded.reads) if read.size)
    return replace(sent, body=body, reads=reads, head=decoded_head(sent, len(body)))


def _asked(told: Mapping[str, object], sent: bytes) -> Exchange:
    """Return the exchange as it was asked for."""
    sent_at = told["sent_at"]
    return Exchange(
        source="",
        body=b"",
        request=loads_object(sent),
        sent=sent,
        method=str(told["method"]),
        url=str(told["url"]),
        scenario=str(told["scenario"]),
        sent_headers=_pairs(told["sent_headers"]),
        sent_at=datetime.fromisoformat(sent_at) if isinstance(sent_at, str) else None,
    )


def _trimmed(reads: list[Read], size: int) -> Iterator[Read]:
    """Yield the reads that make up so many bytes; the last may not have been written whole."""
    for read in reads:
        if taken := min(read.size, size):
            yield Read(read.at, taken)
        size -= taken


def _pairs(value: object) -> tuple[tuple[str, str], ...]:
    return tuple((str(pair[0]), str(pair[1])) for pair in value) if isinstance(value, list) else ()


def _texts(value: object) -> dict[str, str]:
    return {str(name): str(told) for name, told in value.items()} if isinstance(value, dict) else {}
