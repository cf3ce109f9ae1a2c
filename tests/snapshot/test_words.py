"""Facts about what is said of two shapes: whole lists of sentences."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from deltaproof.exchange import End, Exchange
from deltaproof.faults import FAULTS, Fault, InapplicableError, named
from deltaproof.snapshot import ChangeKind, changes
from deltaproof.snapshot.differences import deep_difference
from tests.snapshot.streams import HEAD, NAMES, exchange_of, opening, piece, recorded, shape, streamed, told

CALL = streamed(opening("f"), piece("{"), piece("}"), finish="tool_calls")
STREAMS = 3
NOWHERE_SEEN = {"comment", "cr", "crlf", "chunk-created-changed", "stall"}
"""Faults of bytes and times that no rule forbids, or that the clock decides."""


def test_a_shape_has_not_changed_from_itself() -> None:
    """Nothing is said."""
    assert [told(recorded(name), recorded(name)) for name in NAMES] == [[]] * len(NAMES)


def test_the_second_calls_name_in_two_chunks() -> None:
    """The call is named by its ordinal, the numbers are those of now and before."""
    broken = named("name-split").apply(recorded("two-calls"))
    assert told(recorded("two-calls"), broken) == [
        '"name of call 1 + arguments of call 1" now arrives after "call 1 opens"',
        "the second call's name now arrives in 2 chunks (was 1)",
        "the rule tool-call-open-name now deviates (was conforms): the name comes in several pieces",
    ]
    assert told(broken, recorded("two-calls")) == [
        '"name of call 1 + arguments of call 1" no longer arrives',
        "the second call's name now arrives in 1 chunk (was 2)",
        "the rule tool-call-open-name now conforms (was deviates: the name comes in several pieces)",
    ]


def test_a_note_on_several_steps_is_told_once() -> None:
    """A role on every chunk."""
    assert told(recorded("one-call"), named("role-repeated").apply(recorded("one-call"))) == [
        '"arguments of call 0" now comes with role again',
        "the rule delta-role-not-repeated now deviates (was conforms): a role again",
    ]
    assert told(recorded("allowed-tools"), named("role-null").apply(recorded("allowed-tools"))) == [
        '"call 0 opens", "arguments of call 0" now come with role null',
        "the rule delta-role-not-repeated now deviates (was conforms): the role as null",
    ]


def test_one_chunk_for_many() -> None:
    """That the arguments come at once is news, how many pieces they come in is not."""
    whole = streamed(opening("f"), piece("{}"), finish="tool_calls")
    assert told(CALL, whole) == ['"arguments of call 0" now arrives in one chunk (was many chunks)']


def test_a_step_in_another_place() -> None:
    """Usage before the finish_reason, and after it."""
    *chunks, finish, done = [event.removeprefix("data: ") for event in CALL.body.decode().split("\n\n")[:-1]]
    usage = f'{HEAD}],"usage":{{"total_tokens":1}}}}'
    late, early = exchange_of(*chunks, finish, usage, done), exchange_of(*chunks, usage, finish, done)
    assert told(late, early)[0] == ('"usage" now arrives after "arguments of call 0" (was after "finish tool_calls")')


def test_calls_that_come_and_go() -> None:
    """A call more is told once, with its name."""
    more = streamed(
        opening("f"), piece("{"), piece("}"), opening("g", call=1), piece("{}", call=1), finish="tool_calls"
    )
    assert told(CALL, more)[:3] == [
        '"call 1 opens" now arrives after "arguments of call 0"',
        '"arguments of call 1" now arrives after "call 1 opens"',
        "a second call, g, now comes",
    ]
    assert told(more, CALL)[:2] == [
        '"call 1 opens", "arguments of call 1" no longer arrive',
        "the second call, g, no longer comes",
    ]


def test_another_choice_is_named_by_its_number() -> None:
    """What is said of choice 1 begins with it."""
    broken = named("finish-stop").apply(recorded("two-choices-calling"))
    sentences = told(recorded("two-choices-calling"), broken)
    assert 'choice 1: "finish stop" now arrives in place of "finish tool_calls"' in sentences


def test_ends_and_heads() -> None:
    """How the body ends, the status and the type."""
    cut = replace(CALL, end=End.RESET)
    assert told(CALL, cut)[0] == "the body now ends by a reset (was properly)"
    refused = named("refused-string").apply(recorded("one-call"))
    assert told(recorded("one-call"), refused)[:4] == [
        "the status is now 429 (was 200)",
        "the content-type is now application/json (was text/event-stream; charset=utf-8)",
        "the body is now JSON with error (was a stream)",
        (
            '"role assistant + call 0 opens (content null, refusal null)", "arguments of call 0 × many",'
            ' "finish tool_calls", "done" no longer arrive'
        ),
    ]


def test_a_head_that_one_side_does_not_know_is_no_change() -> None:
    """A recording without headers differs in verdicts that want them, and in nothing else."""
    assert told(CALL, Exchange("here", CALL.body)) == [
        "conforming before, now undecided: http-content-type, http-status-split"
    ]


def test_what_a_client_has_not_waited_for_is_no_change() -> None:
    """Where a client left, what came before is compared."""
    half = CALL.body.index(b"data: [DONE]") - 200
    left = replace(CALL, body=CALL.body[:half], end=End.CLIENT_GONE)
    assert told(CALL, left) == told(left, CALL) == []


def test_a_rule_that_deviates_in_another_way() -> None:
    """The case that came is worse, the one that went is not."""
    null, empty = (named(f"name-{how}").apply(recorded("one-call")) for how in ("null", "empty"))
    found = changes(shape(null), shape(empty))
    slug = "tool-call-continuation-name"
    assert [(change.kind, change.rule, change.text) for change in found] == [
        (ChangeKind.SHAPE, "", '"arguments of call 0" now comes with name empty and no longer comes with name null'),
        (ChangeKind.WORSE, slug, f"the rule {slug} now deviates in another way: the name as an empty string"),
        (ChangeKind.VERDICT, slug, f"the rule {slug} no longer deviates so: the name as null"),
    ]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_seen_and_its_rule_is_named(fault: Fault) -> None:
    """On some streams of the tests that it applies to; what breaks no rule, or only the clock's, shows in no shape."""
    seen = 0
    for name in NAMES:
        with suppress(InapplicableError):
            if seen == STREAMS:
                break
            broken = fault.apply(recorded(name))
            seen += 1
            found = changes(shape(recorded(name)), shape(broken))
            if fault.name in NOWHERE_SEEN:
                assert found == []
            elif not fault.breaks:
                assert found != []
            else:
                assert (ChangeKind.WORSE, fault.rule) in {(change.kind, change.rule) for change in found}


def test_deepdiff_has_something_to_tell_where_words_have() -> None:
    """Of no two streams, whole or left by their client, is one of the two silent and the other not."""
    streams = [recorded(name) for name in ("one-call", "two-calls", "text")]
    streams += [replace(one, end=End.CLIENT_GONE, body=one.body[: len(one.body) // 2]) for one in streams]
    for old in streams:
        for new in streams:
            one, other = shape(old), shape(new)
            assert bool(deep_difference(one, other)) == bool(changes(one, other))
