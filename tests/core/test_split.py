"""Other boundaries change no byte, and lie where they were asked for."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltaproof.exchange import Exchange, Read
from deltaproof.split import How, Split, split

STREAM = 'data: {"a": "héß€𝄞"}\n\n: keep\n\ndata: [DONE]\n\n'.encode()
EXCHANGE = Exchange(source="", body=STREAM, reads=(Read(0.5, 10), Read(1.0, len(STREAM) - 10)))
WAYS = st.one_of(st.sampled_from(list(Split)), st.integers(1, 40))


def pieces(exchange: Exchange) -> list[bytes]:
    """Cut a body at its reads."""
    ends = accumulate((read.size for read in exchange.reads), initial=0)
    return [exchange.body[start:end] for start, end in pairwise(ends)]


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    """Make bodies of text and of no text, with reads or without."""
    body = draw(st.binary(max_size=60) | st.text(max_size=40).map(str.encode) | st.just(STREAM))
    cuts = sorted(draw(st.sets(st.integers(1, len(body) - 1), max_size=5))) if len(body) > 1 else []
    times = sorted(draw(st.lists(st.floats(0, 100), min_size=len(cuts) + 1, max_size=len(cuts) + 1)))
    reads = [Read(at, end - start) for at, (start, end) in zip(times, pairwise([0, *cuts, len(body)]), strict=True)]
    return Exchange(source="", body=body, reads=tuple(reads) if body and draw(st.booleans()) else ())


@given(exchanges(), WAYS)
def test_no_byte_is_changed(exchange: Exchange, how: How) -> None:
    """Reads add up to the same body, none is empty, and times do not run backwards; recorded ones stay as they are."""
    again = split(exchange, how)
    assert again.body == exchange.body
    if how is Split.RECORDED:
        assert again == exchange
        return
    assert b"".join(pieces(again)) == exchange.body
    assert all(read.size for read in again.reads)
    times = [read.at for read in again.reads]
    assert times == sorted(set(times))


@given(exchanges(), WAYS)
def test_nothing_comes_before_it_came(exchange: Exchange, how: How) -> None:
    """A piece's time is that of the recorded read which brought its last byte, or later by less than can be felt."""
    arrivals = list(zip(accumulate(read.size for read in exchange.reads), exchange.reads, strict=True))
    end = 0
    for read in split(exchange, how).reads:
        end += read.size
        at = next((recorded.at for arrived, recorded in arrivals if arrived >= end), 0.0)
        assert at <= read.at < at + 1e-9


@given(st.text(max_size=60))
def test_inside_utf8_splits_inside_every_character_of_several_bytes(text: str) -> None:
    """Wherever a character has several bytes, each is in another piece; all others stay together."""
    body = text.encode()
    again = split(Exchange(source="", body=body), Split.INSIDE_UTF8)
    several = sum(len(character.encode()) - 1 for character in text)
    assert len(again.reads) == (several + 1 if body else 0)
    assert all(piece[:1] >= b"\x80" for piece in pieces(again)[1:])


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (Split.RECORDED, [STREAM[:10], STREAM[10:]]),
        (Split.WHOLE, [STREAM]),
        (Split.BYTE, [bytes([byte]) for byte in STREAM]),
        (Split.EVENT, ['data: {"a": "héß€𝄞"}\n\n'.encode(), b": keep\n\n", b"data: [DONE]\n\n"]),
        (20, [STREAM[:20], STREAM[20:40], STREAM[40:]]),
        (
            Split.INSIDE_UTF8,
            [
                b'data: {"a"',
                b': "h\xc3',
                b"\xa9\xc3",
                b"\x9f\xe2",
                b"\x82",
                b"\xac\xf0",
                b"\x9d",
                b"\x84",
                b'\x9e"}\n\n: keep\n\ndata: [DONE]\n\n',
            ],
        ),
    ],
)
def test_pieces_are_as_asked_for(how: How, expected: list[bytes]) -> None:
    """Each way of splitting, on one stream."""
    assert pieces(split(EXCHANGE, how)) == expected


def test_times_are_those_of_the_reads_that_brought_the_pieces() -> None:
    """The whole comes when all had come; pieces of one read come one after the other at its time."""
    assert split(EXCHANGE, Split.WHOLE).reads == (Read(1.0, len(STREAM)),)
    assert [read.at for read in split(EXCHANGE, 20).reads] == pytest.approx([1.0, 1.0, 1.0])
    assert [read.at for read in split(EXCHANGE, 5).reads][:3] == pytest.approx([0.5, 0.5, 1.0])
