"""Facts about reading a stream: what its events come to, per choice and per call, in order and out of it."""

from __future__ import annotations

import json

import pytest

from deltaproof.exchange import End, Head
from deltaproof.stream import (
    Choice,
    Chunk,
    Delta,
    Entry,
    ErrorShape,
    Fragment,
    FunctionCall,
    Kind,
    Payload,
    Place,
    Problem,
    Text,
    ToolCall,
    Transcript,
    Usage,
)

from .wire import (
    DONE,
    body,
    byte_by_byte,
    calls,
    choice,
    chunk,
    event,
    finished,
    more,
    opening,
    read,
    says,
    subjects,
    transcript_of,
)


def texts(transcript: Transcript) -> list[tuple[int, str | None, str | None, str | None]]:
    """Return index, content, refusal and reasoning of each choice."""
    return [(one.index, _str(one.content), _str(one.refusal), _str(one.reasoning)) for one in transcript.choices]


def _str(text: Text | None) -> str | None:
    return None if text is None else str(text)


def called(one: Choice) -> list[tuple[int | None, str | None, str | None, str | None, str]]:
    """Return index, id, name, type and arguments of each call of a choice."""
    return [(call.index, call.id, call.name, call.kind, str(call.arguments)) for call in one.calls]


def only_choice(transcript: Transcript) -> Choice:
    """Return the one choice that there is."""
    (one,) = transcript.choices
    return one


def test_choices_that_interleave_are_told_apart() -> None:
    """With n = 2 each choice has its own texts, calls and finish, in order of index and not of arrival."""
    transcript = transcript_of(
        chunk(choice({"role": "assistant", "content": "b"}, index=1)),
        chunk(choice({"role": "assistant", "content": None}, index=0), choice({"content": "B"}, index=1)),
        chunk(choice({"tool_calls": [opening(0, "f")]}, index=0)),
        chunk(choice({"tool_calls": [opening(0, "g")]}, index=1)),
        chunk(choice({"tool_calls": [more("{}")]}, index=0)),
        chunk(choice({"tool_calls": [more("[]")]}, index=1), choice({}, "tool_calls", index=0)),
        chunk(choice({}, "stop", index=1)),
    )
    assert texts(transcript) == [(0, None, None, None), (1, "bB", None, None)]
    assert [called(one) for one in transcript.choices] == [
        [(0, "call_0", "f", "function", "{}")],
        [(0, "call_0", "g", "function", "[]")],
    ]
    assert [(one.role, one.role_place, one.place.event, one.finish) for one in transcript.choices] == [
        ("assistant", transcript.choices[0].place, 2, "tool_calls"),
        ("assistant", transcript.choices[1].place, 1, "stop"),
    ]


TWO_CALLS = [(0, "call_0", "f", "function", '{"a":1}'), (1, "call_1", "g", "function", '{"b":2}')]


@pytest.mark.parametrize(
    "chunks",
    [
        [calls(opening(0, "f")), calls(more('{"a":1}')), calls(opening(1, "g")), calls(more('{"b":2}', 1))],
        [
            calls(opening(0, "f")),
            calls(opening(1, "g")),
            calls(more('{"a"')),
            calls(more('{"b"', 1)),
            calls(more(":1}")),
            calls(more(":2}", 1)),
        ],
        [calls(opening(0, "f", '{"a":1}'), opening(1, "g", '{"b":2}'))],
        [
            calls(opening(0, "f"), opening(1, "g")),
            calls(more('{"a"'), more('{"b"', 1)),
            calls(more(":2}", 1), more(":1}")),
        ],
        [
            calls(opening(0, "f"), more('{"a"'), more(":1}")),
            calls(opening(1, "g"), more("{", 1)),
            calls(more('"b":', 1), more("2}", 1)),
        ],
    ],
    ids=[
        "one after the other",
        "interleaved",
        "whole in one chunk",
        "opened in one chunk",
        "several fragments in one chunk",
    ],
)
def test_calls_are_put_together_however_they_are_spread(chunks: list[object]) -> None:
    """Parallel calls come to the same two calls, whatever the order of their fragments over the chunks."""
    assert called(only_choice(transcript_of(*chunks))) == TWO_CALLS


