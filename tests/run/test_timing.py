"""Facts about when the parts of a response came; the times are values in the tests."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from deltaproof.exchange import Exchange, Read
from deltaproof.suite.outcome import Arrival, Timing
from deltaproof.suite.timing import measure
from deltaproof.verdict import judge


def event(delta: dict[str, object]) -> bytes:
    """Return one event with one delta."""
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode() + b"\n\n"


ROLE = event({"role": "assistant", "content": ""})
TEXT = event({"content": "word"})
OPEN = event({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": ""}}]})
ARGUMENT = event({"tool_calls": [{"index": 0, "function": {"arguments": "1"}}]})


def timed(*parts: tuple[float, bytes]) -> Timing | None:
    """Measure a response that came in these reads."""
    exchange = Exchange(
        "t", b"".join(part for _, part in parts), reads=tuple(Read(at, len(part)) for at, part in parts)
    )
    return measure(exchange, judge(exchange).transcript)


def test_each_measure_is_what_its_definition_says() -> None:
    """Five fragments from 1 s to 3 s are two a second; the longest silence is between the first two reads."""
    reads = [(0.25, ROLE), (1.0, TEXT), (1.5, OPEN), (2.0, ARGUMENT + ARGUMENT), (2.5, ARGUMENT), (3.0, ARGUMENT)]
    assert timed(*reads) == Timing(
        first_byte=0.25,
        first_argument=2.0,
        fragments_per_second=2.0,
        longest_gap=0.75,
        arrival=Arrival.STREAM,
    )


def test_a_fragment_comes_with_the_last_byte_of_its_event() -> None:
    """What is cut by the end of a read is there with the next one."""
    assert timed((1.0, OPEN + ARGUMENT[:-1]), (4.0, b"\n")) == Timing(1.0, 4.0, None, 3.0, Arrival.UNKNOWN)


@pytest.mark.parametrize(
    ("reads", "arrival"),
    [
        ([(3.0, ROLE + TEXT * 4)], Arrival.BURST),
        ([(0.1, ROLE), (3.0, TEXT * 4)], Arrival.BURST),
        ([(3.0, TEXT * 99), (3.005, TEXT * 99), (3.01, TEXT * 99)], Arrival.BURST),
        ([(3.0, TEXT), (3.01, TEXT), (3.02, TEXT), (3.03, TEXT)], Arrival.STREAM),
        ([(0.01, TEXT * 99), (0.02, TEXT * 99), (0.03, TEXT * 99)], Arrival.STREAM),
        ([(1.0, TEXT), (2.0, TEXT), (3.0, TEXT)], Arrival.UNKNOWN),
        ([(1.0, ROLE)], Arrival.UNKNOWN),
        ([(0.04, TEXT * 9)], Arrival.UNKNOWN),
    ],
    ids=["one read", "opened early", "far away", "slow to begin", "quick", "too few", "nothing said", "too brief"],
)
def test_what_was_held_back_is_a_burst(reads: list[tuple[float, bytes]], arrival: Arrival) -> None:
    """All in one read, or crowded into the end at a speed that no model has; a quick server is no burst."""
    timing = timed(*reads)
    assert timing is not None
    assert timing.arrival is arrival
    assert (timing.fragments_per_second is None) is (arrival is not Arrival.STREAM)


def test_without_reads_nothing_is_known() -> None:
    """A recording without times, or with times of other bytes, has none."""
    exchange = Exchange("t", TEXT)
    assert measure(exchange, judge(exchange).transcript) is None
    other = replace(exchange, reads=(Read(1.0, 5),))
    assert measure(other, judge(other).transcript) is None
