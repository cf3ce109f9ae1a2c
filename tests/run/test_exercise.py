"""Facts about what a response must have in it, and whom it is held against that it has not."""

from __future__ import annotations

import json

import pytest

from deltaproof.catalog import Blame, Exercise
from deltaproof.exchange import Exchange
from deltaproof.suite.exercise import missing
from deltaproof.verdict import judge


def stream(*deltas: dict[str, object], finish: str = "tool_calls") -> Exchange:
    """Return a stream of these deltas."""
    envelope: dict[str, object] = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    chunks: list[dict[str, object]] = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    chunks.append({"index": 0, "delta": {}, "finish_reason": finish})
    events = (b"data: " + json.dumps({**envelope, "choices": [choice]}).encode() + b"\n\n" for choice in chunks)
    return Exchange("test", b"".join(events) + b"data: [DONE]\n\n")


def call(name: str, arguments: str, index: int = 0, kind: str = "function") -> dict[str, object]:
    """Return a delta with a whole call."""
    member = "input" if kind == "custom" else "arguments"
    return {"tool_calls": [{"index": index, "id": f"c{index}", "type": kind, kind: {"name": name, member: arguments}}]}


TEXT: dict[str, object] = {"content": "Hi"}
BLANK: dict[str, object] = {"content": "\n"}
ONE = call("f", '{"a": "x"}')
TWO = call("f", "{}", 1)
OTHER = call("g", '{"a": [{"b": "quote \\" here"}]}', 1)

MET = [
    (Exercise(), stream()),
    (Exercise(text=True), stream(TEXT, finish="stop")),
    (Exercise(text_first=True), stream(TEXT, ONE)),
    (Exercise(calls=1), stream(ONE)),
    (Exercise(calls=2), stream(ONE, TWO)),
    (Exercise(calls=2, tools=2), stream(ONE, OTHER)),
    (Exercise(arguments=10), stream(ONE)),
    (Exercise(contains=('"', "x")), stream(ONE, OTHER)),
    (Exercise(custom=True), stream(call("run", "print()", kind="custom"))),
    (Exercise(function_call=True), stream({"function_call": {"name": "f", "arguments": "{}"}}, finish="function_call")),
    (Exercise(cut=True), stream(call("f", '{"a": '), finish="length")),
]

MODEL = Blame.MODEL
LACKING = [
    (Exercise(text=True), stream(ONE), "the model wrote no text"),
    (Exercise(text_first=True), stream(ONE, TEXT), "the model wrote no text before its call"),
    (Exercise(text_first=True), stream(BLANK, ONE, TEXT), "the model wrote no text before its call"),
    (Exercise(text_first=True), stream(TEXT), "the model wrote no text before its call"),
    (Exercise(calls=1), stream(TEXT), "the model made no calls, not 1"),
    (Exercise(calls=2), stream(ONE), "the model made 1 call, not 2"),
    (Exercise(calls=2, tools=2), stream(ONE, TWO), "the model called 1 tool, not 2"),
    (Exercise(arguments=11), stream(ONE), "the model wrote 10 bytes of arguments, not 11"),
    (Exercise(contains=("x", "é")), stream(ONE), "the model wrote no 'é' into the arguments"),
    (Exercise(contains=("a",)), stream(ONE), "the model wrote no 'a' into the arguments"),
    (Exercise(custom=True), stream(ONE), "the model did not call the custom tool"),
    (Exercise(function_call=True), stream(ONE), "the model did not call the function"),
    (Exercise(cut=True), stream(call("f", '{"a": ')), "no limit fell inside the arguments of a call"),
    (Exercise(cut=True), stream(ONE, finish="length"), "no limit fell inside the arguments of a call"),
]


@pytest.mark.parametrize(("wanted", "exchange"), MET)
def test_what_is_wanted_is_found(wanted: Exercise, exchange: Exchange) -> None:
    """A response that has what is wanted lacks nothing."""
    judgement = judge(exchange)
    assert missing(wanted, exchange, judgement.transcript, judgement.message) is None


@pytest.mark.parametrize(("wanted", "exchange", "lacking"), LACKING)
def test_what_the_model_did_not_do_is_told_and_held_against_it(
    wanted: Exercise, exchange: Exchange, lacking: str
) -> None:
    """What is missing is said in words; the server is not to blame."""
    judgement = judge(exchange)
    assert missing(wanted, exchange, judgement.transcript, judgement.message) == (lacking, MODEL)


def test_log_probabilities_are_the_servers_to_send() -> None:
    """No model decides about them."""
    wanted = Exercise(logprobs=True)
    without = stream(TEXT)
    having = Exchange("test", without.body.replace(b'"delta"', b'"logprobs": {"content": []}, "delta"'))
    judgement = judge(without)
    told = ("log probabilities were asked for, and none came", Blame.PROTOCOL)
    assert missing(wanted, without, judgement.transcript, judgement.message) == told
    assert missing(wanted, having, judgement.transcript, judgement.message) is None