def test_several_fragments_of_one_call_in_each_chunk_stay_in_order() -> None:
    """Two entries of one call per chunk, many chunks alike, read at once or byte by byte: in order of the bytes."""
    stream = body(calls(opening()), *(calls(more(f"a{number}"), more(f"b{number}")) for number in range(9)))
    expected = [(0, "call_0", "f", "function", "".join(f"a{number}b{number}" for number in range(9)))]
    assert called(only_choice(read([stream]))) == expected
    assert called(only_choice(read(byte_by_byte(stream)))) == expected


def test_an_entry_knows_what_was_known_of_its_call() -> None:
    """Each entry comes with the call's name, id and type before it, and with what opened the call."""
    stream = body(
        calls({"index": 0, "function": {"arguments": "{"}}),
        calls({"index": 0, "id": "x", "type": "function", "function": {"name": "f", "arguments": ""}}),
        calls(more('"a":1}')),
        calls(opening(1, "g")),
        calls(more("{}", 1)),
    )
    entries = [one for one in subjects(stream) if isinstance(one, Entry)]
    assert [(one.place.event, one.opens, one.name, one.id, one.kind, one.start, one.opened) for one in entries] == [
        (1, True, None, None, None, 0, 0),
        (2, False, None, None, None, 1, 1),
        (3, False, "f", "x", "function", 1, 1),
        (4, True, None, None, None, 0, 1),
        (5, False, "g", "call_1", "function", 0, 2),
    ]
    assert [one.opening.place.event if one.opening else None for one in entries] == [None, 1, 1, None, 4]


def test_a_call_that_takes_an_index_displaces_the_one_before() -> None:
    """An index used again with a new id and a name is another call; the entry tells whose index it took."""
    stream = body(calls(opening(0, "f", "{}")), calls({**opening(0, "g", "[]"), "id": "other"}))
    *_, second = [one for one in subjects(stream) if isinstance(one, Entry)]
    assert second.opens
    assert second.displaced is not None
    assert second.displaced.place == Place(1, 0, 0, 0)
    assert called(only_choice(read([stream]))) == [
        (0, "call_0", "f", "function", "{}"),
        (0, "other", "g", "function", "[]"),
    ]


def test_fragments_tell_where_they_came_from() -> None:
    """Each fragment has the number and the offset of its event; the event at that offset carries it."""
    stream = body(*(says(content=text) for text in ("Gr", "üß", "e", "!" * 40, "€")))
    content = only_choice(read([stream])).content
    assert content is not None
    starts = [position for position in range(len(stream)) if stream.startswith(b"data: ", position)]
    words = ["Gr", "üß", "e", "!" * 40, "€"]
    expected = [
        Fragment(len("".join(words[:number])), word, number + 1, starts[number]) for number, word in enumerate(words)
    ]
    assert list(content.pieces()) == expected
    assert [content.fragment(number) for number in range(content.fragments)] == expected
    assert [content.at(position) for position in (0, 1, 2, 3, 4, 5, 44, 45, 99)] == [
        expected[number] for number in (0, 0, 1, 1, 2, 3, 3, 4, 4)
    ]


def test_a_text_that_never_came_is_told_from_an_empty_one() -> None:
    """None stands for null and absent texts, a text without fragments for empty ones."""
    one = only_choice(transcript_of(says(content="", refusal=None)))
    assert one.content == Text()
    assert one.content is not None
    assert (one.content.fragments, list(one.content.pieces()), one.content.at(0)) == (0, [], None)
    assert (one.refusal, one.reasoning) == (None, None)


