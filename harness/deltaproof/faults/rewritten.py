"""An exchange whose body or request was written anew: what else it tells follows. Changes nothing by itself.

What follows is when the body arrived, how long it says that it is, and the bytes of the request.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import NamedTuple

from deltaproof.exchange import End, Exchange, Head, Read
from deltaproof.faults.pieces import Piece
from deltaproof.faults.splice import splice, style_of

_NANOSECONDS = 9  # digits, as many as a cassette keeps


def rewritten(before: Exchange, changed: Exchange, pieces: Sequence[Piece], *, escapes: bool) -> Exchange:
    """Return an exchange with the body that pieces make up, and with all that follows from it.

    Args:
        before: the exchange that the pieces were taken from.
        changed: the same with its request, head, end and times as they are to be; its body is still the old one.
        pieces: what the body is to be.
        escapes: as of `Style`.
    """
    written = [piece.written(escapes=escapes) for piece in pieces]
    body = b"".join(written)
    reads = _reads(changed.reads, before.body, pieces, written)
    sent = before.sent if changed.request == before.request else _sent(before, changed.request)
    return replace(
        changed,
        body=body,
        reads=reads,
        ended=_ended(before, reads) if changed.ended is not None else None,
        head=_head(changed, len(before.body), len(body)),
        sent=sent,
        sent_headers=_sized(changed.sent_headers, len(before.sent), len(sent)) if sent else changed.sent_headers,
    )


class _Kept(NamedTuple):
    """A piece that was there before: where it began and ended, where it begins and ends, and how much of it is new.

    `same` bytes at its start and `rest` bytes at its end are as they were.
    """

    began: int
    ended: int
    begins: int
    ends: int
    same: int
    rest: int

    def now(self, before: int) -> int:
        """Return where a read ends that ended at `before`: what is new in its place belongs to the read it stood in."""
        if before >= self.ended:
            return self.ends
        if before <= self.began + self.same:
            return self.begins + before - self.began
        if before >= self.ended - self.rest:
            return self.ends - (self.ended - before)
        return min(self.begins + before - self.began, self.ends - self.rest)


def _reads(reads: Sequence[Read], body: bytes, pieces: Sequence[Piece], written: Sequence[bytes]) -> tuple[Read, ...]:
    """Return the reads of a body made of pieces: each ends where what it brought ends now, and keeps its time."""
    if not reads:
        return ()
    kept = sorted(_kept(body, pieces, written))
    ends = [0]
    for before in accumulate(read.size for read in reads):
        number = bisect_left(kept, (before,)) - 1  # the last piece that this read brought anything of
        ends.append(max(ends[-1], kept[number].now(before) if number >= 0 else 0))
    ends[-1] = sum(map(len, written))
    moved = (Read(read.at, now - was) for read, (was, now) in zip(reads, pairwise(ends), strict=True))
    return tuple(read for read in moved if read.size)


def _kept(body: bytes, pieces: Sequence[Piece], written: Sequence[bytes]) -> Iterator[_Kept]:
    """Yield where the pieces of the old body are now."""
    begins = 0
    for piece, part in zip(pieces, written, strict=True):
        if piece.origin is not None:
            yield _Kept(*piece.origin, begins, begins + len(part), *_alike(body[slice(*piece.origin)], part))
        begins += len(part)


def _alike(old: bytes, new: bytes) -> tuple[int, int]:
    """Return how many bytes at the start and at the end are the same, none counted twice."""
    if old == new:
        return len(old), 0
    most = min(len(old), len(new))
    same = next((place for place in range(most) if old[place] != new[place]), most)
    rest = next((place for place in range(most - same) if old[-1 - place] != new[-1 - place]), most - same)
    return same, rest


def _ended(before: Exchange, reads: Sequence[Read]) -> float | None:
    """Return when the end was seen: as long after the last read as it was before."""
    if before.ended is None or not (before.reads and reads):
        return before.ended
    return max(reads[-1].at, round(before.ended + (reads[-1].at - before.reads[-1].at), _NANOSECONDS))


def _head(changed: Exchange, before: int, now: int) -> Head | None:
    """Return the head of the response; of a body that is complete it tells the length, where it did."""
    if changed.head is None or changed.end is not End.EOF:
        return changed.head
    return replace(changed.head, headers=_sized(changed.head.headers, before, now))


def _sized(headers: tuple[tuple[str, str], ...], before: int, now: int) -> tuple[tuple[str, str], ...]:
    """Return headers that tell a size of `now` bytes, where they told one of `before`."""
    return tuple(
        (name, str(now) if name.lower() == "content-length" and value.strip() == str(before) else value)
        for name, value in headers
    )


def _sent(before: Exchange, request: Mapping[str, object] | None) -> bytes:
    """Return the bytes of a request that was changed; none where its bytes were not known, or said something else."""
    try:
        text = before.sent.decode()
        known = json.loads(text) if text else None
    except (RecursionError, ValueError):
        return b""
    if known is None or known != before.request or request is None:
        return b""
    return splice(text, dict(request), style_of(text, escapes=text.isascii())).encode()
