"""Recordings as if they had come in any framing and ended in any way. No tests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

from deltaproof.exchange import End, Exchange, Head, Read

TYPE = ("Content-Type", "text/event-stream")
CHUNKED = ("Transfer-Encoding", "chunked")
CLOSE = ("X-Framing", "until the connection closes")


def asked_for(exchange: Exchange, number: int) -> Exchange:
    """Return a stream with a request that no other has."""
    request = {**(exchange.request or {}), "stream": True, "number": number}
    sent = json.dumps(request).encode()
    url = "http://one.example/v1/chat/completions"
    headers = (("Host", "one.example"), ("Content-Length", str(len(sent))))
    return replace(exchange, request=request, sent=sent, method="POST", url=url, sent_headers=headers)


FRAMINGS = ("chunked", "length", "close")
BREAKS = [
    ways
    for ways in product(FRAMINGS, (End.EOF, End.CUT, End.RESET, End.CLIENT_GONE))
    if ways not in {("close", End.CUT), ("close", End.CLIENT_GONE)}  # nothing tells these from such a body's end
]


def framed(exchange: Exchange, framing: str, end: End, *headers: tuple[str, str]) -> Exchange:
    """Return a recording as if its body had come in this framing; of one that broke, two thirds of it."""
    body = exchange.body
    how = {"chunked": CHUNKED, "length": ("Content-Length", str(len(body))), "close": CLOSE}[framing]
    if end is not End.EOF:
        body = body[: len(body) * 2 // 3]
    reads = tuple(first_reads(exchange.reads, len(body)))
    return replace(
        exchange, body=body, reads=reads, end=end, head=Head(200, (TYPE, *headers, how)), ended=reads[-1].at + 0.001
    )


def first_reads(reads: Sequence[Read], size: int) -> Iterator[Read]:
    """Yield the reads of so many bytes, each at a time of its own."""
    for number, read in enumerate(reads, 1):
        if size > 0:
            yield Read(number / 1000, min(read.size, size))
        size -= read.size


def stream(pieces: Sequence[bytes]) -> Exchange:
    """Return a stream of these pieces."""
    reads = tuple(Read(number / 1000, len(piece)) for number, piece in enumerate(pieces, 1))
    return asked_for(Exchange(source="one.yaml", body=b"".join(pieces), reads=reads), 0)