def test_a_legacy_call_is_kept_apart() -> None:
    """`function_call` has its place, its first two names and its arguments; it is no tool call."""
    one = only_choice(
        transcript_of(
            says(function_call={"name": "f", "arguments": ""}),
            says(function_call={"arguments": '{"a"'}),
            says(function_call={"arguments": ":1"}),
            says(function_call={"name": "g", "arguments": "}"}),
            says(function_call={"name": "h"}),
            finished("function_call"),
        )
    )
    legacy = one.function_call
    assert isinstance(legacy, FunctionCall)
    assert (legacy.place, legacy.name, str(legacy.arguments)) == (one.place, "f", '{"a":1}')
    assert [(place.event, name) for place, name in legacy.names] == [(1, "f"), (4, "g")]
    assert (one.calls, one.finish) == ((), "function_call")


def test_a_custom_call_has_its_input_as_arguments() -> None:
    """A custom tool's input is joined like arguments; a stray custom object beside a function is not read."""
    custom = {"index": 0, "id": "x", "type": "custom", "custom": {"name": "sql", "input": ""}}
    transcript = transcript_of(
        calls(custom),
        *(calls({"index": 0, "custom": {"input": text}}) for text in ("SELECT", " ", "1")),
        calls({**opening(1, "f", "{"), "custom": {}}, {**more("}", 1), "custom": {"input": "no"}}),
    )
    assert called(only_choice(transcript)) == [
        (0, "x", "sql", "custom", "SELECT 1"),
        (1, "call_1", "f", "function", "{}"),
    ]


def test_a_refusal_is_a_text_of_its_own() -> None:
    """Refusal text is joined beside the content; a delta knows whether any came before."""
    stream = body(says(content="", refusal=""), says(refusal="I"), says(refusal=" can"), says(refusal="not"))
    assert texts(read([stream])) == [(0, "", "I cannot", None)]
    assert [one.refused for one in subjects(stream) if isinstance(one, Delta)] == [False, False, True]


@pytest.mark.parametrize(
    ("deltas", "content", "reasoning"),
    [
        ([{"reasoning_content": "a"}, {"reasoning_content": "b"}, {"content": "c"}], "c", "ab"),
        (
            [{"reasoning": "a", "content": ""}, {"reasoning": "b", "content": ""}, {"reasoning": "c", "content": ""}],
            "",
            "abc",
        ),
        ([{"reasoning": "a", "reasoning_content": "a"}, {"reasoning": "b", "reasoning_content": "b"}], None, "ab"),
        ([{"reasoning_content": "", "reasoning": "a"}, {"reasoning_content": "", "reasoning": "b"}], None, "ab"),
        ([{"reasoning_content": None, "content": "x"}], "x", None),
        (
            [
                {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "a"}, {"type": "odd"}, 1]}]},
                {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "b"}]}]},
                {"content": [{"type": "text", "text": "c"}, {"type": "reference"}, None]},
                {"content": "d"},
            ],
            "cd",
            "ab",
        ),
        (
            [{"content": [{"type": "thinking", "thinking": [{"text": "a"}]}]}, {"reasoning": "b"}, {"reasoning": "c"}],
            None,
            "abc",
        ),
    ],
    ids=["reasoning_content", "reasoning", "both names", "one name empty", "null", "parts", "parts, then a field"],
)
def test_reasoning_is_read_under_each_of_its_names(
    deltas: list[dict[str, object]], content: str | None, reasoning: str
) -> None:
    """Thoughts come as `reasoning_content`, as `reasoning`, as both with the same words, or as content parts."""
    assert texts(transcript_of(*(says(**delta) for delta in deltas))) == [(0, content, None, reasoning)]


def test_usage_is_kept_with_where_it_came() -> None:
    """Every usage that is not null is counted; the first sixteen are kept, with what else the chunk had."""
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    stream = body(
        chunk(choice({"content": "x"}), choice({"content": "y"}, index=1), usage=None),
        chunk(choice({}, "stop"), usage=usage),
        chunk(choice({}, "stop", index=1)),
        chunk(usage=usage),
        *([chunk(usage=[])] * 20),
    )
    transcript = read([stream])
    starts = [0, *(position + 2 for position in range(len(stream)) if stream.startswith(b"\n\n", position))]
    assert transcript.usage_count == 22
    assert transcript.usages[:3] == (
        Usage(Place(2, starts[1]), usage, alone=False, unfinished=1),
        Usage(Place(4, starts[3]), usage, alone=True, unfinished=0),
        Usage(Place(5, starts[4]), [], alone=True, unfinished=0),
    )
    assert len(transcript.usages) == 16


