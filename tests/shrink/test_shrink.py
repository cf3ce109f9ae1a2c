"""Facts about making a recording smaller: what is left shows the finding and nothing new, and is small."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deltaproof.cassette import read_path
from deltaproof.errors import DeltaproofError
from deltaproof.exchange import End, Exchange, Head, Read
from deltaproof.faults import FAULTS, Fault, InapplicableError, chosen, named
from deltaproof.shrink import Shrunk, aim_at, shrink
from deltaproof.sse import Decoder
from deltaproof.verdict import judge

CASSETTES = Path(__file__).parents[2] / "cassettes"
STREAMS = Path(__file__).parents[1] / "streams"
RECORDED = (
    CASSETTES / "aimock" / "two-calls-two-tools.yaml",
    CASSETTES / "llama.cpp" / "plain-text.yaml",
    STREAMS / "one-call.sse",
    STREAMS / "two-choices-calling.sse",
)
STRICTEST = "openai-strict"

KINDS = chosen(
    "name-split,name-null,id-missing,id-doubled,index-all-0,index-gap,type-changed,calls-interleaved,"
    "arguments-resent,arguments-truncated,arguments-encoded-twice,choice-index-missing,choices-reversed,"
    "message-for-delta,role-late,content-array,tool-calls-object,legacy-call,finish-twice,finish-missing,finish-early,"
    "usage-unasked,chunk-id-changed,choices-null,done-missing,done-space,cut-reset,cut-mid-event,error-string,"
    "latin-1,newline-single,data-lines,comment-as-data,json-nan,content-type-json,plain-answer,refused-no-code,"
    "tool-unknown,parallel-calls"
)
"""A few of each kind."""

MOST = {"arguments-retracted": 8, "calls-interleaved": 9, "tool-calls-object": 9, "choices-reversed": 9}
"""Events that some need; most others need no more than two calls with role, finish_reason and [DONE]."""


@cache
def recorded(path: Path) -> Exchange:
    """Return the first exchange of a recording."""
    return next(one for one in read_path(path) if isinstance(one, Exchange))


def broken(fault: Fault) -> Exchange:
    """Return the first of the recordings that a fault applies to, with it."""
    for path in RECORDED:
        with suppress(InapplicableError):
            return fault.apply(recorded(path))
    pytest.fail(f"{fault.name} applies to none")


def shrunk(exchange: Exchange, fault: Fault) -> Shrunk:
    """Return what is left of an exchange when it still shows what a fault breaks."""
    return shrink(exchange, aim_at(exchange, fault.rule, fault.case, profile=STRICTEST))


def cases(exchange: Exchange) -> set[str]:
    """Return the cases by which an exchange deviates where every deviation counts."""
    return {f"{finding.rule}.{finding.case}" for finding in judge(exchange, profile=STRICTEST).findings}


def events(exchange: Exchange) -> int:
    """Count the events that say anything."""
    decoder = Decoder(limit=len(exchange.body))
    return sum(event.data is not None for event in decoder.feed(exchange.body) + decoder.close())


@pytest.mark.parametrize("fault", KINDS, ids=lambda fault: fault.name)
def test_what_is_left_shows_the_finding_and_nothing_new(fault: Fault) -> None:
    """In few events; nothing more of it can be left out."""
    exchange = broken(fault)
    left = shrunk(exchange, fault)
    assert fault.breaks in cases(left.exchange) <= cases(exchange)
    assert left.complete
    assert events(left.exchange) <= MOST.get(fault.name, 7)
    assert len(left.exchange.body) < len(exchange.body)


@pytest.mark.parametrize("fault", KINDS[::13], ids=lambda fault: fault.name)
def test_the_same_recording_becomes_the_same(fault: Fault) -> None:
    """And what is small already stays as it is."""
    exchange = broken(fault)
    left = shrunk(exchange, fault)
    assert shrunk(exchange, fault) == left
    assert shrunk(left.exchange, fault).exchange == left.exchange


def test_a_long_stream_becomes_what_anyone_would_write() -> None:
    """One call of the two, its arguments without members, every text a letter: all that the finding needs is left."""
    left = shrunk(named("name-split").apply(recorded(RECORDED[0])), named("name-split")).exchange
    assert left.body.decode() == (
        'data: {"id":"c","object":"chat.completion.chunk","created":1795377287,"model":"g","choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":null}]}\n\n'
        'data: {"id":"c","object":"chat.completion.chunk","created":1795377287,"model":"g","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"g","arguments":""}}]},"finish_reason":null}]}\n\n'
        'data: {"id":"c","object":"chat.completion.chunk","created":1795377287,"model":"g","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}","name":"l"}}]},"finish_reason":null}]}\n\n'
        'data: {"id":"c","object":"chat.completion.chunk","created":1795377287,"model":"g","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}\n\n'
        "data: [DONE]\n\n"
    )
    assert left.request == {"model": "g", "stream": True, "messages": [{"role": "user", "content": ""}]}
    assert (left.reads, left.sent_headers, left.head) == ((), (), Head(200, (("Content-Type", "text/event-stream"),)))


@pytest.mark.parametrize(
    ("sent", "rule", "left"),
    [
        ("text/event-stream", "tool-call-open-name", "text/event-stream"),
        ("text/event-stream; charset=iso-8859-1", "tool-call-open-name", "text/event-stream"),
        ("text/event-stream; charset=iso-8859-1", "http-content-type", "text/event-stream; charset=iso-8859-1"),
    ],
)
def test_the_type_of_a_stream_stays(sent: str, rule: str, left: str) -> None:
    """Whoever plays it has to say what comes; what else is said with it stays where the finding is about that."""
    whole = named("name-split").apply(recorded(RECORDED[0]))
    whole = replace(whole, head=Head(200, (("Server", "s"), ("Content-Type", sent), ("X-A", "a"))))
    small = shrink(whole, aim_at(whole, rule, profile=STRICTEST)).exchange
    assert small.head == Head(200, (("Content-Type", left),))


@pytest.mark.parametrize(
    ("fault", "body"), [("plain-answer", b"{}"), ("refused-no-code", b'{"error": {"message": "R"}}')]
)
def test_a_body_that_is_one_object_loses_members(fault: str, body: bytes) -> None:
    """As chunks do: what is left is an object still, and reads as one that somebody wrote."""
    whole = named(fault).apply(recorded(RECORDED[2]))
    assert shrunk(whole, named(fault)).exchange.body == body


def test_whoever_takes_what_is_new_gets_less() -> None:
    """Without anything that must not be new, the finding alone is left."""
    exchange = named("name-split").apply(recorded(RECORDED[0]))
    rule, case = "tool-call-open-name", "split"
    loose = shrink(exchange, aim_at(exchange, rule, case, profile=STRICTEST, guarded=())).exchange
    assert loose.body.decode() == (
        'data: {"choices":[{"delta":{"tool_calls":[{"index":1,"function":{"name":"g"}}]}}]}\n\n'
        'data: {"choices":[{"delta":{"tool_calls":[{"index":1,"function":{"name":"l"}}]}}]}\n\n'
    )


def test_any_question_can_be_asked() -> None:
    """What is to be kept need not be a finding: here the text of a read that came late, with its time."""
    exchange = recorded(RECORDED[0])

    def still_shows(part: Exchange) -> bool:
        position = 0
        for read in part.reads:
            if read.at > 0.017 and b"city" in part.body[position : position + read.size]:
                return True
            position += read.size
        return False

    left = shrink(exchange, still_shows).exchange
    assert left.reads == (Read(0.017825885, len(left.body)),)
    assert left.body == b'data: {"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"city"}}]}}]}\n\n'


def test_a_recording_that_does_not_show_it_is_refused() -> None:
    """There is nothing to keep."""
    exchange = recorded(RECORDED[0])
    with pytest.raises(DeltaproofError) as caught:
        shrink(exchange, aim_at(exchange, "tool-call-open-name", profile=STRICTEST))
    assert str(caught.value) == f"{RECORDED[0]}: what is to be kept does not show in the recording"


@pytest.mark.parametrize("tries", [0, 1, 20, 100])
def test_what_is_smallest_when_the_time_is_up_is_left(tries: int) -> None:
    """It is asked no more; what was found until then still shows the finding, and says that there may be less."""
    fault = named("name-split")
    exchange = fault.apply(recorded(RECORDED[0]))
    asked = iter(range(tries))
    left = shrink(
        exchange,
        aim_at(exchange, fault.rule, fault.case, profile=STRICTEST),
        go_on=lambda: next(asked, None) is not None,
    )
    assert left.tries <= tries
    assert not left.complete
    assert fault.breaks in cases(left.exchange)


def test_when_the_time_is_up_nothing_more_is_looked_at() -> None:
    """Whether there is time is not asked again either: with a body of many MiB each time would take a while."""
    exchange = named("name-split").apply(recorded(RECORDED[0]))
    answers: list[bool] = []

    def go_on() -> bool:
        answers.append(len(answers) < 20)
        return answers[-1]

    shrink(exchange, lambda _: True, go_on=go_on)
    assert answers == [True] * 20 + [False]


def test_a_recording_keeps_how_it_ended() -> None:
    """A stream that was cut is one still."""
    fault = named("cut-mid-event")
    left = shrunk(fault.apply(recorded(RECORDED[0])), fault).exchange
    assert left.end is End.CUT
    assert not left.body.endswith(b"\n\n")


BYTES = st.binary(max_size=80) | st.lists(
    st.sampled_from(
        [
            b"data: ",
            b'{"choices":[',
            b'{"delta":{"tool_calls":[{"index":[],"id":0}]}}',
            b"]}",
            b"\n",
            b"\r\n",
            b"null",
            b"[DONE]",
            b"[" * 70,
            b"]" * 70,
        ]
    )
).map(b"".join)


@settings(deadline=None, max_examples=20)
@given(BYTES)
def test_any_bytes_can_be_made_smaller(body: bytes) -> None:
    """Whatever the stream, its gravest finding is kept, and nothing stumbles."""
    exchange = Exchange("here", body, request={"stream": True})
    found = judge(exchange, profile=STRICTEST).findings
    if found:
        aim = aim_at(exchange, found[0].rule, found[0].case, profile=STRICTEST)
        left = shrink(exchange, aim)
        assert aim(left.exchange)
        assert len(left.exchange.body) <= len(body)


def test_a_faulty_stream_without_its_request_can_be_made_smaller() -> None:
    """What is not known is not missed."""
    exchange = replace(recorded(RECORDED[0]), request=None, sent=b"", head=None, reads=())
    fault = named("id-missing")
    left = shrunk(fault.apply(exchange), fault).exchange
    assert (left.request, left.sent, left.head) == (None, b"", None)
    assert events(left) == 5


def test_faults_of_each_kind_are_among_those_tried() -> None:
    """A rule of every group is broken by one of them at least."""
    groups = {fault.rule.split("-")[0] for fault in FAULTS if fault.rule}
    assert {fault.rule.split("-")[0] for fault in KINDS} >= groups - {"parity"}
