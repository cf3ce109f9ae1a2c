"""Facts about time: four times the stream costs about four times as much, whatever it is made of.

Counted are the calls that judging makes, Python's own included, which a busy machine does not change. With
DELTAPROOF_ALL=1 processor time is measured instead, which sees what is quadratic inside of one call too: the least of
several, compared with each other and never with a clock. `make bench` prints such ratios up to 100 MB.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable
from types import FrameType

import pytest

from deltaproof.exchange import Exchange
from deltaproof.stream.strict import parse
from deltaproof.verdict import engine

from .wire import DONE, body, calls, choice, chunk, event, finished, judged, more, opening, says

Make = Callable[[int], bytes]


def calls_made(task: Callable[[], object]) -> float:
    """Return how many functions are called, those written in C included."""
    made = 0

    def note(_frame: FrameType | None, what: str, _of: object) -> None:
        nonlocal made
        made += what in {"call", "c_call"}

    sys.setprofile(note)
    try:
        task()
    finally:
        sys.setprofile(None)
    return made


def seconds(task: Callable[[], object]) -> float:
    """Return the least processor time of four attempts, the garbage collector at rest."""
    times = []
    gc.collect()
    gc.disable()
    try:
        for _ in range(4):
            before = time.process_time()
            task()
            times.append(time.process_time() - before)
    finally:
        gc.enable()
    return min(times)


TIMED = os.environ.get("DELTAPROOF_ALL") == "1"


def assert_linear(make: Callable[[int], Callable[[], object]], size: int) -> None:
    """Four times the size takes at most eight times the calls, or the time: what is quadratic takes sixteen.

    The rules' memory is lost in between, so that the smaller stream does not profit from what the larger one showed.
    """
    if TIMED:
        while (base := seconds(make(size))) < SHORTEST:
            size *= 2
        assert seconds(make(4 * size)) <= 8 * base
    else:
        larger = calls_made(make(4 * size))
        engine._bench.cache_clear()  # noqa: SLF001 - there is no other way to take the memory away
        assert larger <= 8 * calls_made(make(size))


def whole_call(number: int) -> dict[str, object]:
    """Return an entry that is a whole call."""
    return opening(number, arguments="{}")


def without_index(number: int) -> dict[str, object]:
    """Return a whole call without an index."""
    return {"id": f"call_{number}", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def named(arguments: str) -> dict[str, object]:
    """Return an entry that has the call's name again, and no id."""
    return {"index": 0, "function": {"name": "f", "arguments": arguments}}


def unlike(delta: dict[str, object], number: int, finish: object = None) -> dict[str, object]:
    """Return a chunk that is like none with another number."""
    return chunk({**choice(delta, finish), "logprobs": {"content": [number]}})


START = event(says(role="assistant", content=None, tool_calls=[opening()]))
LONG = 2_000  # characters for each chunk that follows
SHORTEST = 0.015  # seconds
NUMBERS = tuple(f"{number:06d}" for number in range(200_000))

