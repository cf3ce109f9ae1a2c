"""What our cassettes have beyond VCR's: the mapping `response.stream`. The rest of a cassette is in vcrpy.py.

    stream:
      end: eof                 # or cut, reset, timeout, client-gone
      ended: 14.31             # when that was seen, in milliseconds since the request was sent
      fidelity: raw            # or normalised, reconstructed
      provenance:
        date: '2026-11-22T19:24:19.123Z'  # when the request was sent
        scenario: two-calls    # and server, version, model: for people
      reads:                   # milliseconds since the request was sent, bytes of the body as sent
      - 12.031 203
      - 14.2 198
      answer: '{…}'            # what the same request got without streaming, as JSON, where that was asked for too

The answer is an interaction of its own as well; it stands here so that a stream can be judged by itself, whatever is
taken out of the file. A read is one line of text, so that a diff of two recordings has one line for each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from deltaproof.cassette.fields import content, kind, listing, mapping
from deltaproof.cassette.json_values import parse
from deltaproof.errors import UnreadableError
from deltaproof.exchange import End, Fidelity, Read

_READ = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?) ([0-9]{1,12})")
_Word = TypeVar("_Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Stream:
    """What `response.stream` says of a response."""

    reads: tuple[Read, ...] = ()
    end: End = End.EOF
    fidelity: Fidelity = Fidelity.RAW
    scenario: str = ""
    answer: Mapping[str, object] | None = None
    ended: float | None = None
    sent_at: datetime | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)


def stream(value: object, size: int) -> Stream:
    """Read `response.stream` of a response whose body has `size` bytes as sent; foreign cassettes have none.

    Unknown keys are left to newer versions. Raises `UnreadableError` without a place for unknown values.
    """
    if value is None:
        return Stream()
    fields = mapping(value, "response.stream")
    reads = tuple(_read(entry) for entry in listing(fields.get("reads", []), "response.stream.reads"))
    total = sum(read.size for read in reads)
    if reads and total != size:
        raise UnreadableError(
            f"response.stream.reads count {total:,} bytes, and the body has {size:,}",
            hint="If the body was edited on purpose, remove its `reads`",
        )
    provenance = {
        name: told
        for name, told in mapping(fields.get("provenance", {}), "response.stream.provenance").items()
        if isinstance(told, str)
    }
    return Stream(
        reads=reads,
        end=_word(End, fields, "end"),
        fidelity=_word(Fidelity, fields, "fidelity"),
        scenario=provenance.get("scenario", ""),
        answer=_answer(fields.get("answer")),
        ended=_ended(fields.get("ended")),
        sent_at=_moment(provenance.get("date", "")),
        provenance=provenance,
    )


def _answer(value: object) -> Mapping[str, object] | None:
    """Read the JSON object that a plain answer is, None where there is none."""
    if value is None:
        return None
    try:
        answer = parse(content(value, "response.stream.answer"), "response.stream.answer")
    except UnreadableError as error:
        raise UnreadableError(f"response.stream.answer: {error.what}") from error
    return mapping(answer, "response.stream.answer")


def _ended(value: object) -> float | None:
    """Read milliseconds, None where they are not known."""
    match value:
        case None:
            return None
        case int() | float() if not isinstance(value, bool) and 0 <= value < 10**12:
            return float(f"{value}e-3") if "e" not in str(value) else value / 1000
        case _:
            raise UnreadableError(f"response.stream.ended is {value!r}, not milliseconds")


def _moment(date: str) -> datetime | None:
    """Read a moment, None for a mere date and for what is none: it is for people, who may write what they like."""
    try:
        moment = datetime.fromisoformat(date)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _read(value: object) -> Read:
    """Read one entry of `reads`."""
    match = _READ.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        shown = repr(value) if isinstance(value, str) else kind(value)
        raise UnreadableError(f"response.stream.reads has {shown}, not milliseconds and bytes as in `12.031 203`")
    return Read(at=float(f"{match[1]}e-3"), size=int(match[2]))


def _word(words: type[_Word], fields: Mapping[str, object], key: str) -> _Word:
    """Return the word under `key`; the first of its kind where it is absent, as nothing else is known then."""
    value = fields.get(key)
    if value is None:
        return next(iter(words))
    if isinstance(value, str) and value in list(words):
        return words(value)
    raise UnreadableError(f"response.stream.{key} is {value!r}, none of {', '.join(words)}")
