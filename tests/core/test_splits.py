"""Facts about recorded streams: however a stream is split into reads, what is known of it is the same."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given

from deltaproof.exchange import Exchange

from .corpus import exchange_at, sample
from .wire import DONE, body, byte_by_byte, calls, chunk, cuts, event, finished, judged, more, opening, pieces, says


@pytest.mark.parametrize("path", sample(every=6))
def test_a_recorded_stream_is_judged_alike_however_it_is_split(path: Path) -> None:
    """Whole, byte by byte, in equal reads and at random: verdicts, findings, message and transcript are equal."""
    exchange = exchange_at(path)
    stream = exchange.body
    whole = judged([stream], exchange)
    assert judged(byte_by_byte(stream), exchange) == whole
    random = Random(path.name)  # noqa: S311 - the same splits in each run
    for reads in (2, 10, 100):
        assert judged(pieces(stream, random.choices(range(1, len(stream)), k=reads)), exchange) == whole
    assert judged(pieces(stream, range(0, len(stream), 1460)), exchange) == whole


_STREAM = b"".join(
    (
        b"\xef\xbb\xbf: hi\r\n\r\n",
        body(says(role="assistant", content=""), *(says(content=text) for text in ("Grüße", " €", " 😀", "\\", '"'))),
        body(
            calls(opening()), *(calls({**more(text), "function": {"name": "f", "arguments": text}}) for text in "{ } ")
        ),
        body(*(calls(more(f'"{number}'), more('":1,')) for number in range(4)), chunk(usage={}), finished("stop")),
        event(says(content="x")).replace(b"\n", b"\r\n") * 3,
        event(says(content="x")).replace(b"\n", b"\r") * 3,
        b"error: {}\n\ndata: {\n\ndata: \xff\n\nunknown\nid: 1\ndata\n\n" * 2,
        DONE * 2,
        body(says(content="late")),
        b"data: cut",
    )
)


@given(cuts())
def test_a_stream_of_all_sorts_is_judged_alike_however_it_is_split(where: list[int]) -> None:
    """A stream with every line end, errors, odd bytes and a cut, split anywhere: the judgement is the same."""
    exchange = Exchange(source="-", body=_STREAM, request={"stream": True})
    assert judged(pieces(_STREAM, where), exchange) == judged([_STREAM], exchange)


@pytest.mark.parametrize("offset", range(1, len(_STREAM), 7))
def test_one_cut_anywhere_changes_nothing(offset: int) -> None:
    """The same for one cut, at every seventh offset."""
    exchange = Exchange(source="-", body=_STREAM)
    assert judged(pieces(_STREAM, [offset]), exchange) == judged([_STREAM], exchange)
