"""Facts about the event-stream decoder: bytes to events, however they are split."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deltaproof.sse import LIMIT, PLAIN, Decoder, Event, Layout

from .wire import byte_by_byte, cuts, pieces

CRLF = Layout(newline="\r\n")
CR = Layout(newline="\r")

TABLE = {
    "nothing": (b"", []),
    "empty lines only": (b"\n\r\n\n\r", []),
    "LF": (b"data: a\n\ndata: b\n\n", [Event(1, 0, 9, b"a", PLAIN), Event(2, 9, 18, b"b", PLAIN)]),
    "CRLF": (b"data: a\r\n\r\ndata: b\r\n\r\n", [Event(1, 0, 11, b"a", CRLF), Event(2, 11, 22, b"b", CRLF)]),
    "CR": (b"data: a\r\rdata: b\r\r", [Event(1, 0, 9, b"a", CR), Event(2, 9, 18, b"b", CR)]),
    "CR at the end of the body closes": (b"data: a\n\r", [Event(1, 0, 9, b"a", Layout(newline="mixed"))]),
    "LF CR is two line ends": (
        b"data: a\n\rdata: b\n\r",
        [Event(1, 0, 9, b"a", Layout(newline="mixed")), Event(2, 9, 18, b"b", Layout(newline="mixed"))],
    ),
    "line ends that change within an event": (
        b"data: a\r\n\ndata: b\r\n\r\n",
        [Event(1, 0, 10, b"a", Layout(newline="mixed")), Event(2, 10, 21, b"b", CRLF)],
    ),
    "line ends that change between events": (
        b"data: a\n\ndata: b\r\n\r\ndata: c\n\n",
        [
            Event(1, 0, 9, b"a", PLAIN),
            Event(2, 9, 20, b"b", Layout(newline="mixed")),
            Event(3, 20, 29, b"c", PLAIN),
        ],
    ),
    "empty lines between events belong to none": (
        b"\n\ndata: a\n\n\n\ndata: b\n\n",
        [Event(1, 2, 11, b"a", PLAIN), Event(2, 13, 22, b"b", PLAIN)],
    ),
    "BOM": (b"\xef\xbb\xbfdata: a\n\n", [Event(1, 0, 12, b"a", Layout(bom=True))]),
    "BOM alone": (b"\xef\xbb\xbf", []),
    "half a BOM is a line": (
        b"\xef\xbb",
        [Event(1, 0, 2, None, Layout(0, newline="", unknown=(b"\xef\xbb",), utf8=False, closed=False))],
    ),
    "what begins like a BOM is a line": (
        b"\xef\xbbdata: a\n\n",
        [Event(1, 0, 11, None, Layout(0, unknown=(b"\xef\xbbdata: a",), utf8=False))],
    ),
    "BOM before a comment": (b"\xef\xbb\xbf: hi\n\ndata: a\n\n", [Event(1, 9, 18, b"a", Layout(bom=True))]),
    "BOM before an empty line": (b"\xef\xbb\xbf\n\ndata: a\n\n", [Event(1, 5, 14, b"a", Layout(bom=True))]),
    "a second BOM is part of a name": (
        b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n",
        [Event(1, 0, 15, None, Layout(0, unknown=(b"\xef\xbb\xbfdata: a",), bom=True))],
    ),
    "comments": (b": hi\n\n:\n\ndata: a\n\n", [Event(1, 9, 18, b"a", PLAIN)]),
    "a comment within an event": (b": hi\ndata: a\n: ho\n\n", [Event(1, 0, 19, b"a", PLAIN)]),
    "a comment that is not UTF-8": (b":\xff\ndata: a\n\n", [Event(1, 0, 12, b"a", Layout(utf8=False))]),
    "several data lines": (
        b"data: a\ndata:\ndata: b\n\n",
        [Event(1, 0, 23, b"a\n\nb", Layout(3, spaced=False))],
    ),
    "no space, two spaces": (
        b"data:a\n\ndata:  b\n\n",
        [Event(1, 0, 8, b"a", Layout(spaced=False)), Event(2, 8, 18, b" b", PLAIN)],
    ),
    "no data in the field": (
        b"data: \n\ndata:\n\ndata\n\n",
        [
            Event(1, 0, 8, b"", PLAIN),
            Event(2, 8, 15, b"", Layout(spaced=False)),
            Event(3, 15, 21, b"", Layout(spaced=False)),
        ],
    ),
    "event, id and retry": (
        b"event: x\nid: 1\nretry: 20\ndata: a\n\n",
        [Event(1, 0, 34, b"a", Layout(name="x", id="1", retry="20"))],
    ),
    "the last of a field counts": (b"event: x\nevent: y\ndata: a\n\n", [Event(1, 0, 27, b"a", Layout(name="y"))]),
    "fields without data": (
        b"id: 1\n\nevent\n\n",
        [Event(1, 0, 7, None, Layout(0, id="1")), Event(2, 7, 14, None, Layout(0, name=""))],
    ),
    "unknown fields": (
        b'{"a":1}\nDATA: x\ndata : y\ndata: a\n\n',
        [Event(1, 0, 34, b"a", Layout(unknown=(b'{"a":1}', b"DATA: x", b"data : y")))],
    ),
    "an unterminated last line": (
        b"data: a\n\ndata: b",
        [Event(1, 0, 9, b"a", PLAIN), Event(2, 9, 16, b"b", Layout(closed=False))],
    ),
    "an unterminated last event": (
        b"data: a\n\ndata: b\n",
        [Event(1, 0, 9, b"a", PLAIN), Event(2, 9, 17, b"b", Layout(closed=False))],
    ),
    "an unterminated comment is nothing": (b"data: a\n\n: hi", [Event(1, 0, 9, b"a", PLAIN)]),
    "NUL": (
        b"id: \x00\n\ndata: \x00\n\n\x00\n\n",
        [
            Event(1, 0, 7, None, Layout(0, id="\x00")),
            Event(2, 7, 16, b"\x00", PLAIN),
            Event(3, 16, 19, None, Layout(0, unknown=(b"\x00",))),
        ],
    ),
    "data that is not UTF-8 is kept as it is": (b"data: \xff\n\n", [Event(1, 0, 9, b"\xff", PLAIN)]),
    "a name that is not UTF-8": (
        b"event: \xff\ndata: a\n\n",
        [Event(1, 0, 18, b"a", Layout(name="\ufffd", utf8=False))],
    ),
    "other line ends of Unicode are none": (
        "data: a\u2028b\x0bc\x0c\x85\n\n".encode(),
        [Event(1, 0, 18, "a\u2028b\x0bc\x0c\x85".encode(), PLAIN)],
    ),
}


def decoded(parts: Iterable[bytes], limit: int = LIMIT) -> list[Event]:
    """Return the events of a body that comes in parts."""
    decoder = Decoder(limit=limit)
    return [*(event for part in parts for event in decoder.feed(part)), *decoder.close()]


@pytest.mark.parametrize(("stream", "events"), TABLE.values(), ids=TABLE)
def test_a_body_has_these_events_however_it_is_split(stream: bytes, events: list[Event]) -> None:
    """Whole, byte by byte, cut once anywhere, and with empty reads in between: the events are those of the table."""
    assert decoded([stream]) == events
    assert decoded(byte_by_byte(stream)) == events
    for cut in range(len(stream) + 1):
        assert decoded([stream[:cut], b"", stream[cut:]]) == events


_LINES = [b"data: ", b"data:", b"data", b"event: x", b"id: 1", b"retry: 5", b"other: y", b": comment", b"[DONE]", b"{}"]
_ENDS = [b"\n", b"\r", b"\r\n", b"\n\n", b"\r\n\r\n"]
_ODDITIES = [b"\xef\xbb\xbf", b"\x00", b"\xff", b"\xc3", "ü€😀".encode()]
_SNIPPETS = st.sampled_from([*_LINES, *_ENDS, *_ODDITIES])
_BODIES = st.lists(_SNIPPETS | st.binary(max_size=3), max_size=30).map(b"".join)


@given(_BODIES, cuts())
@example(b"data: a\r\n\r\n", [8])
@example(b"data: a\r\n\r\n", [10])
@example(b"\xef\xbb\xbf\r\n", [1, 2])
def test_a_split_never_changes_the_events(stream: bytes, cut: list[int]) -> None:
    """Any bytes, split anywhere, have the events that they have in one piece."""
    assert decoded(pieces(stream, (one % 60 for one in cut))) == decoded([stream])


@given(_BODIES, cuts(), st.integers(1, 12))
def test_a_split_never_changes_what_is_too_long(stream: bytes, cut: list[int], limit: int) -> None:
    """The same holds where a limit of a few bytes drops lines and events."""
    assert decoded(pieces(stream, (one % 60 for one in cut)), limit) == decoded([stream], limit)


@given(_BODIES)
def test_an_event_is_where_it_says(stream: bytes) -> None:
    """The bytes from offset to end, decoded alone, are that event; events follow each other and never overlap."""
    position = 0
    for number, event in enumerate(decoded([stream]), 1):
        assert event.number == number
        assert position <= event.offset < event.end <= len(stream)
        position = event.end
        before = b"\n" if event.offset else b""  # so that a BOM in mid-stream is not taken for one at its start
        (alone,) = decoded([before + stream[event.offset : event.end]])
        assert alone.data == event.data
        assert _apart_from_neighbours(alone.layout) == _apart_from_neighbours(event.layout)


def _apart_from_neighbours(layout: Layout) -> tuple[object, ...]:
    """Return what of a layout depends on the event's own bytes: neither the stream's first line end, nor its BOM."""
    return (
        layout.data_lines,
        layout.spaced,
        layout.name,
        layout.id,
        layout.retry,
        layout.unknown,
        layout.utf8,
        layout.closed,
        layout.oversized,
    )


def by_the_standard(stream: bytes) -> list[bytes]:
    """Return the data of the events that a browser dispatches: the standard's algorithm, word for word."""
    lines = re.split(rb"\r\n|\n|\r", stream.removeprefix(b"\xef\xbb\xbf"))[:-1]
    dispatched, values = [], list[bytes]()
    for line in lines:
        if not line:
            if values:
                dispatched.append(b"\n".join(values))
            values = []
            continue
        name, _, value = line.partition(b":")
        if name == b"data":
            values.append(value.removeprefix(b" "))
    return dispatched