def test_logprobs_do_not_disturb_what_is_said() -> None:
    """A chunk with logprobs says what it says without them, and its delta shows them."""
    logprobs = {"content": [{"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": []}], "refusal": None}
    stream = body(*(chunk({**choice({"content": text}), "logprobs": logprobs}) for text in ("a", "a", "b")))
    assert texts(read([stream])) == [(0, "aab", None, None)]
    first = next(one for one in subjects(stream) if isinstance(one, Delta))
    assert first.value["logprobs"] == logprobs


def test_what_vendors_send_before_the_answer_is_no_part_of_it() -> None:
    """Comments, pings, Azure's filter results and chunks without choices leave the message as it is."""
    stream = b"".join(
        (
            b": OPENROUTER PROCESSING\n\n",
            b"event: ping\ndata: {}\n\n",
            b"retry: 3000\n\n",
            event({"id": "", "object": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": [{}]}),
            event(says(role="assistant", content="")),
            event(says(content="hi")),
            event(finished("stop")),
            event({"x_groq": {"usage": {}}}),
            DONE,
        )
    )
    transcript = read([stream])
    assert texts(transcript) == [(0, "hi", None, None)]
    assert (transcript.events, transcript.chunks, transcript.errors, transcript.size) == (8, 6, (), len(stream))
    assert [done.event.number for done in transcript.dones] == [8]
    assert transcript.last == Place(8, len(stream) - len(DONE))
    assert transcript.plain_body is None


def test_the_envelope_is_that_of_the_first_chunks_that_have_one() -> None:
    """Empty ids, zero times and other types are no constants; what came first is shown to each later chunk."""
    stream = body(
        {"id": "", "created": 0, "model": None, "choices": []},
        {"id": 5, "created": "1", "model": "m", "choices": []},
        {"id": "a", "created": 1, "model": "n", "choices": []},
        {"id": "b", "created": 2, "choices": []},
    )
    firsts = [tuple(one.first) for one in subjects(stream) if isinstance(one, Chunk)]
    assert firsts == [(None, None, None), (None, None, None), (None, None, "m"), ("a", 1, "m")]


ERRORS = {
    "an object": (event({"error": {"message": "x"}}), ErrorShape.OBJECT, {"error": {"message": "x"}}),
    "an object beside choices": (
        event({"error": {"message": "x"}, "choices": []}),
        ErrorShape.OBJECT,
        {"error": {"message": "x"}, "choices": []},
    ),
    "a string": (event({"error": "x"}), ErrorShape.STRING, {"error": "x"}),
    "an event name": (b'event: error\ndata: {"message":"x"}\n\n', ErrorShape.EVENT_NAME, {"message": "x"}),
    "an event name with an object": (
        b'event: error\ndata: {"error":{"message":"x"}}\n\n',
        ErrorShape.OBJECT,
        {"error": {"message": "x"}},
    ),
    "an event name with text": (b"event: error\ndata: overloaded\n\n", ErrorShape.EVENT_NAME, None),
    "the object field": (
        event({"object": "error", "message": "x"}),
        ErrorShape.OBJECT_FIELD,
        {"object": "error", "message": "x"},
    ),
    "a bare line": (b'error: {"message":"x"}\n\n', ErrorShape.BARE_LINE, {"message": "x"}),
    "a bare object": (b'{"error":{"message":"x"}}\n\n', ErrorShape.BARE_LINE, {"error": {"message": "x"}}),
}


@pytest.mark.parametrize(("told", "shape", "value"), ERRORS.values(), ids=ERRORS)
def test_an_error_in_mid_stream_is_understood(told: bytes, shape: ErrorShape, value: object) -> None:
    """Each shape in which a server tells that it failed is an error, and what comes after it knows so."""
    stream = body(says(content="a"), says(content="b")) + told + body(says(content="c"))
    transcript = read([stream])
    (error,) = transcript.errors
    assert (error.kind, error.shape, error.value, error.event.number) == (Kind.ERROR, shape, value, 3)
    assert only_choice(transcript).ending.error
    assert texts(transcript) == [(0, "abc", None, None)]
    payloads = [one for one in subjects(stream) if isinstance(one, Payload)]
    assert [one.after_error for one in payloads] == [False, False, True][: len(payloads) - 1] or payloads[
        -1
    ].after_error


def test_null_and_empty_errors_are_none() -> None:
    """An error key without a value tells of no failure."""
    assert transcript_of(chunk(error=None), chunk(error={}), chunk(error="")).errors == ()


def test_many_errors_are_kept_in_part() -> None:
    """The first sixteen errors are kept, however many there are."""
    transcript = transcript_of(*[{"error": {"message": "x"}}] * 100)
    assert [error.event.number for error in transcript.errors] == list(range(1, 17))


@pytest.mark.parametrize(
    "done", [b"data: [DONE]\n\n", b"data:[DONE]\n\n", b"data:  [DONE] \n\n", b"event: x\ndata: [DONE]\r\n\n"]
)
def test_done_ends_the_message(done: bytes) -> None:
    """What comes after `[DONE]` is counted and told, but says nothing."""
    stream = body(says(content="a"), says(content="b")) + done + body(says(content="c"), says(content="c")) + done
    transcript = read([stream])
    assert texts(transcript) == [(0, "ab", None, None)]
    assert [one.event.number for one in transcript.dones] == [3, 6]
    assert (transcript.events, transcript.chunks) == (6, 2)
    payloads = [(one.event.number, one.kind) for one in subjects(stream) if isinstance(one, Payload) and one.after_done]
    assert payloads == [(4, Kind.CHUNK), (5, Kind.CHUNK), (6, Kind.DONE)]
    assert only_choice(transcript).ending.done


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"ping", Problem.INVALID),
        (b'{"choices":[', Problem.TRUNCATED),
        (b"null", Problem.NOT_AN_OBJECT),
        (b"[" * 9999, Problem.TOO_DEEP),
    ],
)
def test_data_that_is_no_chunk_is_malformed(data: bytes, problem: Problem) -> None:
    """It has no value, it is no chunk, and the stream goes on after it."""
    stream = body(says(content="a")) + event(data) + body(says(content="b"))
    payload = next(one for one in subjects(stream) if isinstance(one, Payload) and one.event.number == 2)
    assert (payload.kind, payload.value, payload.problem) == (Kind.MALFORMED, None, problem)
    assert texts(read([stream])) == [(0, "ab", None, None)]


