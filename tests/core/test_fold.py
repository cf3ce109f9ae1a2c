"""Facts about the reference accumulator: the message that a stream means, whatever the server did to it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltaproof.fold import FoldedCall, FoldedChoice, Message, fold

from .wire import DONE, body, calls, choice, chunk, event, finished, more, opening, read, says, transcript_of

F = FoldedCall(0, "call_0", "f", '{"a":1}')
G = FoldedCall(1, "call_1", "g", '{"b":2}')
WHOLE_F, WHOLE_G = opening(0, "f", '{"a":1}'), opening(1, "g", '{"b":2}')


def without(entry: dict[str, object], *keys: str) -> dict[str, object]:
    """Return an entry without some keys, those of its function as `function.name`."""
    function = entry.get("function")
    kept = {key: value for key, value in entry.items() if key not in keys}
    if isinstance(function, dict):
        kept["function"] = {key: value for key, value in function.items() if f"function.{key}" not in keys}
    return kept


def called(name: object, arguments: object) -> dict[str, object]:
    """Return a continuation with a name."""
    return {"index": 0, "function": {"name": name, "arguments": arguments}}


FRAGMENTS = (more('{"a"'), more(":1}"))
G_FRAGMENTS = (more('{"b"', 1), more(":2}", 1))

RECOVERED: dict[str, tuple[list[dict[str, object]], tuple[FoldedCall, ...]]] = {
    "nothing wrong": ([opening(), *FRAGMENTS], (F,)),
    # the name
    "name repeated in every fragment": ([opening(), called("f", '{"a"'), called("f", ":1}")], (F,)),
    "name repeated before every nested object": (
        [opening(), *(called("f", part) for part in ('{"a":', "[", '{"f":1}', ",", '{"f":1}', "]}"))],
        (FoldedCall(0, "call_0", "f", '{"a":[{"f":1},{"f":1}]}'),),
    ),
    "name split over two chunks": (
        [opening(name="get_"), called("weather", ""), *FRAGMENTS],
        (FoldedCall(0, "call_0", "get_weather", F.arguments),),
    ),
    "name split, the rest beside text": (
        [opening(name="get_"), called("weather", '{"a"'), more(":1}")],
        (FoldedCall(0, "call_0", "get_weather", F.arguments),),
    ),
    "name split into equal pieces": (
        [opening(name="ba"), called("na", ""), called("na", ""), *FRAGMENTS],
        (FoldedCall(0, "call_0", "banana", F.arguments),),
    ),
    "name after the opening entry": ([without(opening(), "function.name"), called("f", '{"a"'), more(":1}")], (F,)),
    "name after all arguments": ([without(WHOLE_F, "function.name"), {"index": 0, "function": {"name": "f"}}], (F,)),
    'name "" in continuations': ([opening(), called("", '{"a"'), called("", ":1}")], (F,)),
    "name null in continuations": ([opening(), called(None, '{"a"'), called(None, ":1}")], (F,)),
    "another name after text": ([opening(), more('{"a"'), called("g", ":1}")], (F,)),
    # the id
    "no id": ([without(opening(), "id"), *FRAGMENTS], (FoldedCall(0, None, "f", F.arguments),)),
    "no id, two calls": (
        [without(opening(), "id"), *FRAGMENTS, without(opening(1, "g"), "id"), *G_FRAGMENTS],
        (FoldedCall(0, None, "f", F.arguments), FoldedCall(1, None, "g", G.arguments)),
    ),
    'id ""': ([{**opening(), "id": ""}, *FRAGMENTS], (FoldedCall(0, None, "f", F.arguments),)),
    'id "null"': ([{**opening(), "id": "null"}, *FRAGMENTS], (FoldedCall(0, None, "f", F.arguments),)),
    "id after the opening entry": ([without(opening(), "id"), {**FRAGMENTS[0], "id": "call_0"}, FRAGMENTS[1]], (F,)),
    "id repeated in continuations": ([opening(), *({**part, "id": "call_0"} for part in FRAGMENTS)], (F,)),
    'id "" in continuations': ([opening(), *({**part, "id": ""} for part in FRAGMENTS)], (F,)),
    "id null in continuations": ([opening(), *({**part, "id": None} for part in FRAGMENTS)], (F,)),
    "id changes within a call": ([opening(), {**FRAGMENTS[0], "id": "x"}, {**FRAGMENTS[1], "id": "y"}], (F,)),
    "two calls share an id": ([WHOLE_F, {**WHOLE_G, "id": "call_0"}], (F, FoldedCall(1, "call_0", "g", G.arguments))),
    # the index
    "index missing, one call": ([without(one, "index") for one in (opening(), *FRAGMENTS)], (F,)),
    "index missing, two calls in fragments": (
        [without(one, "index") for one in (opening(), *FRAGMENTS, opening(1, "g"), *G_FRAGMENTS)],
        (F, G),
    ),
    "index missing, two calls in fragments without ids": (
        [without(one, "index", "id") for one in (opening(), *FRAGMENTS, opening(1, "g"), *G_FRAGMENTS)],
        (FoldedCall(0, None, "f", F.arguments), FoldedCall(1, None, "g", G.arguments)),
    ),
    "index missing, two calls interleaved by id": (
        [
            without({**one, "id": call}, "index")
            for one, call in zip(
                (opening(), opening(1, "g"), FRAGMENTS[0], G_FRAGMENTS[0], FRAGMENTS[1], G_FRAGMENTS[1]),
                ("call_0", "call_1") * 3,
                strict=True,
            )
        ],
        (F, G),
    ),
    "index missing, two whole calls": ([without(WHOLE_F, "index"), without(WHOLE_G, "index")], (F, G)),
    "index missing in continuations only": (
        [
            opening(),
            *(without(one, "index") for one in FRAGMENTS),
            opening(1, "g"),
            *(without(one, "index") for one in G_FRAGMENTS),
        ],
        (F, G),
    ),
    "index null": ([{**one, "index": None} for one in (opening(), *FRAGMENTS, opening(1, "g"), *G_FRAGMENTS)], (F, G)),
    "index a string": (
        [{**one, "index": str(one["index"])} for one in (opening(), opening(1, "g"), *FRAGMENTS, *G_FRAGMENTS)],
        (F, G),
    ),
    "two calls in fragments, both index 0": (
        [{**one, "index": 0} for one in (opening(), *FRAGMENTS, opening(1, "g"), *G_FRAGMENTS)],
        (F, G),
    ),
    "two calls in fragments, both index 0, no ids": (
        [{**without(one, "id"), "index": 0} for one in (opening(), *FRAGMENTS, opening(1, "g"), *G_FRAGMENTS)],
        (FoldedCall(0, None, "f", F.arguments), FoldedCall(1, None, "g", G.arguments)),
    ),
    "two whole calls, both index 0": ([WHOLE_F, {**WHOLE_G, "index": 0}], (F, G)),
    "two whole calls, both index 0, no ids": (
        [without(WHOLE_F, "id"), {**without(WHOLE_G, "id"), "index": 0}],
        (FoldedCall(0, None, "f", F.arguments), FoldedCall(1, None, "g", G.arguments)),
    ),
    "two whole calls of one tool, both index 0, no ids": (
        [without(WHOLE_F, "id"), without(opening(0, "f", '{"a":2}'), "id")],
        (FoldedCall(0, None, "f", F.arguments), FoldedCall(1, None, "f", '{"a":2}')),
    ),
    "one call, index 1": ([opening(1, "g"), *G_FRAGMENTS], (FoldedCall(0, "call_1", "g", G.arguments),)),
    "two calls, indexes 0 and 2": (
        [opening(), opening(2, "g"), FRAGMENTS[0], more('{"b"', 2), FRAGMENTS[1], more(":2}", 2)],
        (F, FoldedCall(1, "call_2", "g", G.arguments)),
    ),
    "index 1 opens before 0": (
        [opening(1, "g"), opening(), *FRAGMENTS, *G_FRAGMENTS],
        (FoldedCall(0, "call_1", "g", G.arguments), FoldedCall(1, "call_0", "f", F.arguments)),
    ),
    # the type
    "type never sent": ([without(opening(), "type"), *FRAGMENTS], (F,)),
    "type null": ([{**opening(), "type": None}, *FRAGMENTS], (F,)),
    'type "" in continuations': ([opening(), *({**part, "type": ""} for part in FRAGMENTS)], (F,)),
    "type repeated": ([opening(), *({**part, "type": "function"} for part in FRAGMENTS)], (F,)),
    "type never sent, custom": (
        [{"index": 0, "id": "x", "custom": {"name": "sql", "input": "SELECT"}}],
        (FoldedCall(0, "x", "sql", "SELECT", "custom"),),
    ),
    # the arguments
    "an object instead of a string": ([{**opening(), "function": {"name": "f", "arguments": {"a": 1}}}], (F,)),
    "growing objects instead of strings": ([opening(), more({}), more({"a": 0}), more({"a": 1})], (F,)),
    "an object with half a character": (
        [{**opening(), "function": {"name": "f", "arguments": {"a": "\ud83d"}}}],
        (FoldedCall(0, "call_0", "f", '{"a":"\\ud83d"}'),),
    ),
    "null in the opening entry": ([without(opening(), "function.arguments"), *FRAGMENTS], (F,)),
    "no arguments in the opening entry": (
        [{**opening(), "function": {"name": "f", "arguments": None}}, *FRAGMENTS],
        (F,),
    ),
    "a last null fragment": ([opening(), *FRAGMENTS, more(None)], (F,)),
    "a last entry with function null": ([opening(), *FRAGMENTS, {"index": 0, "function": None}], (F,)),
    "a last entry without function": ([opening(), *FRAGMENTS, {"index": 0}], (F,)),
    "whole arguments sent again": ([opening(), *FRAGMENTS, more('{"a":1}')], (F,)),
    "whole arguments sent again in other words": (
        [opening(), *FRAGMENTS, more('{ "a" : 1 }')],
        (FoldedCall(0, "call_0", "f", '{ "a" : 1 }'),),
    ),
    "the whole call sent again": ([opening(), *FRAGMENTS, WHOLE_F], (F,)),
    "the whole call sent again without its id": ([opening(), *FRAGMENTS, without(WHOLE_F, "id")], (F,)),
    "cumulative instead of incremental": ([opening(), more('{"a"'), more('{"a":'), more('{"a":1}')], (F,)),
    "cumulative, the end repeated": ([opening(), more('{"a"'), more('{"a":1}'), more('{"a":1}')], (F,)),
    'the empty text "" for no arguments': ([opening()], (FoldedCall(0, "call_0", "f", ""),)),
    "whole in the opening entry": ([WHOLE_F], (F,)),
    "cut arguments stay cut": ([opening(), more('{"a"'), more(":")], (FoldedCall(0, "call_0", "f", '{"a":'),)),
    "cut arguments that end in a number": (
        [opening(), more('{"a":'), more("1")],
        (FoldedCall(0, "call_0", "f", '{"a":1'),),
    ),
    "two other documents stay as they are": (
        [opening(), more('{"a":1}'), more('{"b":2}')],
        (FoldedCall(0, "call_0", "f", '{"a":1}{"b":2}'),),
    ),
    "a pair cut in two": (
        [opening(), more('{"a":"\ud83d'), more('\ude00"}')],
        (FoldedCall(0, "call_0", "f", '{"a":"😀"}'),),
    ),
    "half a pair": ([opening(arguments='{"a":"\ud83d"}')], (FoldedCall(0, "call_0", "f", '{"a":"\ufffd"}'),)),
    "half a pair in a name and an id": (
        [{**opening(name="\udc00"), "id": "\ud83d"}],
        (FoldedCall(0, "\ufffd", "\ufffd", ""),),
    ),
}


@pytest.mark.parametrize(("entries", "expected"), RECOVERED.values(), ids=RECOVERED)
def test_calls_are_recovered(entries: list[dict[str, object]], expected: tuple[FoldedCall, ...]) -> None:
    """One entry per chunk: the calls are those of the table."""
    stream = b"".join(event(json.dumps(calls(entry)).encode()) for entry in entries) + event(finished())
    expected_choice = FoldedChoice(0, None, None, None, expected, None, "tool_calls")
    assert fold(read([stream])) == Message((expected_choice,))


@pytest.mark.parametrize("name", [name for name in RECOVERED if "opens before" not in name])
def test_calls_are_recovered_from_one_chunk(name: str) -> None:
    """The same entries, all in the array of one chunk, come to the same calls."""
    entries, expected = RECOVERED[name]
    stream = event(json.dumps(calls(*entries)).encode()) + event(finished())
    assert fold(read([stream])).choices[0].tool_calls == expected


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        ([None, None, "tool_calls"], "tool_calls"),
        ([None, None, "stop"], "stop"),
        (["tool_calls", "tool_calls", "tool_calls"], "tool_calls"),
        (["", "", "stop"], "stop"),
        ([None, "stop", ""], "stop"),
        ([None, "tool_calls", "stop"], "tool_calls"),
        ([None, "stop", "tool_calls"], "tool_calls"),
        ([None, "tool_calls", "length"], "length"),
        ([None, None, "eos\ud83d"], "eos\ufffd"),
        ([None, None, ["stop"]], '["stop"]'),
        ([None, None, False], "false"),
        ([None, None, ""], None),
        ([None, None, None], None),
    ],
    ids=repr,
)
def test_the_finish_reason_is_the_last_that_says_something(reasons: list[object], expected: str | None) -> None:
    """The last that is not empty counts, but a stop after tool_calls does not; another type is shown as JSON."""
    chunks = [event(json.dumps(chunk(choice({"content": "x"}, reason))).encode()) for reason in reasons]
    assert fold(read([b"".join(chunks)])) == Message((FoldedChoice(0, "xxx", None, None, (), None, expected),))


def test_arguments_after_the_finish_belong_to_the_call() -> None:
    """What comes after a finish_reason is part of the message all the same."""
    message = fold(
        transcript_of(calls(opening()), calls(FRAGMENTS[0]), finished(), calls(FRAGMENTS[1]), chunk(choice({})))
    )
    assert message == Message((FoldedChoice(0, None, None, None, (F,), None, "tool_calls"),))


@pytest.mark.parametrize(
    ("chunks", "content"),
    [
        ([says(content="a"), {"index": 0}, says(content="b")], "ab"),
        ([chunk({"index": 0, "finish_reason": None}), says(content="ab")], "ab"),
        ([chunk({"index": 0, "delta": None}), says(content="ab")], "ab"),
        ([chunk({"index": 0, "message": {"content": "a"}}), chunk({"index": 0, "message": {"content": "b"}})], "ab"),
        ([chunk({"index": 0, "message": {"content": "ab"}, "delta": {"content": "a"}}), says(content="b")], "ab"),
        ([chunk({"delta": {"content": "a"}}), says(content="b")], "ab"),
        ([says(content="a", tool_calls=None), says(content="b", tool_calls=[])], "ab"),
        ([says(content="a"), chunk(), {"choices": None}, {"id": "c-1"}, says(content="b")], "ab"),
        ([says(content="a"), {**says(content="b"), "id": "other", "model": "other", "created": 5, "object": ""}], "ab"),
        ([says(content="a", refusal=None, extra={"x": 1}), {**says(content="b"), "extra": [[]]}], "ab"),
        ([says(role="assistant", content="a"), says(role="assistant", content="b")], "ab"),
        ([says(content="\ud83d"), says(content="\ude00")], "😀"),
        ([says(content="\ud83d"), says(content="x")], "\ufffdx"),
        ([says(content=[{"type": "text", "text": "a"}]), says(content="b")], "ab"),
    ],
)
def test_content_is_recovered(chunks: list[object], content: str) -> None:
    """Whatever a choice or its envelope lacks or has too much, its text is joined."""
    stream = b"".join(event(json.dumps(one).encode()) for one in chunks)
    assert fold(read([stream])) == Message((FoldedChoice(0, content, None, None, (), None, None),))


def test_a_legacy_call_is_folded_like_any_other() -> None:
    """The deprecated function_call has its first name, and its arguments repaired; it has no id."""
    message = fold(
        transcript_of(
            says(role="assistant", content=None, function_call={"name": "f", "arguments": ""}),
            *(says(function_call={"name": "f", "arguments": text}) for text in ('{"a"', '{"a":1}')),
            finished("function_call"),
        )
    )
    assert message == Message(
        (FoldedChoice(0, None, None, None, (), FoldedCall(0, None, "f", '{"a":1}'), "function_call"),)
    )


@pytest.mark.parametrize(
    "stream",
    [
        body(calls(opening()), *map(calls, FRAGMENTS)).replace(b"\n", b"\r\n"),
        body(calls(opening()), *map(calls, FRAGMENTS)).replace(b"\n", b"\r"),
        b"\xef\xbb\xbf: hi\n\n" + body(calls(opening()), *map(calls, FRAGMENTS)).replace(b": {", b":{"),
        body(calls(opening()), *map(calls, FRAGMENTS)).replace(b"data: ", b"id: 1\nevent: x\nretry: 5\ndata: "),
        body(calls(opening()), *map(calls, FRAGMENTS)).replace(b',"object"', b',\ndata:"object"'),
        body(calls(opening()), *map(calls, FRAGMENTS)).replace(b"\n\n", b"\n\n\n: ping\n\ndata:\n\n"),
        body(calls(opening()), *map(calls, FRAGMENTS)).rstrip(),
        body(calls(opening()), *map(calls, FRAGMENTS)) + DONE + DONE,
    ],
    ids=[
        "CRLF",
        "CR",
        "BOM, comment and no space",
        "fields",
        "several data lines",
        "empty events",
        "unterminated",
        "done twice",
    ],
)
def test_framing_does_not_change_the_message(stream: bytes) -> None:
    """However events are written, the call is the same."""
    assert fold(read([stream])).choices[0].tool_calls == (F,)


_JSON = st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=6) | st.lists(st.booleans()), max_size=4)


@given(data=st.data(), values=st.lists(_JSON, min_size=1, max_size=3), ascii_only=st.booleans())
def test_calls_cut_anywhere_and_mixed_are_put_together(
    *, data: st.DataObject, values: list[object], ascii_only: bool
) -> None:
    """Arguments in fragments of any size, of several calls in any order: each call has the text that was cut up."""
    wanted = [json.dumps(value, ensure_ascii=ascii_only) for value in values]
    left = dict(enumerate(wanted))
    chunks: list[object] = [calls(opening(index, f"f{index}")) for index in left]
    while left:
        index = data.draw(st.sampled_from(sorted(left)))
        length = data.draw(st.integers(1, 9))
        chunks.append(calls(more(left[index][:length], index)))
        left[index] = left[index][length:]
        if not left[index]:
            del left[index]
    expected = tuple(FoldedCall(index, f"call_{index}", f"f{index}", text) for index, text in enumerate(wanted))
    assert fold(transcript_of(*chunks)) == Message((FoldedChoice(0, None, None, None, expected, None, None),))


def test_a_stream_without_choices_means_nothing() -> None:
    """A refusal, an error, an empty body: no choices."""
    for stream in (b"", b"{}", event({"error": {"message": "x"}}), DONE, b": hi\n\n"):
        assert fold(read([stream])) == Message(())