# Each with a size at which a quadratic part would show.
STREAMS: dict[str, tuple[int, Make]] = {
    "like chunks": (10_000, lambda n: START + body(*(calls(more(word)) for word in NUMBERS[:n]))),
    "chunks that are all different": (
        600,
        lambda n: body(*(says(content="x") | {"created": int(word)} for word in NUMBERS[:n])),
    ),
    "the name in every fragment": (600, lambda n: START + body(*(calls(named(word)) for word in NUMBERS[:n]))),
    "the name in every fragment, each an object": (
        1_500,
        lambda n: START + body(*(calls(named('{"a":"' + "x" * 200 + '"}')) for _ in NUMBERS[:n])),
    ),
    "the name in every fragment, each the beginning of an object": (
        1_500,
        lambda n: START + body(*(calls(named('{"a":')) for _ in NUMBERS[:n])),
    ),
    "fragments that begin with the whole": (
        500,
        lambda n: START + body(*(calls(more('{"a":"' + "x" * min(number, 100))) for number in range(n))),
    ),
    "the call again and again": (1_500, lambda n: body(*(calls(opening(arguments='{"a":1}')) for _ in range(n)))),
    "a flood of comments": (10_000, lambda n: b": ping\n\n" * n),
    "a flood of comments in one event": (20_000, lambda n: b": ping\n" * n + b"data: {}\n\n"),
    "a flood of empty lines": (2_000, lambda n: b"\n" * n * 10),
    "empty events": (3_000, lambda n: b"data:\n\n" * n),
    "events without data": (3_000, lambda n: b"id: 1\n\n" * n),
    "data lines of one event": (20_000, lambda n: b"data: 1\n" * n + b"\n"),
    "unknown lines of one event": (20_000, lambda n: b"{}\n" * n + b"\n"),
    "unknown lines": (500, lambda n: b"error: {}\n\n" * n),
    "CR": (500, lambda n: body(*(says(content=word) for word in NUMBERS[:n])).replace(b"\n", b"\r")),
    "one huge event": (500_000, lambda n: event(says(content="x" * n))),
    "one huge event of escapes": (100_000, lambda n: event(says(content='\\"' * n))),
    "one huge event that is no JSON": (1_000_000, lambda n: event(b'{"choices":[{"delta":{"content":"' + b"x" * n)),
    "one huge event of brackets": (20_000, lambda n: event(b'{"a":[' + b"[]," * n)),
    "one huge event with a key twice": (10_000, lambda n: event(b'{"a":[' + b'{"b":1},' * n + b'{"b":1,"b":2}]}')),
    "deep nesting": (1_000_000, lambda n: event(b'{"a":' + b"[" * n + b"]" * n + b"}")),
    "deep nesting, cut": (1_000_000, lambda n: event(b'{"a":' * (n // 5))),
    "deep nesting in arguments": (5_000, lambda n: START + body(calls(more('{"a":' * n + "1" + "}" * n)), finished())),
    "arguments that are cut": (5_000, lambda n: START + body(calls(more('{"a":[' + '"x",' * n)), finished())),
    "arguments without end": (1_500, lambda n: START + body(*(calls(more("{[,")) for _ in range(n)), finished())),
    "many choices": (1_000, lambda n: body(*(chunk(choice({"content": "x"}, index=index)) for index in range(n)))),
    "many choices in one chunk": (
        1_500,
        lambda n: body(chunk(*(choice({"content": "x"}, index=index) for index in range(n)))),
    ),
    "many calls": (2_500, lambda n: body(*(calls(whole_call(number)) for number in range(n)), finished())),
    "many calls in one chunk": (2_500, lambda n: body(calls(*map(whole_call, range(n))), finished())),
    "many calls in fragments": (
        2_500,
        lambda n: body(calls(*map(opening, range(n))), *(calls(more("{}", number)) for number in range(n)), finished()),
    ),
    "many calls without an index": (
        2_500,
        lambda n: body(*(calls(without_index(number)) for number in range(n)), finished()),
    ),
    "many calls of one index": (
        1_500,
        lambda n: body(*(calls({**whole_call(number), "index": 0}) for number in range(n))),
    ),
    "many calls of one id": (1_500, lambda n: body(*(calls({**whole_call(number), "id": "x"}) for number in range(n)))),
    "entries without anything": (1_500, lambda n: body(calls(*({} for _ in range(n))))),
    "vendor fields of new names": (1_500, lambda n: body(*(says(**{word: 1}) for word in NUMBERS[:n]))),
    "vendor fields in one delta": (10_000, lambda n: body(*[says(**dict.fromkeys(NUMBERS[:n], 1))] * 2)),
    "a finish_reason in every chunk": (
        600,
        lambda n: body(*(chunk(choice({"content": "x"}, "stop")) for _ in range(n))),
    ),
    "a long finish_reason, then chunks": (
        400,
        lambda n: body(
            chunk(choice({}, ["stop"] * n)), *(says(content=word) | {"created": int(word)} for word in NUMBERS[:n])
        ),
    ),
    "a long role, then others": (
        400,
        lambda n: body(says(role="x" * LONG * n), *(unlike({"role": "x"}, number) for number in range(n))),
    ),
    "a long finish_reason, then others": (
        400,
        lambda n: body(unlike({}, 0, "x" * LONG * n), *(unlike({}, number, "stop") for number in range(n))),
    ),
    "a long name, then others": (
        400,
        lambda n: body(calls(opening(name="x" * LONG * n)), *(calls(named(word)) for word in NUMBERS[:n])),
    ),
    "a long id, then others": (
        400,
        lambda n: body(
            calls({**opening(), "id": "x" * LONG * n}), *(calls({**more("x"), "id": word}) for word in NUMBERS[:n])
        ),
    ),
    "a long type, then others": (
        400,
        lambda n: body(
            calls({**opening(), "type": "x" * LONG * n}), *(calls({**more("x"), "type": word}) for word in NUMBERS[:n])
        ),
    ),
    "a long model and id, then others": (
        400,
        lambda n: body(
            chunk(model="x" * LONG * n, id="x" * LONG * n), *(chunk(model=word, id=word) for word in NUMBERS[:n])
        ),
    ),
    "a long vendor field, then others": (
        400,
        lambda n: body(says(**{"x" * LONG * n: 1}), *(unlike({"x": 1, "y": number}, number) for number in range(n))),
    ),
    "usage in every chunk": (
        600,
        lambda n: body(*(chunk(choice({"content": "x"}), usage={"total_tokens": number}) for number in range(n))),
    ),
    "logprobs in every chunk": (
        600,
        lambda n: body(
            *(chunk({**choice({"content": "x"}), "logprobs": {"content": [int(word)]}}) for word in NUMBERS[:n])
        ),
    ),
    "[DONE] again and again": (3_000, lambda n: DONE * n),
    "errors": (1_500, lambda n: body(*({"error": {"message": word}} for word in NUMBERS[:n]))),
    "chunks after [DONE]": (3_000, lambda n: DONE + body(*(says(content=word) for word in NUMBERS[:n]))),
    "content in parts": (
        600,
        lambda n: body(*(says(content=[{"type": "text", "text": word}]) for word in NUMBERS[:n])),
    ),
    "findings of many keys": (
        500,
        lambda n: body(
            *(
                chunk(choice({"role": 5, "content": 5, "tool_calls": [{"index": number}]}, 5, index=number))
                for number in range(n)
            )
        ),
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_four_times_the_stream_costs_about_four_times_as_much(name: str) -> None:
    """Read in one piece and judged with a request, so that all rules run."""
    size, make = STREAMS[name]
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    exchange = Exchange("-", b"", request={"stream": True, "n": 100_000, "tools": tools})

    def judging(amount: int) -> Callable[[], object]:
        stream = make(amount)
        return lambda: judged([stream], exchange)

    judging(1)()  # loads the catalog
    assert_linear(judging, size)


@pytest.mark.parametrize("piece", [1, 7, 1460])
def test_the_size_of_reads_does_not_make_it_quadratic(piece: int) -> None:
    """The same for one large event that comes in small reads."""

    def judging(amount: int) -> Callable[[], object]:
        stream = event(says(content="x" * amount * piece))
        parts = [stream[at : at + piece] for at in range(0, len(stream), piece)]
        return lambda: judged(parts, Exchange("-", b""))

    assert_linear(judging, 10_000)


@pytest.mark.parametrize("opened", [b"[", b'{"a":', b'"\\\\"['], ids=repr)
def test_nesting_a_million_deep_is_refused_in_linear_time(opened: bytes) -> None:
    """The parser alone."""

    def parsing(amount: int) -> Callable[[], object]:
        text = opened * amount
        return lambda: parse(text)

    assert_linear(parsing, 250_000)


@pytest.mark.skipif(not TIMED, reason="100 MB take a minute: DELTAPROOF_ALL=1 runs them")
@pytest.mark.parametrize(
    "name", ["like chunks", "chunks that are all different", "the name in every fragment", "a flood of comments"]
)
def test_up_to_100_mb_time_stays_linear(name: str) -> None:
    """From 25 MB to 100 MB."""
    _, make = STREAMS[name]
    part = make(2_000)

    def judging(megabytes: int) -> Callable[[], object]:
        stream = part * (megabytes * 10**6 // len(part))
        return lambda: judged([stream], Exchange("-", b""))

    assert_linear(judging, 25)
