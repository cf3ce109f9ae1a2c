"""Facts about one stream for code that folds streams: what it gives, what it takes for an answer, what it holds to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageFunctionToolCall
from openai.types.chat.chat_completion_message_function_tool_call import Function

from deltaproof.cassette import read_path
from deltaproof.exchange import End, Exchange
from deltaproof.faults import named
from deltaproof.testing import AccumulatorCase, FoldedWrongError
from tests.accumulate.miniatures import CHANGES_ARGUMENTS, StreamError, honest, lazy

STREAMS = Path(__file__).parents[1] / "streams"
ARGUMENTS = '{"port":"Brest","day":"tomorrow"}'
CALL = {
    "id": "call_sISsZHcFWbn4Fg3fjMGhsHe8",
    "type": "function",
    "function": {"name": "get_tide", "arguments": ARGUMENTS},
}


def case(name: str = "one-call", fault: str = "") -> AccumulatorCase:
    """Return one of the tests' streams, with a fault where one is named."""
    (exchange,) = (one for one in read_path(STREAMS / f"{name}.sse") if isinstance(one, Exchange))
    exchange = replace(exchange, source=f"{name}.sse")
    if not fault:
        return AccumulatorCase(name, exchange)
    broken = named(fault)
    return AccumulatorCase(f"{name}+{fault}", broken.apply(exchange), broken)


def folded_by_openai(case: AccumulatorCase) -> object:
    """Return what openai-python makes of the chunks of a case."""
    state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
    for chunk in case.chunks():
        state.handle_chunk(ChatCompletionChunk.model_validate(chunk))
    return state.get_final_completion()


def told(do: Callable[[], object]) -> str:
    """Return the message with which something folded wrong is refused."""
    with pytest.raises(FoldedWrongError) as caught:
        do()
    return str(caught.value)


def test_a_case_tells_all_of_its_stream() -> None:
    """The request as recorded, streaming; the body as it is; each chunk as JSON, `[DONE]` left out, new each time."""
    one = case()
    chunks = one.chunks()
    assert one.request["stream"] is True
    assert one.request == {"model": "recorded", **(one.exchange.request or {})}
    assert one.body == (STREAMS / "one-call.sse").read_bytes()
    assert len(chunks) == one.body.count(b"data: ") - 1
    assert (chunks[0]["object"], chunks[-1]["choices"][0]["finish_reason"]) == ("chat.completion.chunk", "tool_calls")
    chunks[0].clear()
    assert one.chunks()[0] != {}


def test_chunks_leave_out_what_is_no_object_and_what_follows_the_end() -> None:
    """A fold is given what a client would have parsed; whether it can parse the rest is another question."""
    kept = case().chunks()
    assert case(fault="json-truncated").chunks() == kept
    assert case(fault="done-twice").chunks() == kept


@dataclass(frozen=True, slots=True)
class Message:
    """A message as somebody might keep it."""

    content: str
    calls: list[dict[str, object]]


FLAT: dict[str, object] = {"name": "get_tide", "arguments": ARGUMENTS}
MESSAGES = {
    "openai's words": {"content": None, "tool_calls": [CALL], "finish_reason": "tool_calls"},
    "without ids and finish_reason": {"tool_calls": [FLAT]},
    "arguments parsed": {"tool_calls": [{"name": "get_tide", "arguments": {"day": "tomorrow", "port": "Brest"}}]},
    "in a choice": {"message": {"tool_calls": [CALL]}, "finish_reason": "tool_calls"},
    "in a completion": {"choices": [{"message": {"tool_calls": [CALL]}, "finish_reason": "tool_calls"}]},
    "a dataclass": Message("", [FLAT]),
}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_a_message_may_be_written_in_many_ways(message: object) -> None:
    """What a message has no place for is not missed."""
    case().assert_folded(message)


def test_objects_of_openai_are_messages() -> None:
    """The completion that openai-python's own accumulator returns, its choice, and the message in that."""
    completion = ChatCompletionStreamState[None]()
    for chunk in case().chunks():
        completion.handle_chunk(ChatCompletionChunk.model_validate(chunk))
    whole = completion.get_final_completion()
    for message in (whole, whole.choices[0], whole.choices[0].message):
        case().assert_folded(message)


WRONG: dict[str, tuple[object, str]] = {
    "other arguments": (
        {"tool_calls": [{"name": "get_tide", "arguments": '{"port":"Dover"}'}]},
        f'wrong-executable: it calls get_tide({{"port":"Dover"}}), and sent was get_tide({ARGUMENTS})',
    ),
    "no call": ({"content": ""}, f"lost: lost without an error: the call get_tide({ARGUMENTS})"),
    "another id": (
        {"tool_calls": [{**CALL, "id": "call_1"}]},
        'ids-lost: the id "call_sISsZHcFWbn4Fg3fjMGhsHe8" of get_tide became "call_1"',
    ),
    "an empty id": (
        {"tool_calls": [{**CALL, "id": None}]},
        'ids-lost: the id "call_sISsZHcFWbn4Fg3fjMGhsHe8" of get_tide became nothing',
    ),
    "another finish_reason": (
        {"tool_calls": [CALL], "finish_reason": "stop"},
        'finish-lost: the finish_reason "tool_calls" became "stop"',
    ),
    "no finish_reason": (
        {"tool_calls": [FLAT], "finish_reason": None},
        'finish-lost: the finish_reason "tool_calls" became nothing',
    ),
}


