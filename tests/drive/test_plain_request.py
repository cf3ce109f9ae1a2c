"""What is read without h11 is what h11 reads."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltaproof.drive.http.plain_request import plain_head
from deltaproof.drive.http.requests import Incoming, RequestReader

PLAIN = b"POST /v1/chat/completions?a=b HTTP/1.1\r\nHost: h\r\nX-A:  b c \r\nContent-Length: 3\r\n\r\n"
LINES = st.sampled_from(
    [
        b"Host: h",
        b"host:h",
        b"Content-Length: 3",
        b"content-length: 03",
        b"Content-Length: -3",
        b"Content-Length: 3, 3",
        b"Transfer-Encoding: chunked",
        b"Expect: 100-continue",
        b"Connection: close",
        b"Connection: keep-alive",
        b"Connection: keep-alive, close",
        b"X-A: \t b\tc\t",
        b"X-A:",
        b"X A: b",
        b": b",
        b" folded",
        b"X-B: \xe9",
        b"X-B: a\x00b",
    ]
)
STARTS = st.sampled_from(
    [
        b"POST /a HTTP/1.1",
        b"GET / HTTP/1.1",
        b"GET /\xc3 HTTP/1.1",
        b"GET / HTTP/1.0",
        b"get / HTTP/1.1",
        b"GET  / HTTP/1.1",
    ]
)


@given(STARTS, st.lists(LINES, max_size=5), st.sampled_from([b"\r\n", b"\n"]))
def test_a_plain_head_is_read_as_h11_reads_it(start: bytes, lines: list[bytes], newline: bytes) -> None:
    """What h11 refuses or reads otherwise is never plain; method, target, headers and length are the same."""
    head = newline.join([start, *lines, b"", b""])
    plain = plain_head(head + b"abc")
    if plain is None:
        return
    http = h11.Connection(h11.SERVER)
    http.receive_data(head + b"a" * plain.length)
    request = http.next_event()
    assert isinstance(request, h11.Request)
    assert plain.size == len(head)
    assert (plain.method, plain.target) == (request.method.decode(), request.target.decode())
    assert plain.headers == tuple((name.decode(), value.decode()) for name, value in request.headers.raw_items())
    if plain.length:
        assert isinstance(http.next_event(), h11.Data)
    assert isinstance(http.next_event(), h11.EndOfMessage)
    assert http.their_state is h11.DONE


def test_the_form_of_nearly_every_request_is_plain() -> None:
    """A request as clients send it is read."""
    plain = plain_head(PLAIN)
    assert plain is not None
    assert plain.headers == (("Host", "h"), ("X-A", "b c"), ("Content-Length", "3"))


@pytest.mark.parametrize("size", range(1, 60))
def test_plain_requests_and_others_follow_each_other_however_they_are_split(size: int) -> None:
    """Requests of both forms over one connection are read alike, whatever comes together."""
    chunked = b"POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n0\r\n\r\n"
    sent = (PLAIN + b"abc") * 2 + chunked + PLAIN + b"def" + b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" + chunked
    reader = RequestReader()
    read = [one for start in range(0, len(sent), size) for one in reader.feed(sent[start : start + size])]
    assert all(isinstance(one, Incoming) for one in read)
    assert [(one.method, one.path, one.body) for one in read if isinstance(one, Incoming)] == [
        ("POST", "/v1/chat/completions", b"abc"),
        ("POST", "/v1/chat/completions", b"abc"),
        ("POST", "/c", b"xyz"),
        ("POST", "/v1/chat/completions", b"def"),
        ("GET", "/", b""),
        ("POST", "/c", b"xyz"),
    ]
