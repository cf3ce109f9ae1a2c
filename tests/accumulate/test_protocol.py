"""Facts about what passes between the harness and drivers: every answer in every spelling, and no chatter."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltaproof.accumulate.answers import Broken, Raised, Said, SaidCall, Trouble
from deltaproof.accumulate.protocol import Answered, Ask, Ready, ask_line, read_line, read_message, read_output

CALL = {"id": "call_a", "name": "f", "arguments": '{"a": 1}'}
SAID = Said("Hi", calls=(SaidCall("f", '{"a": 1}', "call_a"),), finish_reason="tool_calls")
CHATTER = b'Loading model weights...\n{"level": "info", "message": "hello"}\n[1, 2]\n"content"\n\xff\xfe\n'


def test_a_case_is_one_line() -> None:
    """What is asked is one JSON object in one line, whatever is in the request."""
    ask = Ask("7", "http://127.0.0.1:1/c/7/v1", {"messages": [{"content": "a\nb\u2028c"}]}, 10)
    assert ask_line(ask).count(b"\n") == 1
    assert json.loads(ask_line(ask)) == {
        "case": "7",
        "base_url": "http://127.0.0.1:1/c/7/v1",
        "api_key": "unused",
        "timeout": 10,
        "request": {"messages": [{"content": "a\nb\u2028c"}]},
    }


@pytest.mark.parametrize(
    "message",
    [
        {"content": "Hi", "tool_calls": [CALL], "finish_reason": "tool_calls"},
        {"content": "Hi", "calls": [CALL], "finish_reason": "tool_calls"},
        {"content": [{"type": "text", "text": "Hi"}], "calls": [CALL], "finish_reason": "tool_calls"},
        {"content": ["H", "i"], "calls": [{**CALL, "arguments": {"a": 1}}], "finish_reason": "tool_calls"},
        {"content": "Hi", "finish_reason": "tool_calls",
         "tool_calls": [{"id": "call_a", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}]},
    ],
)  # fmt: skip
def test_a_message_may_be_spelt_in_several_ways(message: dict[str, object]) -> None:
    """Arguments as text or object, calls flat or as the API has them, content as text or parts."""
    assert read_message(message) == SAID


def test_a_choice_of_the_api_is_an_answer() -> None:
    """It has its finish_reason beside the message; here as the accumulator of openai-go prints one."""
    call = {"custom": {"input": ""}, "function": {"arguments": '{"a": 1}', "name": "f"}, "id": "call_a"}
    none = {"arguments": "", "name": ""}
    message = {"content": "Hi", "refusal": "", "role": "assistant", "tool_calls": [call], "function_call": none}
    choice = {"finish_reason": "tool_calls", "index": 0, "logprobs": {}, "message": message}
    assert read_output(json.dumps(choice).encode()) == SAID
    assert read_line(json.dumps({"case": "7", **choice}).encode()) == Answered("7", SAID)


def test_a_completion_of_the_api_is_an_answer() -> None:
    """Its first choice counts, as of a stream."""
    message = {"content": "Hi", "tool_calls": [CALL]}
    choices = [{"finish_reason": "tool_calls", "index": 0, "message": message}, {"index": 1, "message": {}}]
    assert read_output(json.dumps({"id": "c", "choices": choices}).encode()) == SAID


def test_an_object_without_a_member_says_nothing_where_nothing_else_is_said() -> None:
    """As of a client that lost everything; of one that tells by its exit code that it raised, it is chatter."""
    assert read_output(b"{}\n") == Said()
    assert read_output(b"{}\n", raised=True) is None
    assert read_output(b'{}\n{"content": "Hi"}\n{}\n') == Said("Hi")


def test_an_id_that_is_no_text_is_told_as_it_is() -> None:
    """It is another id, and not none."""
    assert read_message({"tool_calls": [{**CALL, "id": 5}]}) == Said(calls=(SaidCall("f", '{"a": 1}', "5"),))


def test_what_is_missing_was_not_said() -> None:
    """A message without a member, or with one of another type, says nothing of it."""
    assert read_message({}) == Said()
    assert read_message({"content": None, "tool_calls": None, "finish_reason": "", "reasoning": 1}) == Said()
    assert read_message({"tool_calls": [{}, 3]}) == Said(calls=(SaidCall("", ""),))
    assert read_message({"function_call": {"name": "f", "arguments": None}}) == Said(calls=(SaidCall("f", ""),))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"message": None}, "message is null"),
        ({"message": 42}, "message is 42"),
        ({"message": {"content": 5}}, "content is 5"),
        ({"tool_calls": {"0": "x"}}, 'tool_calls is {"0":"x"}'),
        ({"content": "Hi", "calls": [CALL, 3]}, "an entry of calls is 3"),
        ({"message": {"finish_reason": ["stop"]}}, 'finish_reason is ["stop"]'),
        ({"function_call": "f"}, 'function_call is "f"'),
    ],
)
def test_an_answer_of_another_form_is_the_drivers_mistake(answer: dict[str, object], told: str) -> None:
    """It is none of the client's, and is told at once, with the member that is wrong."""
    broken = Broken(
        Trouble.MALFORMED, f"the driver's answer is not of the form that docs/accumulators.md tells: {told}"
    )
    assert read_line(json.dumps({"case": "7", **answer}).encode()) == Answered("7", broken)
    assert read_output(json.dumps({"content": "Hi"}).encode() + b"\n" + json.dumps(answer).encode()) == Said("Hi")
    expected = None if answer in ({"message": None}, {"message": 42}) else broken  # what many a library logs
    assert read_output(json.dumps(answer).encode()) == expected


