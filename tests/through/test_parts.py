"""Facts about the parts of a passage that need no gateway: markers, first fragments, and what the upstream plays."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from deltaproof.cassette import read_path
from deltaproof.catalog import load
from deltaproof.drive.through.giving import Giving, given, played
from deltaproof.exchange import End, Exchange, Fidelity, Head, Read
from deltaproof.faults import chosen
from deltaproof.passage.fragments import FirstFragment, first_fragment
from deltaproof.passage.marking import Markers, marked
from deltaproof.passage.passage import Given
from deltaproof.stream import Reader, Transcript
from tests.through.rig import STREAMS

WORD = Markers("abc").word(7)
SAID = {"role": "user", "content": "Hi"}
PICTURE = {"type": "image_url", "image_url": {"url": "data:,"}}
CALLED: dict[str, object] = {"role": "assistant", "content": None, "tool_calls": []}


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"messages": [SAID]}, {"messages": [{"role": "user", "content": f"Hi {WORD}"}]}),
        (
            {"messages": [SAID, CALLED], "n": 1},
            {"messages": [{"role": "user", "content": f"Hi {WORD}"}, CALLED], "n": 1},
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, PICTURE]}]},
            {"messages": [{"role": "user", "content": [{"type": "text", "text": f"a {WORD}"}, PICTURE]}]},
        ),
        ({"messages": [CALLED]}, {"messages": [CALLED], "user": WORD}),
        ({"messages": [CALLED], "user": "me"}, {"messages": [CALLED], "user": f"me {WORD}"}),
        ({"messages": ["Hi", {"content": ""}]}, {"messages": ["Hi", {"content": ""}], "user": WORD}),
        ({"messages": []}, None),
        ({"messages": "Hi"}, None),
        ({"input": "Hi"}, None),
    ],
)
def test_a_marker_stands_where_gateways_leave_it(request_: dict[str, object], expected: object) -> None:
    """In the last text, else in `user`; all else is as it was, and what has no messages has no place for one."""
    before = json.dumps(request_)
    assert marked(request_, WORD) == expected
    assert json.dumps(request_) == before


def test_markers_are_found_whatever_stands_around_them() -> None:
    """Each once, in order; those of other runs are none of ours, and none is the beginning of another."""
    markers = Markers("abc")
    content = f'"{markers.word(12)}","x{markers.word(1)}y {markers.word(12)} {Markers("abd").word(3)}"'.encode()
    assert list(markers.numbers(content)) == [12, 1]


def streams() -> list[Exchange]:
    """Return the tests' streams."""
    return [one for one in read_path(STREAMS) if isinstance(one, Exchange)]


def test_the_first_fragment_is_the_first_that_the_transcript_has() -> None:
    """Text, reasoning, a refusal or a part of a call, of whatever choice; a role alone is none."""
    for exchange in streams():
        reader = Reader(head=exchange.head)
        list(reader.feed(exchange.body))
        *_, transcript = reader.close(exchange.end)
        assert isinstance(transcript, Transcript)
        texts = [text for one in transcript.choices for text in (one.content, one.refusal, one.reasoning) if text]
        events = [text.fragment(0).event for text in texts]
        events += [call.place.event for one in transcript.choices for call in one.calls]
        events += [one.function_call.place.event for one in transcript.choices if one.function_call]
        found = first_fragment(exchange.body)
        assert (found.number if found else 0) == min(events, default=0), exchange.source


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_a_first_fragment_is_seen_with_its_last_byte(newline: bytes) -> None:
    """However the body is split, and whatever ends its lines: a gateway is not held to what is not there yet."""
    for exchange in streams():
        body = exchange.body.replace(b"\n", newline)
        found = first_fragment(body)
        if found is None:
            continue
        first = FirstFragment()
        seen = next(end for end in range(1, len(body) + 1) if first.feed(body[end - 1 : end]))
        assert seen <= found.end
        assert body[seen : found.end] in (b"", b"\n")  # which may follow the CR that ends the event already


CHUNKED = ("transfer-encoding", "chunked")


@pytest.mark.parametrize(
    ("headers", "end", "reads", "expected"),
    [
        ((CHUNKED,), End.CLIENT_GONE, (Read(0.1, 4),), End.CUT),
        ((CHUNKED,), End.CUT, (Read(0.1, 4),), End.CUT),
        ((), End.CUT, (Read(0.1, 4),), End.EOF),
        ((), End.CLIENT_GONE, (Read(0.1, 4),), End.EOF),
        ((), End.RESET, (Read(0.1, 4),), End.RESET),
        ((), End.CUT, (), End.CUT),
        ((("content-length", "9"),), End.CUT, (Read(0.1, 4),), End.CUT),
    ],
)
def test_what_went_in_ends_as_the_wire_can_tell(
    headers: tuple[tuple[str, str], ...], end: End, reads: tuple[Read, ...], expected: End
) -> None:
    """A client that left is played as a cut; a cut that only the connection's end would tell is none."""
    exchange = Exchange("one", b"data", head=Head(200, headers), reads=reads, end=end, fidelity=Fidelity.NORMALISED)
    assert played(exchange) == replace(exchange, end=expected, fidelity=Fidelity.RAW)


def through(exchange: Exchange, faults: str) -> list[Given]:
    """Return what the upstream would play of a recording and its faults."""
    giving = Giving("", load().profile("de-facto"), None, chosen(faults) if faults else (), 0, Markers("abc"))
    return list(given([("one", exchange)], giving))


def test_faults_of_times_alone_are_left_out() -> None:
    """What is played as fast as it is read has no times to break; other faults of the same recording are kept."""
    exchange = next(one for one in streams() if one.source.endswith("one-call.sse"))
    half = len(exchange.body) // 2
    timed = replace(exchange, reads=(Read(0.1, half), Read(0.2, len(exchange.body) - half)), ended=0.3)
    assert [(one.name, one.fault) for one in through(timed, "stall,name-null")] == [
        ("one", None),
        ("one + name-null", "name-null"),
    ]


@pytest.mark.parametrize(
    ("body", "headers"),
    [(b"data: [DONE]\n\n", (("content-type", "text/event-stream"),)), (b'{"choices":[]}', ())],
)
def test_a_stream_whose_headers_were_dropped_is_played_as_one(
    body: bytes, headers: tuple[tuple[str, str], ...]
) -> None:
    """Recorders that keep no header at all keep no content-type; what is no event stream stays as it is."""
    (one,) = through(Exchange("one", body, head=Head(200, ())), "")
    assert one.judged.exchange.head == Head(200, headers)


def test_a_bare_stream_is_played_with_a_head() -> None:
    """What the upstream says of it is part of what went in."""
    bare = Exchange("one", b"data: [DONE]\n\n", answer={"choices": []})
    head = Head(200, (("content-type", "text/event-stream"),))
    assert played(bare) == replace(bare, head=head, answer=None)