@given(_BODIES)
def test_what_a_browser_dispatches_is_decoded(stream: bytes) -> None:
    """The events that are closed and have data are those that the standard dispatches."""
    events = decoded([stream])
    assert [event.data for event in events if event.layout.closed and event.data is not None] == by_the_standard(stream)


def test_a_line_at_the_limit_is_read_and_a_longer_one_is_dropped() -> None:
    """A line of `limit` bytes is read; of one byte more, only place and size are kept, and what follows is read."""
    stream = b"data: 1234\n\ndata: 12345\n\ndata: 1\n\n"
    events = [
        Event(1, 0, 12, b"1234", PLAIN),
        Event(2, 12, 25, None, Layout(0, oversized=True)),
        Event(3, 25, 34, b"1", PLAIN),
    ]
    assert decoded([stream], limit=10) == events
    assert decoded(byte_by_byte(stream), limit=10) == events


def test_lines_that_are_too_long_together_are_dropped() -> None:
    """An event whose lines have more than `limit` bytes together has no data, at whatever line it gets too long."""
    stream = b"data: 1\ndata: 2\n\ndata: 1\n\n"
    events = [Event(1, 0, 17, None, Layout(1, oversized=True)), Event(2, 17, 26, b"1", PLAIN)]
    assert decoded([stream], limit=10) == events
    assert decoded(byte_by_byte(stream), limit=10) == events


