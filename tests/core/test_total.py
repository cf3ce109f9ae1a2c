"""Facts about totality: whatever a server sends, there is a judgement, and nothing in it is unfit to be written.

All rules run over everything here; an exception in any of them fails a test.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deltaproof.exchange import End, Exchange, Fidelity, Head
from deltaproof.stream import read_request
from deltaproof.verdict import Judgement, Verdict

from .corpus import exchange_at, sample
from .wire import DONE, body, calls, choice, chunk, cuts, event, finished, judged, more, opening, pieces, says

LOGPROBS = {"content": [{"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}], "refusal": None}
USAGE = {
    "prompt_tokens": 1,
    "completion_tokens": 2,
    "total_tokens": 3,
    "completion_tokens_details": {"reasoning_tokens": 1},
}
STREAM: list[object] = [
    {**chunk(), "prompt_filter_results": [{"prompt_index": 0}]},
    chunk(choice({"role": "assistant", "content": "", "refusal": None}), usage=None, obfuscation="xy"),
    chunk({**choice({"content": "a"}), "logprobs": LOGPROBS}, choice({"role": "assistant", "refusal": "n"}, index=1)),
    says(content="b", reasoning_content="c", reasoning_details=[{"index": 0, "text": "c"}]),
    calls(opening(0, "f"), opening(1, "g", '{"x":1}')),
    *(calls(more(text)) for text in ('{"a"', ":", "1", "}")),
    calls({"index": 2, "id": "x", "type": "custom", "custom": {"name": "sql", "input": "SELECT"}}),
    says(function_call={"name": "h", "arguments": "{}"}),
    finished("tool_calls"),
    chunk(choice({}, "stop", index=1)),
    chunk(usage=USAGE),
    {"error": {"message": "x", "type": "y", "code": 1}},
]
REQUEST: dict[str, object] = {
    "model": "m",
    "messages": [{"role": "user", "content": "hi"}],
    "stream": True,
    "stream_options": {"include_usage": True, "include_obfuscation": False},
    "n": 2,
    "logprobs": True,
    "parallel_tool_calls": False,
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "f",
                "strict": True,
                "parameters": {
                    "type": "object",
                    "properties": {
                        "a": {"type": "string", "enum": ["x"], "pattern": "^x"},
                        "b": {"anyOf": [{"$ref": "#/$defs/c"}]},
                    },
                    "required": ["a", "b"],
                    "additionalProperties": False,
                    "$defs": {"c": {"type": ["integer", "null"], "minimum": 0}},
                },
            },
        },
        {"type": "function", "function": {"name": "g"}},
        {"type": "custom", "custom": {"name": "sql"}},
    ],
    "tool_choice": {
        "type": "allowed_tools",
        "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "g"}}]},
    },
}
HEAD = Head(200, (("Content-Type", "text/event-stream; charset=utf-8"), ("Content-Length", "5"), ("X-Request-Id", "1")))


def paths(value: object, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of a JSON value and of every value inside it."""
    yield at
    match value:
        case dict():
            for key, member in value.items():
                yield from paths(member, (*at, key))
        case list():
            for position, element in enumerate(value):
                yield from paths(element, (*at, position))


def with_value(whole: object, path: tuple[str | int, ...], value: object) -> object:
    """Return a JSON value with the value at a path replaced."""
    if not path:
        return value
    match whole:
        case dict():
            return {
                key: with_value(member, path[1:], value) if key == path[0] else member for key, member in whole.items()
            }
        case list():
            return [with_value(one, path[1:], value) if at == path[0] else one for at, one in enumerate(whole)]
        case _:
            raise AssertionError(path)


def nested(levels: int) -> object:
    """Return an array in arrays."""
    value: list[object] = []
    for _ in range(levels):
        value = [value]
    return value


