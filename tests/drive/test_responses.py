"""Responses read along: what a tap makes of bytes, however they are split."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltaproof.drive.http.responses import Finished, Piece, ResponseTap, Seen
from deltaproof.exchange import End, Head

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n"
CHUNKED_HEAD = Head(200, (("Transfer-Encoding", "chunked"), ("X-A", "b")))


def seen(raw: bytes, *, end: End = End.EOF, method: str = "POST", size: int = 0) -> list[Seen]:
    """Return what a tap sees of the bytes, fed `size` at a time, and of the connection's end."""
    tap = ResponseTap(method)
    pieces = [raw[start : start + size] for start in range(0, len(raw), size)] if size else [raw]
    return [*(one for piece in pieces for one in tap.feed(piece)), *tap.close(end)]


def joined(subjects: list[Seen]) -> tuple[list[Head], bytes, list[Finished]]:
    """Return heads, body and end."""
    return (
        [one for one in subjects if isinstance(one, Head)],
        b"".join(one.content for one in subjects if isinstance(one, Piece)),
        [one for one in subjects if isinstance(one, Finished)],
    )


RESPONSES = {
    "chunked": (CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde", End.EOF, True),
    "chunked, with extension and trailer": (
        CHUNKED + b"3;a=b\r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n",
        b"abc",
        End.EOF,
        True,
    ),
    "chunked, last chunk missing": (CHUNKED + b"3\r\nabc\r\n", b"abc", End.CUT, False),
    "chunked, cut in a chunk": (CHUNKED + b"5\r\nabc", b"abc", End.CUT, False),
    "chunked, a size that is none": (CHUNKED + b"3\r\nabc\r\nzz\r\nfoo", b"abczz\r\nfoo", End.CUT, False),
    "chunked, more than the size": (CHUNKED + b"3\r\nabcdef\r\n0\r\n\r\n", b"abcdef\r\n0\r\n\r\n", End.CUT, False),
    "length": (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc", End.EOF, True),
    "length, and the connection closes": (
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
        b"abc",
        End.EOF,
        False,
    ),
    "length, cut": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", b"abc", End.CUT, False),
    "length 0": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"", End.EOF, True),
    "until close": (b"HTTP/1.1 200 OK\r\n\r\nabc", b"abc", End.EOF, False),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc", End.EOF, False),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", b"", End.EOF, True),
    "interim responses first": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
        b"a",
        End.EOF,
        True,
    ),
    "bare line feeds": (b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc", b"abc", End.EOF, True),
    "no HTTP": (b"SSH-2.0-OpenSSH\r\n\r\nabc", b"SSH-2.0-OpenSSH\r\n\r\nabc", End.CUT, False),
    "half a head": (b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\nContent-Le", End.CUT, False),
    "nothing": (b"", b"", End.CUT, False),
}


@pytest.mark.parametrize("name", RESPONSES)
@pytest.mark.parametrize("size", [0, 1, 7])
def test_a_response_is_read_alike_however_it_is_split(name: str, size: int) -> None:
    """Body, end and persistence are as the framing has them, fed whole, byte by byte, or seven at a time."""
    raw, body, end, persistent = RESPONSES[name]
    _, told, finished = joined(seen(raw, size=size))
    assert told == body
    assert finished == [Finished(end, persistent)]


def test_each_chunk_is_a_piece() -> None:
    """Two chunks that came at once are two pieces; the half of a chunk is one, and the other half another."""
    tap = ResponseTap("POST")
    assert list(tap.feed(CHUNKED + b"1\r\na\r\n1\r\nb\r\n4\r\nab")) == [CHUNKED_HEAD, *map(Piece, (b"a", b"b", b"ab"))]
    assert list(tap.feed(b"cd\r\n0\r\n\r\n")) == [Piece(b"cd"), Finished(End.EOF, persistent=True)]


def test_an_end_other_than_eof_is_told_as_it_was() -> None:
    """A reset in mid-chunk, and one of a body that lasts until close, are resets; after the end nothing counts."""
    assert seen(CHUNKED + b"5\r\nabc", end=End.RESET)[-1] == Finished(End.RESET, persistent=False)
    assert seen(b"HTTP/1.1 200 OK\r\n\r\nabc", end=End.RESET)[-1] == Finished(End.RESET, persistent=False)
    whole = seen(CHUNKED + b"0\r\n\r\nleft over", end=End.RESET)
    assert whole == [CHUNKED_HEAD, Finished(End.EOF, persistent=True)]


def test_a_response_to_head_has_no_body() -> None:
    """Its length is that of a body which does not come."""
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    assert seen(raw, method="HEAD") == [Head(200, (("Content-Length", "5"),)), Finished(End.EOF, persistent=True)]


@given(raw=st.binary(max_size=200), cut=st.integers(0, 200), prefix=st.sampled_from([b"", CHUNKED, b"HTTP/1.1 200 O"]))
def test_whatever_comes_is_a_response_and_alike_when_split(raw: bytes, cut: int, prefix: bytes) -> None:
    """Any bytes give pieces and one end; where they are split changes nothing of body and end."""
    whole = joined(seen(prefix + raw))
    tap = ResponseTap("POST")
    first, second = (prefix + raw)[:cut], (prefix + raw)[cut:]
    assert joined([*tap.feed(first), *tap.feed(second), *tap.close()]) == whole
    assert len(whole[2]) == 1
