"""Other boundaries for a recorded body: the same bytes in other reads. Changes no byte, and knows no HTTP.

A piece comes when the last of its bytes had come. Pieces that came at one time still are reads of their own: each is
later than the one before by the least that can be told.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from itertools import pairwise
from typing import TypeAlias

from deltaproof.exchange import Exchange, Read
from deltaproof.sse import Decoder

_CONTINUATION = re.compile(rb"[\x80-\xbf]")


class Split(StrEnum):
    """Where a body is split.

    RECORDED: where it was. EVENT: after every server-sent event. BYTE: everywhere. WHOLE: nowhere. INSIDE_UTF8: where
    it was, and within every character of several bytes wherever that is possible.
    """

    RECORDED = "recorded"
    EVENT = "event"
    BYTE = "byte"
    WHOLE = "whole"
    INSIDE_UTF8 = "inside-utf8"


How: TypeAlias = Split | int
"""A way to split, or how many bytes a piece has, at least 1."""


def split(exchange: Exchange, how: How) -> Exchange:
    """Return the exchange with its body in other reads; no read is empty, and they add up to the body.

    Where a body is split is looked for in the body as it is: content encodings that are still on it hide its events.
    """
    if how is Split.RECORDED:
        return exchange
    ends = sorted({*_ends(exchange, how), len(exchange.body)} - {0})
    return replace(exchange, reads=tuple(_reads(exchange.reads, ends if exchange.body else [])))


def _ends(exchange: Exchange, how: How) -> Iterator[int]:
    """Yield the offsets after which a read ends."""
    size = len(exchange.body)
    match how:
        case Split.EVENT:
            decoder = Decoder()
            for event in decoder.feed(exchange.body) + decoder.close():
                yield event.offset  # before which comments may stand, which are no event
                yield event.end
        case Split.INSIDE_UTF8:
            yield from _recorded(exchange.reads)
            yield from (match.start() for match in _CONTINUATION.finditer(exchange.body))
        case Split.BYTE:
            yield from range(1, size)
        case int():
            yield from range(how, size, how)
        case _:
            yield size


def _recorded(reads: tuple[Read, ...]) -> Iterator[int]:
    """Yield the offsets after which the recorded reads end."""
    end = 0
    for read in reads:
        end += read.size
        yield end


def _reads(recorded: tuple[Read, ...], ends: list[int]) -> Iterator[Read]:
    """Yield the reads that end at these offsets, each at the time at which its last byte came."""
    arrivals = zip(_recorded(recorded), (read.at for read in recorded), strict=True)
    arrived, at = next(arrivals, (math.inf, 0.0))
    last = -math.inf
    for start, end in pairwise([0, *ends]):
        while arrived < end:
            arrived, at = next(arrivals, (math.inf, at))
        last = max(at, math.nextafter(last, math.inf))
        yield Read(last, end - start)