def test_a_cut_stream_keeps_what_came() -> None:
    """The unterminated last event is read where the server ended it, and not where the client left."""
    stream = body(calls(opening()), calls(more("{"))) + event(calls(more("}"))).rstrip()
    for end in (End.EOF, End.CUT, End.RESET, End.TIMEOUT):
        transcript = read([stream], end=end)
        assert (transcript.end, called(only_choice(transcript))[0][4]) == (end, "{}")
    transcript = read([stream], end=End.CLIENT_GONE)
    assert (transcript.end, called(only_choice(transcript))[0][4]) == (End.CLIENT_GONE, "{")


def test_a_refused_request_has_a_body_and_no_stream() -> None:
    """A response of status 400 and above is not read as events; its body is kept up to 1 MiB."""
    answer = b'{"error":{"message":"no"}}'
    transcript = read([answer[:5], answer[5:]], head=Head(400))
    assert (transcript.plain_body, transcript.events, transcript.errors, transcript.choices) == (answer, 0, (), ())
    assert len(read([b"x" * 2**19] * 9, head=Head(500)).plain_body or b"") == 2**20


def test_a_plain_answer_is_kept_whole() -> None:
    """A body that is JSON and no event stream says nothing as a stream, and is there to be looked at."""
    answer = json.dumps({"object": "chat.completion", "choices": [{"message": {"content": "hi"}}]}, indent=1).encode()
    transcript = read(byte_by_byte(answer), head=Head(200))
    assert (transcript.plain_body, transcript.chunks, transcript.choices) == (answer, 0, ())
    assert not transcript.streamed


