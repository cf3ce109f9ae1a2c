"""Facts about what comes of a case: miniature accumulators that each lie in one way prove every outcome."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from deltaproof.accumulate.answers import Answer, Broken, Raised, Said, SaidCall, Trouble
from deltaproof.accumulate.outcome import Outcome, Ruling, judge_said
from deltaproof.accumulate.protocol import read_message
from deltaproof.cassette import read_path
from deltaproof.exchange import End, Exchange, Head
from deltaproof.verdict import judge
from tests.accumulate import miniatures
from tests.accumulate.miniatures import Miniature, StreamError, honest, lazy
from tests.core.wire import DONE, body, calls, choice, chunk, finished, more, opening, says

STREAMS = Path(__file__).parents[1] / "streams"


def stream(name: str) -> Exchange:
    """Return one of the tests' streams."""
    (exchange,) = (one for one in read_path(STREAMS / f"{name}.sse") if isinstance(one, Exchange))
    return exchange


def ruled(exchange: Exchange, miniature: Miniature) -> Ruling:
    """Let a miniature fold a stream, and say what came of it."""
    try:
        answer: Answer = read_message(miniature(exchange.body))
    except (StreamError, ValueError) as error:
        answer = Raised(type(error).__name__, str(error))
    return judge_said(exchange, judge(exchange), answer)


@pytest.mark.parametrize(
    "name",
    ["one-call", "two-calls", "text-then-call", "text", "refusal", "no-parameters", "custom-tool", "two-choices",
     "two-choices-calling", "reasoning", "named", "strict-schema", "logprobs"],
)  # fmt: skip
def test_an_honest_accumulator_is_right(name: str) -> None:
    """What equals the reference fold is right, whatever the stream holds; of several choices the first counts."""
    assert ruled(stream(name), honest) == Ruling(Outcome.RIGHT, "as it was sent")


LIES: list[tuple[str, Miniature, Outcome, str]] = [
    (
        "one-call", miniatures.EMPTIES_ARGUMENTS, Outcome.EXECUTABLE,
        'it calls get_tide({}), and sent was get_tide({"port":"Brest","day":"tomorrow"})',
    ),
    (
        "one-call", miniatures.DROPS_ARGUMENTS, Outcome.EXECUTABLE,
        'it calls get_tide(), and sent was get_tide({"port":"Brest","day":"tomorrow"})',
    ),
    (
        "one-call", miniatures.CHANGES_ARGUMENTS, Outcome.EXECUTABLE,
        'it calls get_tide({"port": "Dover"}), and sent was get_tide({"port":"Brest","day":"tomorrow"})',
    ),
    (
        "one-call", miniatures.CALLS_TWICE, Outcome.EXECUTABLE,
        'it calls get_tide({"port":"Brest","day":"tomorrow"}), which was sent once',
    ),
    (
        "one-call", miniatures.CUTS_ARGUMENTS, Outcome.UNUSABLE,
        'it calls get_tide({"port":"Brest","day":"tomorrow"), and sent was get_tide({"port":"Brest","day":"tomorrow"})',
    ),
    (
        "one-call", miniatures.DOUBLES_NAME, Outcome.UNUSABLE,
        ('it calls get_tideget_tide({"port":"Brest","day":"tomorrow"}), and sent was'
        ' get_tide({"port":"Brest","day":"tomorrow"})'),
    ),
    (
        "one-call", miniatures.LOSES_NAME, Outcome.UNUSABLE,
        ('it calls a tool without a name({"port":"Brest","day":"tomorrow"}), and sent was'
        ' get_tide({"port":"Brest","day":"tomorrow"})'),
    ),
    (
        "two-calls", miniatures.LOSES_CALL, Outcome.LOST,
        'lost without an error: the call get_tide({"port": "Saint-Malo"})',
    ),
    (
        "text-then-call", miniatures.LOSES_TEXT, Outcome.LOST,
        'lost without an error: all of the text "Let me look at the moon."',
    ),
    (
        "text-then-call", miniatures.LOSES_BEGINNING, Outcome.LOST,
        'lost without an error: all but " me look at the moon." of the text "Let me look at the moon."',
    ),
    (
        "text", miniatures.CHANGES_TEXT, Outcome.UNUSABLE, "",
    ),
    ("refusal", miniatures.LOSES_REFUSAL, Outcome.LOST, ""),
    ("one-call", miniatures.LOSES_ID, Outcome.IDS_LOST, 'the id "call_sISsZHcFWbn4Fg3fjMGhsHe8" of get_tide became nothing'),
    ("one-call", miniatures.CHANGES_ID, Outcome.IDS_LOST, 'the id "call_sISsZHcFWbn4Fg3fjMGhsHe8" of get_tide became "call_1"'),
    ("one-call", miniatures.LOSES_FINISH, Outcome.FINISH_LOST, 'the finish_reason "tool_calls" became nothing'),
    ("one-call", miniatures.SAYS_STOP, Outcome.FINISH_LOST, 'the finish_reason "tool_calls" became "stop"'),
    ("one-call", miniatures.raises, Outcome.ERROR, "StreamError: no, thanks"),
    ("two-calls", miniatures.TURNS_CALLS_ROUND, Outcome.RIGHT, "as it was sent"),
    ("error-told", honest, Outcome.RAISED, "StreamError: the server told of an error"),
    ("cut-by-length", honest, Outcome.RIGHT, "as it was sent"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "miniature", "outcome", "reason"), LIES)
