"""Facts about what is said of gateways: miniatures that each misbehave in one way prove every kind of remark."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from deltaproof.drive.through.passing import Went, send_through
from deltaproof.exchange import End, Exchange
from deltaproof.passage.kinds import FailOn, Kind
from deltaproof.passage.remarks import fails, never_asked
from deltaproof.passage.spots import spots_of
from tests.run.server import serving
from tests.through import gateways
from tests.through.gateways import Gateway
from tests.through.rig import STREAMS, free_port, passed, prepared, stream, told

NAMES = sorted(path.stem for path in STREAMS.glob("*.sse"))


def test_a_gateway_that_passes_all_on_is_clean() -> None:
    """Whatever streams hold, nothing is said, and the upstream was asked once for each; the time added is known."""
    found = passed(gateways.HONEST, [stream(name) for name in NAMES])
    assert [(name, said) for name, said in told(found) if said] == []
    assert {one.passage.asked for one in found} == {1}
    assert [one.passage.given.name for one in found if one.passage.added is None] == ["refused"]
    assert not fails(found, FailOn.NOTE)


def test_faults_pass_through_it_too() -> None:
    """What is broken on purpose and comes out as broken is as it should be."""
    faults = "name-split,name-null,cut-reset,cut-mid-event,error-told,refused-page,cr,choices-none,plain-answer"
    found = passed(gateways.HONEST, [stream("one-call"), stream("text-then-call")], faults=faults)
    assert [(name, said) for name, said in told(found) if said] == []
    assert len(found) == 2 * (1 + len(faults.split(",")))


LIES: list[tuple[Gateway, str, str, list[str]]] = [
    (gateways.CHANGES_ARGUMENTS, "one-call", "", ["wrong-executable"]),
    (gateways.CHANGES_TEXT, "text", "", ["wrong-unusable"]),
    (gateways.DROPS_TEXT, "text", "", ["lost"]),
    (gateways.DROPS_CALLS, "one-call", "", ["lost", "deviates finish-tool-calls.without-call"]),
    (gateways.DROPS_CHOICE_1, "two-choices", "", ["lost", "deviates request-n-choices.fewer"]),
    (gateways.DROPS_IDS, "one-call", "", ["deviates tool-call-open-id.missing", "ids-lost"]),
    (gateways.DROPS_FINISH, "one-call", "", ["deviates finish-once.missing", "finish-lost"]),
    (gateways.SPLITS_NAMES, "one-call", "", ["deviates tool-call-open-name.split"]),
    (gateways.DOUBLES_OBJECT, "text", "", ["deviates chunk-object-const.other"]),
    (gateways.REPAIRS_NULL_NAMES, "one-call", "name-null", ["repaired tool-call-continuation-name.null"]),
    (gateways.JOINS_NAMES, "one-call", "name-split", ["repaired tool-call-open-name.split"]),
    (gateways.buffering, "one-call", "", ["held-back"]),
    (gateways.HIDES_ERRORS, "error-told", "", ["swallowed", "deviates finish-once.missing"]),
    (gateways.DROPS_ERRORS, "error-told", "", ["error-lost", "deviates done-sentinel.cut", "deviates finish-once.cut"]),
    (gateways.REWORDS_ERRORS, "error-told", "", ["error-reworded"]),
    (gateways.ZEROES_USAGE, "named", "", ["usage-changed"]),
    (gateways.DROPS_USAGE, "named", "", ["deviates usage-chunk-once.missing", "usage-changed"]),
    (gateways.apologising, "refused", "", ["swallowed"]),
    (gateways.closing, "one-call", "cut-reset", ["end"]),
    (gateways.failing, "one-call", "", ["error"]),
    (gateways.failing, "two-choices", "", ["error"]),
    (gateways.failing, "refused", "", ["status", "error-reworded"]),
    (gateways.garbling, "text", "", ["error"]),
    (gateways.garbling, "refused", "", ["error"]),
    (gateways.MERGES_FRAGMENTS, "one-call", "", ["merged"]),
    (gateways.twice, "refused", "", ["asked-again"]),
    (gateways.refusing, "two-choices", "", ["error"]),
    (gateways.alone, "text", "", ["made-up", "wrong-unusable"]),
]  # fmt: skip


@pytest.mark.parametrize(("gateway", "name", "fault", "said"), LIES)
def test_each_lie_is_told_as_what_it_is(gateway: Gateway, name: str, fault: str, said: list[str]) -> None:
    """A gateway that misbehaves in one way gets what is to be said of that, and where it shows on both sides."""
    found = passed(gateway, [stream(name)], faults=fault)
    assert told(found)[-1] == (f"{name} + {fault}" if fault else name, said)
    assert not fault or told(found)[0] == (name, [])
    for remark in found[-1].remarks:
        spots = spots_of(found[-1].passage, remark)
        assert spots.given.text
        assert spots.came.text


REASONS = [
    (gateways.CHANGES_ARGUMENTS, "one-call", 'it calls get_tide({"port":"Trist","day":"tomorrow"}), and sent was get_tide({"port":"Brest","day":"tomorrow"})'),
    (gateways.DROPS_CHOICE_1, "two-choices", 'choice 1: lost without an error: all of the text "Fastnet Rock"'),
    (gateways.failing, "two-choices", "the status is 500: something went wrong"),
    (gateways.refusing, "two-choices", "the status is 400: one choice is enough; the upstream was not asked"),
    (gateways.garbling, "text", "what came is no HTTP"),
    (gateways.MERGES_FRAGMENTS, "one-call", "the arguments of call 0 came in 10 fragments, and 9 came out"),
    (gateways.apologising, "refused", "the status is 429, and it handed over text all the same"),
    (gateways.failing, "refused", "the status 429 became 500"),
]  # fmt: skip


@pytest.mark.parametrize(("gateway", "name", "reason"), REASONS)
def test_a_reason_is_one_line(gateway: Gateway, name: str, reason: str) -> None:
    """It says what went in and what came out; of several choices which, unless it is the same of all."""
    (one,) = passed(gateway, [stream(name)])
    assert one.remarks[0].reason == reason


def test_a_cut_made_whole_is_swallowed() -> None:
    """What the gateway adds to a stream that was reset does not make it one that came to its end."""
    clean, broken = passed(gateways.completing, [stream("one-call")], faults="cut-reset")
    assert (clean.remarks, broken.remarks[0].kind) == ((), Kind.SWALLOWED)
    assert broken.remarks[0].reason == "the connection was reset, and it handed over a call of get_tide all the same"
    spots = spots_of(broken.passage, broken.remarks[0])
    assert spots.given.text.endswith("; then the connection is reset")
    assert spots.came.text == "data: [DONE]"


def test_a_gateway_that_hangs_has_no_answer() -> None:
    """That it does not answer in time is said of it, and ends the wait."""
    (one,) = passed(gateways.hanging, [stream("refused")], timeout=0.5)
    assert told([one]) == [("refused", ["no-answer"])]
    assert one.ruling.reason == "nothing came within 0.5 seconds"


def test_a_gateway_that_only_hangs_is_given_up() -> None:
    """Where nothing came of the first few, the rest is not sent: each would wait for as long."""
    went = Went()
    recordings = [stream("text")] * 9
    with serving(gateways.hanging(port := free_port())) as server:
        through = prepared(server.url, port, recordings, timeout=0.3)
        asyncio.run(send_through(through, went, lambda _: None))
    assert len(went.came) == 5 + 3  # those that were under way then
    assert went.given_up
    one_by_one = passed(gateways.hanging, recordings[:5], timeout=0.3)
    assert [one.remarks[0].kind for one in one_by_one] == [Kind.NO_ANSWER] * 5


def test_what_is_compressed_is_no_less_clean() -> None:
    """The first fragment is heard behind a content encoding, and what is judged is what was meant."""
    (one,) = passed(gateways.compressing, [stream("one-call")])
    assert told([one]) == [("one-call", [])]
    assert one.passage.added is not None


def test_an_error_without_asking_is_none_that_is_passed_on() -> None:
    """Where the upstream would have broken off, half of an answer would have come; it was not asked for that."""
    found = passed(gateways.refusing, [stream("two-choices")], faults="cut-reset")
    assert [one.remarks[0].reason for one in found] == [
        "the status is 400: one choice is enough; the upstream was not asked"
    ] * 2
    assert told(found) == [("two-choices", ["error"]), ("two-choices + cut-reset", ["error"])]


def test_requests_that_are_mixed_up_are_told_apart() -> None:
    """Each of two that came together got the answer to the other; both are named, and nothing else is said."""
    found = passed(gateways.swapping, [stream("one-call"), stream("text")])
    assert [(one.passage.given.name, [remark.reason for remark in one.remarks]) for one in found] == [
        ("one-call", ["it answers another request: text"]),
        ("text", ["it answers another request: one-call"]),
    ]


def silent() -> tuple[str, Exchange]:
    """Return a recording whose server fell silent after its first half."""
    name, exchange = stream("one-call")
    return name, replace(exchange, body=exchange.body[: exchange.body.index(b"\n\n", 900) + 2], end=End.TIMEOUT)


def test_success_made_of_silence_is_swallowed() -> None:
    """However long the gateway waited for its upstream before: it is given the time that --timeout says."""
    (one,) = passed(gateways.IMPATIENT, [silent()])
    assert told([one])[0][1][0] == "swallowed"
    assert not one.is_unseen


def test_what_is_made_of_silence_is_not_known_before_it_came() -> None:
    """A gateway that still waits when our client leaves has not passed; that is told, with how long it was."""
    (one,) = passed(gateways.HONEST, [silent()], timeout=1.5)
    assert told([one]) == [("one-call", ["unseen"])]
    assert (
        one.remarks[0].reason == "the upstream is silent, and after 1.5 s the gateway was still waiting (see --timeout)"
    )
    assert one.is_unseen


def test_what_is_late_once_is_slow_and_not_held_back() -> None:
    """Asked for once more, by itself, its first fragment comes out before the upstream says more."""
    (one,) = passed(gateways.warming, [stream("one-call")])
    assert told([one]) == [("one-call", ["slow"])]
    assert (one.passage.asked, one.passage.held, one.passage.slow) == (1, False, True)


def test_a_json_document_may_be_read_whole() -> None:
    """What calls itself one is not held back by a gateway that waits for its end."""
    (_, one) = passed(gateways.buffering, [stream("one-call")], faults="content-type-json")
    assert Kind.HELD_BACK not in {remark.kind for remark in one.remarks}
    assert one.passage.added is None


def test_what_a_gateway_takes_before_it_asks_is_told_by_itself() -> None:
    """A client waits for its first fragment all the same; of what comes after it, that says nothing."""
    (one,) = passed(gateways.hesitating, [stream("one-call")])
    assert told([one]) == [("one-call", [])]
    assert one.passage.asked_after is not None
    assert one.passage.asked_after >= 0.3


@pytest.mark.parametrize(
    ("gateway", "name", "words"),
    [
        (gateways.CHANGES_ARGUMENTS, "one-call", ("Bre", "Tri")),
        (gateways.CHANGES_TEXT, "text", (" tide", " no")),
        (gateways.DROPS_USAGE, "named", ('"usage":{', "[DONE]")),
    ],
)
def test_a_remark_shows_where_the_two_sides_part(gateway: Gateway, name: str, words: tuple[str, str]) -> None:
    """The event that was changed or is missing, and not the first one of both."""
    (one,) = passed(gateway, [stream(name)])
    spots = spots_of(one.passage, one.remarks[0])
    assert [word in spot.text for word, spot in zip(words, (spots.given, spots.came), strict=True)] == [True, True], (
        spots
    )


def test_the_id_of_another_request_is_a_mix_up() -> None:
    """That an id is gone is not all, where another recording alone has the one that came in its place."""
    _, found = passed(gateways.MISTAKES_IDS, [stream("two-calls"), stream("one-call")])
    assert found.remarks[0].reason == 'it answers another request: two-calls has the id "call_vnptCk3O1DSiwIwsF5sJnLwX"'


def test_what_is_gone_is_not_repaired() -> None:
    """A rule that has nothing to look at any more is not kept."""
    (one, other) = passed(gateways.DROPS_LOGPROBS, [stream("text")], faults="logprobs-unasked")
    assert told([one, other]) == [("text", []), ("text + logprobs-unasked", [])]


def test_a_finish_that_is_gone_is_not_repaired() -> None:
    """The chunks that have none keep the rule of its values; that is no merit."""
    _, one = passed(gateways.DROPS_FINISH, [stream("one-call")], faults="finish-unknown")
    assert told([one]) == [("one-call + finish-unknown", ["deviates finish-once.missing", "finish-lost"])]


def test_what_equals_the_answer_to_a_like_recording_is_not_mixed_up() -> None:
    """A stream that a gateway repairs is like the one it was broken out of, and is no stranger's."""
    found = passed(gateways.REPAIRS_NULL_NAMES, [stream("one-call"), ("again", stream("one-call")[1])], faults="name-*")
    assert {kind for one in found for kind in (remark.kind for remark in one.remarks)} == {Kind.REPAIRED}