@pytest.mark.parametrize("index", [None, -1, "0", 1.5, True, [], 1e300], ids=repr)
def test_a_choice_whose_index_is_unusable_is_choice_0(index: object) -> None:
    """What is no number from 0 is counted to the first choice."""
    assert texts(transcript_of(says(content="a"), chunk(choice({"content": "b"}, index=index)))) == [
        (0, "ab", None, None)
    ]


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        [],
        "x",
        0,
        {"choices": None},
        {"choices": {}},
        {"choices": [None]},
        {"choices": [[]]},
        {"choices": ["x"]},
    ],
    ids=repr,
)
def test_a_chunk_of_another_shape_says_nothing(value: object) -> None:
    """Whatever stands where a chunk, its choices or a choice should be: the rest of the stream is as it was."""
    assert texts(transcript_of(says(content="a"), value, says(content="b"))) == [(0, "ab", None, None)]


@pytest.mark.parametrize(
    "delta", [None, [], "x", 5, {"content": 5}, {"content": {}}, {"tool_calls": 5}, {"tool_calls": []}], ids=repr
)
def test_a_delta_of_another_shape_says_nothing(delta: object) -> None:
    """The same for what stands where a delta, its content or its calls should be."""
    transcript = transcript_of(says(content="a"), chunk(choice(delta)), says(content="b"))
    assert texts(transcript) == [(0, "ab", None, None)]
    assert only_choice(transcript).calls == ()


def test_a_message_stands_in_for_a_missing_delta() -> None:
    """`message` is read where there is no delta, and not where there is one."""
    transcript = transcript_of(
        chunk({"index": 0, "message": {"role": "assistant", "content": "a"}}),
        chunk({"index": 0, "message": {"content": "b"}, "delta": {"content": "c"}}),
        chunk({"index": 0, "message": {"content": "abc"}, "delta": {}}),
    )
    assert texts(transcript) == [(0, "ac", None, None)]


def test_every_finish_reason_is_kept() -> None:
    """Null and empty reasons are none; all others are kept in order, of whatever type."""
    one = only_choice(
        transcript_of(*(chunk(choice({}, reason)) for reason in (None, "", "tool_calls", 5, ["x"], "stop")))
    )
    assert [(finish.place.event, finish.reason) for finish in one.finishes] == [
        (3, "tool_calls"),
        (4, 5),
        (5, ["x"]),
        (6, "stop"),
    ]
    assert one.finish == "stop"


def test_entries_that_repeat_a_shape_are_folded() -> None:
    """A call keeps each entry that says something new, and none that differs from an earlier one only in its text."""
    for others in ({}, {"name": "f"}, {"name": None}):
        function: dict[str, object] = dict(others)
        stream = body(
            calls(opening(arguments="{")),
            *(calls({"index": 0, "function": {**function, "arguments": f'"{n}":1,'}}) for n in range(9)),
            *(
                {**calls({"index": 0, "function": {**function, "arguments": f'"{n}":1,'}}), "created": n}
                for n in range(9)
            ),
            calls({"index": 0, "id": "", "function": {**function, "arguments": '"x":1}'}}),
        )
        for parts in ([stream], byte_by_byte(stream)):
            (call,) = only_choice(read(parts)).calls
            assert isinstance(call, ToolCall)
            assert [entry.event for entry in call.entries] == [1, 2, 20]


def test_all_pieces_of_a_name_are_kept() -> None:
    """Entries with a name are kept until argument text comes, since a name in pieces may repeat one."""
    pieces_of_name = ("ba", "na", "na")
    (call,) = only_choice(
        transcript_of(*(calls({"index": 0, "function": {"name": one}}) for one in pieces_of_name))
    ).calls
    assert [entry.function["name"] for entry in call.entries] == ["ba", "na", "na"]