@pytest.mark.parametrize(("message", "why"), WRONG.values(), ids=WRONG)
def test_another_message_is_refused(message: object, why: str) -> None:
    """The error says what came of it, why, and of which stream."""
    assert told(lambda: case().assert_folded(message)) == f"{why}\n  stream: one-call.sse#0"


def test_the_fault_is_named_beside_the_stream() -> None:
    """What was broken on purpose is told with what it does."""
    broken = case(fault="name-null")
    assert told(lambda: broken.assert_folded(CHANGES_ARGUMENTS(broken.body))) == (
        f'wrong-executable: it calls get_tide({{"port": "Dover"}}), and sent was get_tide({ARGUMENTS})\n'
        "  stream: one-call.sse#0\n"
        "  fault: name-null. Every later entry of a call has null for its name."
    )


@pytest.mark.parametrize("message", [None, "Sunny", ["Sunny"], Message])
def test_what_is_no_message_is_a_mistake(message: object) -> None:
    """It is neither right nor wrong, and not how code raises on a stream that is cut."""
    one = case(fault="cut-clean")
    told = r"^a message is a mapping, a dataclass or an object of openai's, and not "
    with pytest.raises(TypeError, match=told), one.raises():
        one.assert_folded(message)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ({"content": b"Sunny"}, "content is b'Sunny'"),
        ({"tool_calls": {0: FLAT}}, "tool_calls is {'0': "),
        ({"tool_calls": [FLAT, "get_tide"]}, "an entry of tool_calls is 'get_tide'"),
        ({"message": {"content": ""}, "finish_reason": 3}, "finish_reason is 3"),
    ],
)
def test_a_member_of_another_type_is_a_mistake(message: object, why: str) -> None:
    """It is not taken for one that is missing."""
    with pytest.raises(TypeError, match=f"^this is no message, since {re.escape(why)}"):
        case().assert_folded(message)


def test_objects_and_tuples_may_stand_within_a_message() -> None:
    """As in a dict that code makes of openai's own calls."""
    function = Function(name="get_tide", arguments=ARGUMENTS)
    call = ChatCompletionMessageFunctionToolCall(id=str(CALL["id"]), type="function", function=function)
    case().assert_folded({"tool_calls": (call,)})


def test_code_that_raises_where_it_must_is_right() -> None:
    """A stream that is cut, one that tells of an error, and one with a message."""
    for one in (case(fault="cut-clean"), case("error-told"), case()):
        with one.raises():
            one.assert_folded(honest(one.body))


def test_code_that_hands_over_half_a_message_is_refused() -> None:
    """Both where what it made is shown and where it is not."""
    cut = case(fault="cut-clean")
    about = "  stream: one-call.sse#0\n  fault: cut-clean. The stream ends after some chunk as if that were all."

    def shown() -> None:
        with cut.raises():
            cut.assert_folded(lazy(cut.body))

    def hidden() -> None:
        with cut.raises():
            lazy(cut.body)

    why = "the stream ends without finish_reason or [DONE]"
    assert cut.must_raise == why
    assert told(shown) == f"swallowed: {why}, and it handed over a call of get_tide all the same\n{about}"
    assert told(hidden) == f"it did not raise: {why}\n{about}"


def test_an_error_without_a_reason_fails_as_it_is() -> None:
    """Where there is a message to have, what code raises is the test's failure."""
    one = case()
    assert one.must_raise == ""
    with pytest.raises(StreamError, match="for no reason"), one.raises():
        raise StreamError("for no reason")


def test_an_assertion_is_the_tests_own_unless_it_is_named() -> None:
    """A test that asserts in the block is not taken for a client that gives up."""
    cut = case(fault="cut-clean")
    with pytest.raises(AssertionError, match="mine"), cut.raises():
        raise AssertionError("mine")
    with cut.raises(AssertionError):
        raise AssertionError("the client's")


def test_only_the_exceptions_that_are_named_are_right() -> None:
    """What a client may raise can be said."""
    cut = case(fault="cut-clean")
    with cut.raises(StreamError):
        honest(cut.body)
    with pytest.raises(KeyError), cut.raises(StreamError):
        raise KeyError("index")


@pytest.mark.parametrize("kept", [True, False])
def test_a_message_that_was_cut_for_its_length_must_say_so(*, kept: bool) -> None:
    """An error will do as well; a message without a place for the finish_reason will not."""
    cut = case("cut-by-length")
    message: Mapping[str, object] = dict(lazy(cut.body))
    if kept:
        cut.assert_folded(message)
    else:
        without = {name: value for name, value in message.items() if name != "finish_reason"}
        assert told(lambda: cut.assert_folded(without)).startswith(
            "swallowed: the message was cut for its length, and "
        )
    with cut.raises():
        raise StreamError("too long")


def test_a_connection_that_breaks_behind_the_message_leaves_the_choice() -> None:
    """The message was whole: it may be handed over, and an error may be raised."""
    whole = case()
    reset = AccumulatorCase("reset", replace(whole.exchange, end=End.RESET))
    with reset.raises():
        reset.assert_folded(folded_by_openai(reset))
    with reset.raises():
        raise StreamError("reset")
