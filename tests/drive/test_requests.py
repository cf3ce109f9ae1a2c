"""Requests read whole: what a reader makes of one client's bytes, however they are split."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deltaproof.drive.http.requests import MOST_REQUEST_BYTES, Incoming, RequestReader, Unintelligible


def requests(raw: bytes, size: int) -> Iterator[Incoming | Unintelligible]:
    """Yield what one client's bytes hold, fed `size` at a time."""
    reader = RequestReader()
    for start in range(0, len(raw), size):
        yield from reader.feed(raw[start : start + size])


TWO = (
    b"post /v1/chat?a=%20b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
    b"POST /2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
)


@pytest.mark.parametrize("size", [1, 5, len(TWO)])
def test_requests_come_whole_one_after_the_other(size: int) -> None:
    """Two requests of one connection, the second in chunks and the last, however they are split."""
    first, second = requests(TWO, size)
    assert first == Incoming(
        "POST", "/v1/chat?a=%20b", (("Host", "x"), ("Content-Length", "2")), b"hi", persistent=True
    )
    assert isinstance(first, Incoming)
    assert first.path == "/v1/chat"
    assert first.get("HOST") == "x"
    assert isinstance(second, Incoming)
    assert (second.body, second.persistent) == (b"abc", False)


def test_what_is_no_request_is_told_once() -> None:
    """The rest of what such a client sends is not looked at."""
    assert list(requests(b"garbage\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 11)) == [
        Unintelligible(400, "illegal request line: bytearray(b'garbage')")
    ]


def test_a_request_over_the_limit_is_refused() -> None:
    """It is refused by what it has sent, whatever length it declares."""
    reader = RequestReader()
    list(reader.feed(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"))
    piece = b"100000\r\n" + bytes(2**20) + b"\r\n"
    told = [one for _ in range(MOST_REQUEST_BYTES // 2**20 + 1) for one in reader.feed(piece)]
    assert told == [Unintelligible(413, "the request is too large")]
