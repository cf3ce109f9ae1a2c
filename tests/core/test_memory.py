"""Facts about what judging remembers, of chunks and of other streams: it never changes what is known of a stream."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from deltaproof.exchange import Exchange
from deltaproof.verdict import Judgement, engine, judge

from .corpus import exchange_at, needs_recordings, recorded, sample


class Forgetful(dict[object, engine._Told]):  # noqa: SLF001 - as there
    """A memory that keeps nothing."""

    def __setitem__(self, key: object, value: engine._Told) -> None:
        """Forget at once."""


def told(judgement: Judgement) -> tuple[object, ...]:
    """Return all that is known of a stream but byte offsets, and words on the wire."""
    return judgement.verdicts, [replace(one, offset=0, text="") for one in judgement.findings], judgement.message


@pytest.mark.parametrize("path", sample(every=4))
def test_a_recorded_stream_is_judged_alike_with_other_line_ends(path: Path) -> None:
    """With CRLF no event is plain, so none is taken for a repetition, and no payload for one like another.

    A rule that looks at more of a payload than its likeness tells would be asked of the first one only; here it is
    asked of each.
    """
    exchange = exchange_at(path)
    if b"\r" in exchange.body:
        pytest.skip("this one has other line ends already")
    other = replace(exchange, body=exchange.body.replace(b"\n", b"\r\n"))
    assert told(judge(other, profile="openai-strict")) == told(judge(exchange, profile="openai-strict"))


@needs_recordings
def test_the_streams_judged_before_do_not_matter() -> None:
    """Recorded streams judged in one order and in another, a few deviating ones always in between."""
    exchanges: list[Exchange] = [exchange_at(path) for path in recorded(every=5)]
    first = [judge(exchange, profile="openai-strict") for exchange in exchanges]
    order = list(range(len(exchanges)))
    Random(0).shuffle(order)  # noqa: S311 - the same order in each run
    assert {number: judge(exchanges[number], profile="openai-strict") for number in order} == dict(enumerate(first))


@pytest.mark.parametrize("path", sample(every=4))
def test_what_is_remembered_of_a_likeness_is_what_asking_anew_says(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same stream, judged with a warm memory and with one that makes the rules look at every moment."""
    exchange = exchange_at(path)
    warm = [judge(exchange, profile="openai-strict") for _ in range(2)][-1]
    bench = engine._bench(exchange.evidence)  # noqa: SLF001 - there is no other way to take the memory away
    monkeypatch.setattr(engine, "_bench", lambda _: replace(bench, told=Forgetful()))
    assert judge(exchange, profile="openai-strict") == warm