def test_each_lie_is_told_as_what_it_is(name: str, miniature: Miniature, outcome: Outcome, reason: str) -> None:
    """An accumulator that lies in one way gets the one outcome for it, with the words that show it."""
    ruling = ruled(stream(name), miniature)
    assert (ruling.outcome, reason or ruling.reason) == (outcome, ruling.reason)
    assert "\n" not in ruling.reason


def cut(exchange: Exchange, end: End = End.CUT) -> Exchange:
    """Return a stream cut in the middle of its events."""
    events = exchange.body.split(b"\n\n")
    return replace(exchange, body=b"\n\n".join(events[: len(events) // 2]) + b"\n\n", end=end)


@pytest.mark.parametrize("end", list(End))
def test_a_cut_ought_to_raise(end: End) -> None:
    """Where a stream stops before finish_reason and [DONE], however, raising is right and going on is swallowing."""
    broken = cut(stream("one-call"), end)
    assert ruled(broken, honest).outcome is Outcome.RAISED
    swallowed = ruled(broken, lazy)
    assert swallowed.outcome is Outcome.SWALLOWED
    assert swallowed.reason.endswith(", and it handed over a call of get_tide all the same")


def test_a_call_made_up_from_a_cut_stream_is_graver_than_swallowing_it() -> None:
    """A cut call that was mended into one that can be carried out is wrong and executable."""
    broken = cut(stream("one-call"))
    mended = Said(calls=(SaidCall("get_tide", '{"port": "Bre"}', "call_sISsZHcFWbn4Fg3fjMGhsHe8"),))
    assert judge_said(broken, judge(broken), mended).outcome is Outcome.EXECUTABLE
    opened = replace(broken, body=b"\n\n".join(broken.body.split(b"\n\n")[:1]) + b"\n\n")
    empty = Said(calls=(SaidCall("get_tide", "{}", "call_sISsZHcFWbn4Fg3fjMGhsHe8"),))
    assert judge_said(opened, judge(opened), empty).outcome is Outcome.EXECUTABLE
    raw = Said(calls=(SaidCall("get_tide", "", "call_sISsZHcFWbn4Fg3fjMGhsHe8"),))
    assert judge_said(opened, judge(opened), raw).outcome is Outcome.SWALLOWED


def test_errors_ought_to_raise() -> None:
    """An error event, a status of failure, and a body without a chunk are no messages."""
    told = stream("error-told")
    refused = replace(told, head=Head(500), body=b'{"error": {"message": "no"}}')
    empty = replace(told, head=Head(200), body=b"")
    reasons = [judge_said(one, judge(one), Said()).reason for one in (told, refused, empty)]
    assert [judge_said(one, judge(one), Said()).outcome for one in (told, refused, empty)] == [Outcome.SWALLOWED] * 3
    assert reasons == [
        "the stream tells of an error, and it handed over an empty message all the same",
        "the status is 500, and it handed over an empty message all the same",
        "no chunk came, and it handed over an empty message all the same",
    ]


def test_arguments_cut_for_their_length_must_be_told() -> None:
    """Where max_tokens cuts arguments, raising is right, and so is the finish_reason length; silence is neither."""
    exchange = stream("cut-by-length")
    whole = honest(exchange.body)
    silent = read_message({**whole, "finish_reason": None})
    mended = read_message({**whole, "tool_calls": [{**whole["tool_calls"][0], "arguments": "{}"}]})
    judgement = judge(exchange)
    assert judge_said(exchange, judgement, Raised("LengthFinishReasonError")).outcome is Outcome.RAISED
    assert judge_said(exchange, judgement, silent).outcome is Outcome.SWALLOWED
    assert judge_said(exchange, judgement, mended).outcome is Outcome.EXECUTABLE


def test_a_message_that_can_be_had_from_a_broken_stream_may_be_had_or_not() -> None:
    """A connection that breaks after finish_reason, and arguments that are no JSON, allow both."""
    exchange = replace(stream("one-call"), end=End.RESET)
    broken = replace(exchange, body=exchange.body.replace(b"data: [DONE]\n\n", b""))
    assert ruled(broken, honest).outcome is Outcome.RIGHT
    assert ruled(broken, miniatures.raises).outcome is Outcome.RAISED
    garbled = Exchange("garbled", body(calls(opening(arguments="{'a")), finished()) + DONE)
    assert ruled(garbled, honest).outcome is Outcome.RIGHT
    assert ruled(garbled, miniatures.raises).outcome is Outcome.RAISED


def test_a_driver_that_does_not_answer_is_no_accumulator_that_raised() -> None:
    """Hanging is no answer; crashing, flooding and a malformed answer are errors, also where raising would be right."""
    for exchange in (stream("one-call"), stream("error-told")):
        judgement = judge(exchange)
        ruled_as = [judge_said(exchange, judgement, Broken(trouble, trouble.value)) for trouble in Trouble]
        assert ruled_as == [
            Ruling(Outcome.NO_ANSWER, "hung", "hung"),
            Ruling(Outcome.ERROR, "crashed", "crashed"),
            Ruling(Outcome.ERROR, "flooded", "flooded"),
            Ruling(Outcome.ERROR, "malformed", "malformed"),
        ]


def said(arguments: object) -> Said:
    """Return a message with one call of `f`, its arguments as a driver gives them."""
    return read_message(
        {"tool_calls": [{"id": "call_0", "name": "f", "arguments": arguments}], "finish_reason": "tool_calls"}
    )


def sent(arguments: str) -> Exchange:
    """Return a stream with one call of `f`."""
    return Exchange("one", body(calls(opening()), calls(more(arguments)), finished()) + DONE)


@pytest.mark.parametrize(
    ("meant", "got", "outcome"),
    [
        ('{"a": 1, "b": [true]}', {"b": [True], "a": 1}, Outcome.RIGHT),
        ('{"a": 1.0}', {"a": 1}, Outcome.RIGHT),
        ("", {}, Outcome.RIGHT),
        ("{}", None, Outcome.RIGHT),
        ('{"a": 1}', {"a": True}, Outcome.EXECUTABLE),
        ('{"a": 9007199254740993}', {"a": 9007199254740992}, Outcome.EXECUTABLE),
        ('{"a": "é"}', '{"a":"\\u00e9"}', Outcome.RIGHT),
        ('{"a": 1}', '"{\\"a\\": 1}"', Outcome.UNUSABLE),
        ('{"a": 1}', [1], Outcome.UNUSABLE),
        ('{"a": 1}', '{"a": NaN}', Outcome.UNUSABLE),
    ],
)
def test_arguments_are_compared_as_values(meant: str, got: object, outcome: Outcome) -> None:
    """How arguments are written is nobody's business; a number that lost its last digits is."""
    assert judge_said(sent(meant), judge(sent(meant)), said(got)).outcome is outcome


def test_a_call_of_an_unknown_tool_cannot_be_carried_out() -> None:
    """Only names that were declared or called belong to tools; a declared one that was not called is known."""
    exchange = replace(sent("{}"), request={"tools": [{"type": "function", "function": {"name": "g"}}]})
    ruled_as = [
        judge_said(exchange, judge(exchange), Said(calls=(SaidCall(name, "{}", "call_0"),))).outcome for name in "gh"
    ]
    assert ruled_as == [Outcome.EXECUTABLE, Outcome.UNUSABLE]


def test_a_legacy_call_counts_wherever_it_is_said() -> None:
    """The deprecated function call is right as itself or as a tool call, and lost where it is neither."""
    exchange = stream("function-call")
    call = judge(exchange).message.choices[0].function_call
    assert call is not None
    function = {"name": call.name, "arguments": call.arguments}
    answers: list[dict[str, object]] = [
        {"function_call": function, "finish_reason": "function_call"},
        {"tool_calls": [{"id": "x", "function": function}], "finish_reason": "tool_calls"},
        {"finish_reason": "function_call"},
    ]
    outcomes = [judge_said(exchange, judge(exchange), read_message(answer)).outcome for answer in answers]
    assert outcomes == [Outcome.RIGHT, Outcome.RIGHT, Outcome.LOST]


def test_a_finish_reason_is_not_made_up() -> None:
    """A stream that is complete and has none leaves the client none to tell."""
    exchange = Exchange("unfinished", body(says(content="Hi"), chunk(choice({}))) + DONE)
    answer = Said(content="Hi", finish_reason="stop")
    assert judge_said(exchange, judge(exchange), answer) == Ruling(
        Outcome.FINISH_LOST, 'it made up the finish_reason "stop"; none was sent', "made up"
    )
    assert judge_said(exchange, judge(exchange), Said(content="Hi")).outcome is Outcome.RIGHT


def test_reasoning_counts_where_the_client_has_a_place_for_it() -> None:
    """Most clients drop it by design, which is not held against them; one that hands over half of it lost some."""
    exchange = stream("reasoning")
    message: dict[str, object] = {**honest(exchange.body)}
    extras: list[dict[str, object]] = [{}, {"reasoning": ""}, {"reasoning": None}]
    outcomes = [judge_said(exchange, judge(exchange), read_message({**message, **one})).outcome for one in extras]
    assert outcomes == [Outcome.RIGHT, Outcome.LOST, Outcome.RIGHT]


@pytest.mark.parametrize(
    ("name", "miniature", "kind"),
    [
        ("one-call", miniatures.EMPTIES_ARGUMENTS, "wrong-executable (arguments)"),
        ("one-call", miniatures.CALLS_TWICE, "wrong-executable (a call too many)"),
        ("one-call", miniatures.CUTS_ARGUMENTS, "wrong-unusable (arguments)"),
        ("one-call", miniatures.DOUBLES_NAME, "wrong-unusable (the name)"),
        ("text", miniatures.CHANGES_TEXT, "wrong-unusable (the text)"),
        ("two-calls", miniatures.LOSES_CALL, "lost (a call)"),
        ("text", miniatures.LOSES_TEXT, "lost (the text)"),
        ("refusal", miniatures.LOSES_REFUSAL, "lost (the refusal)"),
        ("one-call", miniatures.LOSES_ID, "ids-lost (the id)"),
        ("one-call", miniatures.LOSES_FINISH, "finish-lost (gone)"),
        ("one-call", miniatures.SAYS_STOP, "finish-lost (changed)"),
        ("error-told", lazy, "swallowed (the stream tells of an error)"),
        ("one-call", miniatures.raises, "error (StreamError)"),
        ("one-call", honest, "right"),
    ],
)
def test_the_same_mistake_is_of_the_same_kind_in_any_stream(name: str, miniature: Miniature, kind: str) -> None:
    """A kind says what is wrong and nothing of what was sent, so that a smaller stream can show the same mistake."""
    assert ruled(stream(name), miniature).kind == kind


def test_an_exit_code_alone_is_no_kind_of_error() -> None:
    """What a command said last tells one of its errors from another, as far as it names it."""
    exchange = stream("one-call")
    errors = [
        Raised("exit code 1", "KeyError: 'index'"),
        Raised("exit code 1", "panic at 0x1"),
        Raised("APIError", "E: x"),
    ]
    kinds = [judge_said(exchange, judge(exchange), one).kind for one in errors]
    assert kinds == ["error (exit code 1, KeyError)", "error (exit code 1)", "error (APIError)"]


def test_a_reason_is_one_line() -> None:
    """Whatever a client's error says, its reason fits a line."""
    ruling = judge_said(stream("text"), judge(stream("text")), Raised("E", "a\nb\tc " + "x" * 1000))
    assert ruling.reason.startswith("E: a b c xxx")
    assert len(ruling.reason) == 300


def test_arguments_nested_too_deep_are_no_object() -> None:
    """What no parser takes is not compared as a value, and stops nothing."""
    deep = json.dumps({"a": 1}).replace("1", "[" * 100_000 + "]" * 100_000)
    assert judge_said(sent(deep), judge(sent(deep)), said(deep)).outcome is Outcome.RIGHT
    assert judge_said(sent(deep), judge(sent(deep)), said("{}")).outcome is Outcome.EXECUTABLE