_ODD: list[object] = [None, True, False, 0, -1, 1, 1.5, 1e300, 2**63, 2**70, "", "x", "0", "null", "stop", "{}", [], {}]
_ODDER: list[object] = [
    [None],
    [[]],
    [{}],
    {"": {}},
    "\ud83d",
    "\ufffd",
    "\x00\x1b[31m",
    '{"a":',
    "[" * 300,
    "x" * 300,
    nested(100),
    nested(300),
]
_JSON = st.sampled_from([*_ODD, *_ODDER]) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
_STREAM_PATHS, _REQUEST_PATHS = ([path for path in paths(whole) if path] for whole in (STREAM, REQUEST))


def texts_of(value: object) -> Iterator[str]:
    """Yield every text in findings and messages."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | list):
        for one in value:
            yield from texts_of(one)
    elif is_dataclass(value):
        for field in fields(value):
            yield from texts_of(getattr(value, field.name))


def assert_fit_to_be_written(judgement: Judgement) -> None:
    """Every rule has a verdict, and findings and message hold texts that can be encoded, quoted ones cut short."""
    assert all(isinstance(verdict, Verdict) for verdict in judgement.verdicts.values())
    for text in texts_of((judgement.findings, judgement.message)):
        text.encode()
    for finding in judgement.findings:
        assert finding.count >= 1
        assert 0 <= finding.event <= finding.last_event
        assert len(finding.text) <= 200
        assert len(finding.message) <= 1000


def assert_judged(stream: bytes, request: dict[str, object] | None, cut: list[int], end: End = End.EOF) -> None:
    """A stream has a judgement, with all evidence and with none, whole and split."""
    known = Exchange("-", stream, request=request, head=HEAD, end=end, answer=request)
    unknown = Exchange("-", stream, fidelity=Fidelity.RECONSTRUCTED)
    whole = judged([stream], known)
    assert_fit_to_be_written(whole)
    assert judged(pieces(stream, cut), known) == whole
    assert_fit_to_be_written(judged([stream], unknown))


def written(values: list[object]) -> bytes:
    """Return a stream of chunks, halves of characters escaped."""
    return b"".join(event(json.dumps(value).encode()) for value in values) + DONE


def test_the_stream_to_be_changed_exercises_most_rules() -> None:
    """The stream and the request that these tests change meet nearly every rule as they are."""
    verdicts = judged([written(STREAM)], Exchange("-", b"", request=REQUEST, head=HEAD)).verdicts
    met = [slug for slug, verdict in verdicts.items() if verdict is not Verdict.UNEXERCISED]
    assert len(met) > len(verdicts) * 0.8


@settings(max_examples=300)
@given(changes=st.lists(st.tuples(st.sampled_from(_STREAM_PATHS), _JSON), min_size=1, max_size=3), cut=cuts())
def test_any_json_in_any_place_of_a_stream_is_judged(
    changes: list[tuple[tuple[str | int, ...], object]], cut: list[int]
) -> None:
    """One to three values anywhere in the chunks of a stream are replaced by any JSON."""
    values: object = STREAM
    for path, value in changes:
        if path in set(paths(values)):
            values = with_value(values, path, value)
    assert isinstance(values, list)
    assert_judged(written(values), REQUEST, cut)


@pytest.mark.parametrize("value", [*_ODD, *_ODDER], ids=lambda value: repr(value)[:20])
def test_odd_json_in_every_place_of_a_stream_is_judged(value: object) -> None:
    """Each value of a stream in turn is replaced by each of some thirty odd ones."""
    for path in _STREAM_PATHS:
        changed = with_value(STREAM, path, value)
        assert isinstance(changed, list)
        known = Exchange("-", b"", request=REQUEST, head=HEAD)
        assert_fit_to_be_written(judged([written(changed)], known))


@settings(max_examples=200)
@given(path=st.sampled_from(_REQUEST_PATHS), value=_JSON)
def test_any_json_in_any_place_of_a_request_is_understood(path: tuple[str | int, ...], value: object) -> None:
    """A value anywhere in the request is replaced by any JSON: it is read, and the stream judged against it."""
    request = with_value(REQUEST, path, value)
    assert isinstance(request, dict)
    read_request(request)
    assert_fit_to_be_written(judged([written(STREAM)], Exchange("-", b"", request=request, head=HEAD)))


@given(stream=st.binary(max_size=200), cut=cuts(), end=st.sampled_from(End))
def test_any_bytes_are_judged(stream: bytes, cut: list[int], end: End) -> None:
    """Random bytes."""
    assert_judged(stream, REQUEST, cut, end)


_EVENTS = [
    *(event(json.dumps(value).encode()) for value in STREAM),
    DONE,
    b": ping\n\n",
    b"id: 1\n\n",
    b"error: {}\n\n",
]
_BITS = [
    b"event: error\n",
    b"data: ",
    b"data: {",
    b"[DONE]",
    b'"',
    b"\\",
    b"}",
    b"\n",
    b"\r\n",
    b"\r",
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
]
_PIECES = st.sampled_from([*_EVENTS, *_BITS])


@given(parts=st.lists(_PIECES | st.binary(max_size=2), max_size=25), cut=cuts(), end=st.sampled_from(End))
def test_streams_put_together_from_anything_are_judged(parts: list[bytes], cut: list[int], end: End) -> None:
    """Events, halves of events and odd bytes in any order."""
    assert_judged(b"".join(parts), REQUEST, cut, end)


@pytest.mark.parametrize("path", sample(every=25))
@settings(max_examples=12)
@given(data=st.data())
def test_a_recorded_stream_with_other_bytes_in_it_is_judged(path: Path, data: st.DataObject) -> None:
    """A stretch of a recorded stream is dropped, doubled, or replaced by any bytes."""
    exchange = exchange_at(path)
    stream = exchange.body
    low = data.draw(st.integers(0, len(stream)))
    high = data.draw(st.integers(low, min(len(stream), low + 400)))
    instead = data.draw(st.sampled_from([b"", stream[low:high] * 2]) | st.binary(max_size=5) | _PIECES)
    changed = stream[:low] + instead + stream[high:]
    assert_fit_to_be_written(judged([changed], exchange))


@pytest.mark.parametrize("levels", [10, 250, 254, 255, 500, 1000, 1023, 1024, 1025, 5000])
def test_deep_nesting_is_judged_wherever_it_stands(levels: int) -> None:
    """Arrays nested however deep, in any place of a chunk, and objects in arguments."""
    deep = b"[" * levels + b"]" * levels
    marker = b'"DEEP"'
    for path in _STREAM_PATHS:
        changed = with_value(STREAM, path, "DEEP")
        assert isinstance(changed, list)
        if levels in (254, 1000) or len(path) < 3:
            assert_judged(written(changed).replace(marker, deep), REQUEST, [])
    text = '{"a":' * levels + "1" + "}" * levels
    for arguments in (text, text[:-1], text[: levels * 5], text + text):
        stream = body(calls(opening(arguments=arguments)), calls(more(" ")), finished())
        assert_judged(stream, REQUEST, [])


def test_deep_nesting_in_a_request_is_understood() -> None:
    """A request may be nested as deep as its parser goes."""
    for path in _REQUEST_PATHS:
        request = with_value(REQUEST, path, nested(400))
        assert isinstance(request, dict)
        assert_fit_to_be_written(judged([written(STREAM)], Exchange("-", b"", request=request, head=HEAD)))


@pytest.mark.parametrize("status", [0, 99, 200, 204, 302, 400, 429, 500, 999])
@pytest.mark.parametrize("kind", ["", "text/event-stream", "application/json", "x\x00;;charset=", ";", "text/html; a"])
def test_any_head_is_judged(status: int, kind: str) -> None:
    """Any status and content type, with a stream, a plain answer, an error page or nothing as the body."""
    for answer in (written(STREAM), b'{"choices":[{"message":{"content":"x"}}]}', b"<html>", b"\xff\x00", b""):
        exchange = Exchange("-", answer, request=REQUEST, head=Head(status, (("content-type", kind),)))
        assert_fit_to_be_written(judged([answer], exchange))