def test_a_comment_that_is_too_long_is_told() -> None:
    """A comment over the limit is an event, since the bytes of it were dropped unread."""
    stream = b":" + b"x" * 20 + b"\r\n\r\ndata: 1\r\n\r\n"
    events = [Event(1, 0, 25, None, Layout(0, newline="\r\n", oversized=True)), Event(2, 25, 36, b"1", CRLF)]
    assert decoded([stream], limit=10) == events
    assert decoded(byte_by_byte(stream), limit=10) == events


def test_a_line_without_end_needs_no_memory_beyond_the_limit() -> None:
    """64 MiB of one line, read in pieces of 64 KiB, take little more than the limit of 1 MiB."""
    decoder = Decoder(limit=2**20)
    piece = b"x" * 2**16
    tracemalloc.start()
    for _ in range(1024):
        assert decoder.feed(piece) == []
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 2**20
    (event,) = decoder.close()
    assert event == Event(1, 0, 2**26, None, Layout(0, newline="", closed=False, oversized=True))


def test_a_line_without_end_needs_no_memory_byte_by_byte_either() -> None:
    """The same for a line that comes byte by byte, and for lines without end of one event."""
    for piece in (b"x", b"data: x\n", b"unknown\n", b": x\n"):
        decoder = Decoder(limit=2**12)
        tracemalloc.start()
        for _ in range(2**16):
            assert decoder.feed(piece) == []
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2**19, piece
        (event,) = decoder.close()
        assert (event.offset, event.end, event.data) == (0, len(piece) * 2**16, None)
        assert event.layout.oversized


def test_an_event_of_many_unknown_lines_costs_little_more_than_its_bytes() -> None:
    """A quarter of a million lines of no known field keep the first of them, and the memory of few."""
    stream = b"ab\n" * 2**18
    decoder = Decoder()
    tracemalloc.start()
    events = [*decoder.feed(stream), *decoder.close()]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(stream)
    (event,) = events
    assert set(event.layout.unknown) == {b"ab"}
    assert (event.number, event.offset, event.end) == (1, 0, len(stream))