def test_a_gateway_that_remembers_answers_by_itself() -> None:
    """What comes out of its memory is the answer to another request, and the upstream was not asked for it."""
    first, second = passed(gateways.remembering, [stream("refusal"), stream("one-call")], jobs=1)
    assert [remark.kind for remark in first.remarks] == [Kind.HELD_BACK]
    assert [remark.kind for remark in second.remarks] == [Kind.MIXED_UP, Kind.MADE_UP]
    assert (first.passage.asked, second.passage.asked) == (1, 0)


def _asking(exchange: Exchange, request: dict[str, object]) -> Exchange:
    """Return a recording with another request."""
    return replace(exchange, request=request, sent=json.dumps(request).encode())


def test_a_rightful_refusal_needs_no_upstream() -> None:
    """What the upstream would refuse as well may be refused without it; that is worth knowing, and no more."""
    name, exchange = stream("refused")
    asked = {**(exchange.request or {}), "n": 2}
    (one,) = passed(gateways.refusing, [(name, _asking(exchange, asked))])
    assert told([one]) == [("refused", ["status", "refused"])]
    assert not fails([one], FailOn.ANY)
    assert fails([one], FailOn.NOTE)
    assert not never_asked([one])


def test_a_gateway_that_never_asks_is_found_out() -> None:
    """Where no request comes upstream at all, it is not configured for that."""
    found = passed(gateways.alone, [stream("text"), stream("one-call")])
    assert never_asked(found)
    assert not never_asked(passed(gateways.HONEST, [stream("text")]))


