"""Facts about shapes: what of an exchange is in them, and what is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltaproof.exchange import End, Exchange, Head
from deltaproof.faults import named
from deltaproof.snapshot import CallShape, ChoiceShape, Shape
from tests.snapshot.streams import HEAD, arrived, exchange_of, opening, piece, recorded, shape, streamed


def test_the_shape_of_a_stream_with_two_calls() -> None:
    """Whole: the head, the steps, the calls with numbered ids, the fields, the verdicts."""
    two_calls = shape(recorded("two-calls"))
    assert replace(two_calls, verdicts={}) == Shape(
        scenario="",
        status=200,
        type="text/event-stream; charset=utf-8",
        end="eof",
        body="",
        arrived=(),
        choices=(
            ChoiceShape(
                (
                    "role assistant (content null, refusal null)",
                    "call 0 opens",
                    "arguments of call 0 × many",
                    "call 1 opens",
                    "arguments of call 1 × many",
                    "finish tool_calls",
                    "usage",
                    "done",
                ),
                (CallShape("get_tide", 1, "call_1", "function"), CallShape("get_tide", 1, "call_2", "function")),
            ),
        ),
        chunk_fields=(
            "choices",
            "created",
            "id",
            "model",
            "obfuscation",
            "object",
            "service_tier",
            "system_fingerprint",
            "usage",
        ),
        choice_fields=("delta", "finish_reason", "index", "logprobs"),
        verdicts={},
    )
    assert {*two_calls.verdicts.values()} == {"conforms"}
    assert "tool-call-open-name" in two_calls.verdicts
    assert "tool-call-custom" not in two_calls.verdicts


def test_wording_is_not_in_a_shape() -> None:
    """Other texts, in more pieces, other arguments, ids and times: the same shape."""
    one = streamed(
        '{"content":"Hi"}', '{"content":" you"}', opening("f"), piece("{"), piece('\\"b\\":2}'), finish="tool_calls"
    )
    other = streamed(
        *(f'{{"content":"{word}"}}' for word in ["ein", "ganz", "anderer", "Satz"]),
        opening("f", known="other"),
        *(piece(text) for text in ("{", '\\"a\\"', ":", "1", "}")),
        finish="tool_calls",
    )
    other = replace(other, body=other.body.replace(b'"created":1', b'"created":2').replace(b"chatcmpl-1", b"x"))
    assert shape(one) == shape(other)


def test_the_clock_is_not_in_a_shape() -> None:
    """Whether a second passes in mid-stream is not for the server to decide."""
    assert shape(named("chunk-created-changed").apply(recorded("one-call"))) == shape(recorded("one-call"))


def test_how_many_chunks_a_name_takes_is_exact() -> None:
    """A name in three pieces is no name in two."""
    function = '{{"tool_calls":[{{"index":0,"function":{{"name":"{}"}}}}]}}'
    split = streamed(opening("get"), function.format("_the"), function.format("_tide"), piece("{}"))
    assert arrived(split)[1:4] == ("call 0 opens", "name of call 0 (no arguments) × 2", "arguments of call 0")
    assert shape(split).choices[0].calls == (CallShape("get_the_tide", 3, "call_1", "function"),)


def test_a_piece_without_text_is_one_of_those_with_text() -> None:
    """Whether a tokeniser holds half a character back depends on the words."""
    texts = [f'{{"content":"{text}"}}' for text in ("a", "", "b", "", "", "c", "")]
    assert arrived(streamed(*texts)) == ("role assistant (content null)", "text × many", "finish stop", "done")


def test_pieces_that_come_in_turns_are_one_step() -> None:
    """However often two calls take turns."""
    turns = [piece("1", call=number % 2) for number in range(7)]
    assert arrived(streamed(opening("f"), opening("g", call=1), *turns))[1:4] == (
        "call 0 opens",
        "call 1 opens",
        "arguments of call 0 | arguments of call 1 in turns",
    )


def test_how_choices_were_mixed_is_not_in_a_shape() -> None:
    """Two choices one after the other, or in turns: each has its own steps, and usage is a step of each."""

    def chunk(index: int, delta: str, finish: str = "null") -> str:
        return f'{HEAD}{{"index":{index},"delta":{delta},"finish_reason":{finish}}}]}}'

    apart = [
        chunk(index, delta, finish)
        for index in (0, 1)
        for delta, finish in (('{"role":"assistant"}', "null"), ('{"content":"a"}', "null"), ("{}", '"stop"'))
    ]
    mixed = [apart[position] for position in (0, 3, 1, 4, 2, 5)]
    last = (f'{HEAD}],"usage":{{"total_tokens":1}}}}', "[DONE]")
    assert shape(exchange_of(*mixed, *last)) == shape(exchange_of(*apart, *last))
    steps = ("role assistant", "text", "finish stop", "usage", "done")
    assert shape(exchange_of(*mixed, *last)).choices == (ChoiceShape(steps), ChoiceShape(steps))


def test_what_is_repeated_or_without_a_value_is_noted() -> None:
    """Name, id, type, role and members that are null or empty, each in its words, sorted."""
    entry = '{"index":0,"id":"c0","type":null,"function":{"name":"f","arguments":"{}"}}'
    odd = streamed(opening("f"), f'{{"role":"assistant","content":"","tool_calls":[{entry}]}}')
    assert arrived(odd)[2] == "arguments of call 0 (content empty, id again, name again, role again, type null)"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error":{"message":"no","code":null}}', "an error with code, message"),
        (b'{"detail":"no"}', "JSON with detail"),
        (b"<html>", "no JSON object"),
        (b" ", "empty"),
    ],
)
def test_a_body_that_is_no_stream(body: bytes, words: str) -> None:
    """Of a refusal there is what kind of body it is, its status and its type."""
    refused = shape(Exchange("here", body, head=Head(400, (("Content-Type", "application/JSON"),))))
    assert (refused.body, refused.status, refused.type, refused.choices) == (words, 400, "application/json", ())


def test_a_stream_without_a_choice_has_steps_too() -> None:
    """An error and what follows."""
    assert shape(exchange_of('{"error":{"message":"no"}}', "no", "[DONE]")).arrived == (
        "error as object",
        "no JSON object",
        "done",
    )


def test_a_hostile_stream_has_a_small_shape() -> None:
    """Ten thousand choices, calls, fields and finish reasons leave a few hundred lines."""
    chunks = [
        f'{HEAD}{{"index":{number},"delta":{opening("f", call=number)},"finish_reason":"{number}"}}],"x{number}":1}}'
        for number in range(5000)
    ]
    calls = [
        f'{HEAD}{{"index":0,"delta":{opening("f", call=number)},"finish_reason":null}}]}}' for number in range(5000)
    ]
    hostile = shape(exchange_of(*chunks, *calls))
    assert (len(hostile.choices), len(hostile.chunk_fields), len(hostile.choices[0].calls)) == (16, 64, 64)
    assert [len(choice.arrived) for choice in hostile.choices] == [201, *[1] * 15]


@given(st.binary(max_size=80), st.sampled_from(list(End)))
def test_any_bytes_have_a_shape(noise: bytes, end: End) -> None:
    """Whatever the body."""
    exchange = recorded("two-calls")
    for body in (noise, exchange.body[:900] + noise + exchange.body[900:]):
        assert shape(replace(exchange, body=body, end=end)).end == end