def test_a_line_that_names_its_case_and_nothing_else_is_the_drivers_mistake() -> None:
    """It is told at once, rather than waited for."""
    why = "the driver's answer is not of the form that docs/accumulators.md tells: it has neither message nor raised"
    told = Answered("7", Broken(Trouble.MALFORMED, why), 0.5)
    assert read_line(b'{"case": "7", "seconds": 0.5}') == told


def test_lines_of_a_persistent_driver() -> None:
    """A line is an answer to a case, the word that it is ready, or chatter."""
    message = {"content": "Hi", "tool_calls": [CALL], "finish_reason": "tool_calls"}
    lines: list[object] = [
        {"ready": True, "version": "3.1"},
        {"case": "7", "message": message, "seconds": 0.5},
        {"case": 7, **message},
        {"case": "7", "raised": {"type": "APIError", "message": "no"}},
        {"case": "7", "raised": "APIError"},
        {"case": "7", "level": "info"},
        {"case": None, "message": message},
        {"ready": "yes"},
    ]
    assert [read_line(json.dumps(line).encode()) for line in lines] == [
        Ready("3.1"),
        Answered("7", SAID, 0.5),
        Answered("7", SAID),
        Answered("7", Raised("APIError", "no")),
        Answered("7", Raised("APIError")),
        None,
        None,
        None,
    ]
    assert [read_line(line) for line in CHATTER.splitlines()] == [None] * 5


def test_the_answer_in_what_a_command_printed() -> None:
    """It is the last line that is one, whatever is printed around it, or an object over several lines at the end."""
    message = {"content": "Hi", "tool_calls": [CALL], "finish_reason": "tool_calls"}
    line = json.dumps(message).encode()
    pretty = json.dumps(message, indent=2).encode()
    first = json.dumps({"content": "no"}).encode()
    for output in (
        line,
        line + b"\n",
        CHATTER + line + b"\n" + CHATTER,
        first + b"\n" + line,
        pretty,
        CHATTER + pretty,
    ):
        assert read_output(output) == SAID
    assert read_output(json.dumps({"message": message}).encode()) == SAID
    assert read_output(b'{"raised": {"type": "E", "message": "m"}}') == Raised("E", "m")
    assert read_output(CHATTER) is None
    assert read_output(b"") is None


@given(st.binary() | st.text(st.sampled_from('{}[]":,\n ae1'), max_size=40).map(str.encode))
def test_reading_is_total(output: bytes) -> None:
    """Whatever is printed, reading it ends and raises nothing."""
    read_line(output)
    read_output(output)