def test_every_kind_is_proven() -> None:
    """Nothing can be said of a gateway that no miniature gets said of it."""
    proven = {said.partition(" ")[0] for _, _, _, remarks in LIES for said in remarks}
    elsewhere = {Kind.NO_ANSWER, Kind.MIXED_UP, Kind.REFUSED, Kind.DEVIATES_NOTE, Kind.SLOW, Kind.UNSEEN}
    assert proven | elsewhere == set(Kind)


def test_what_the_profile_counts_as_a_note_is_one() -> None:
    """A rule that breaks anew and is a note by the profile fails nothing that fails on what is wrong."""
    (one,) = passed(gateways.CHANGES_TIMES, [stream("text")])
    assert told([one]) == [("text", ["deviates-note chunk-created-constant.changed"])]
    assert not one.is_wrong
    assert (fails([one], FailOn.ANY), fails([one], FailOn.NOTE)) == (False, True)


@pytest.mark.parametrize(
    ("gateway", "words"),
    [
        (gateways.CHANGES_ARGUMENTS, ["wrong", "silent", "error", "any", "note"]),
        (gateways.DROPS_CALLS, ["silent", "error", "any", "note"]),
        (gateways.failing, ["error", "any", "note"]),
        (gateways.DROPS_IDS, ["any", "note"]),
        (gateways.HONEST, []),
    ],
)
def test_what_fails_is_chosen_by_its_gravity(gateway: Gateway, words: list[str]) -> None:
    """What is graver than the word fails too, what is less does not."""
    found = passed(gateway, [stream("one-call")])
    assert [word for word in FailOn if fails(found, word)] == words
