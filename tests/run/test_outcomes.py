"""Facts about what comes of a scenario: an endpoint that is polite but for one thing, and what is said of that thing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import count
from threading import Barrier
from typing import NotRequired, TypedDict

import pytest

from tests.run.command import Command
from tests.run.lies import (
    Lie,
    Says,
    accepts_and_tells,
    accepts_anything,
    answers_without_choices,
    breaks_off,
    but,
    events,
    fails,
    fails_in_mid_stream,
    forgets_replies,
    goes_silent,
    hangs_up,
    has_no_content,
    ignores_stream,
    only_talks,
    refuses,
    refuses_in_html,
    says_nothing,
    stream,
    streams_always,
    tells_an_error_only,
)
from tests.run.polite import MODEL, Polite
from tests.run.server import (
    STREAM_END,
    STREAM_HEAD,
    Act,
    Asked,
    Json,
    Running,
    Script,
    piece,
    response,
    serving,
)


class TellsOfCheck(TypedDict):
    """What the report tells of a check; the last four of one that does not hold."""

    check: str
    holds: bool
    level: NotRequired[str]
    blame: NotRequired[str]
    message: NotRequired[str]
    text: NotRequired[str]


class Told(TypedDict):
    """What the report tells of a scenario."""

    name: str
    title: str
    status: str
    reason: str | None
    blame: str | None
    attempts: int
    checks: list[TellsOfCheck]
    timing: Json | None
    exchanges: list[int]


class Report(TypedDict):
    """As much of a report as the tests look at."""

    scenarios: list[Told]
    exchanges: list[dict[str, dict[str, str]]]


def run(command: Command, scenario: str, script: Script, *arguments: str) -> tuple[int, Told, Report]:
    """Run one scenario; return the exit code, what is told of it, and the whole report."""
    with serving(script) as server:
        ran = command(server.url, "--model", MODEL, "--scenario", scenario, "--format", "json", *arguments)
    assert ran.err == ""
    report: Report = json.loads(ran.out)
    (told,) = report["scenarios"]
    return ran.code, told, report


FAILURES = [
    ("plain-text", ignores_stream, "streams", "protocol", "there was no stream: the body is application/json, without a single chunk", None),
    ("plain-text", fails, "accepts", "protocol", "the server failed over the request: status 500", "out of memory"),
    ("plain-text", refuses, "accepts", "protocol", "the request was refused: status 400", "not here"),
    ("plain-text", refuses_in_html, "accepts", "protocol", "the request was refused without a JSON body: status 404", "<html>"),
    ("plain-text", says_nothing, "streams", "protocol", "there was no stream: the body is empty", ""),
    ("plain-text", has_no_content, "streams", "protocol", "there was no stream: the body is empty", ""),
    ("plain-text", tells_an_error_only, "streams", "protocol", "there was no stream: an error event came instead", None),
    ("plain-text", breaks_off, "completes", "transport", "the connection was closed before the response was complete", None),
    ("plain-text", goes_silent, "completes", "transport", "the response did not go on, or not to its end, within the time allowed", None),
    ("plain-text", fails_in_mid_stream, "completes", "protocol", "the server reported a failure in mid-stream", '{"error": {"message": "engine died"}}'),
    ("plain-text", hangs_up, "answers", "transport", "the connection was closed before a response came", ""),
    ("custom-tool", fails, "accepts", "protocol", "the server failed over the request: status 500", "out of memory"),
    ("custom-tool", refuses_in_html, "accepts", "protocol", "the request was refused without a JSON body: status 404", "<html>"),
    ("refuse-n-0", fails, "refuses", "protocol", "n = 0: refused not with a 4xx: status 500", "out of memory"),
    ("refuse-n-0", refuses_in_html, "refuses", "protocol", "n = 0: refused without a JSON body: status 404", "<html>"),
    ("refuse-n-0", hangs_up, "answers", "transport", "the connection was closed before a response came", ""),
    ("refuse-broken-json", accepts_anything, "refuses", "protocol", "a body that is no JSON: accepted with status 200", ""),
    ("history", forgets_replies, "accepts-history", "protocol", "the assembled message is no history to it: the request was refused: status 400", "messages[2].role: unknown variant tool"),
    ("without-streaming", streams_always, "answers-plain", "protocol", "without streaming, the answer is no JSON object: status 200", None),
    ("without-streaming", answers_without_choices, "answers-plain", "protocol", "without streaming, the answer has no choices: status 200", '{"output": "Hi"}'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("scenario", "lie", "expected"),
    [(*one[:2], one[2:]) for one in FAILURES],
    ids=[f"{one[0]}-{one[1].__name__}" for one in FAILURES],
)
def test_what_a_server_does_not_do_fails_the_scenario(
    command: Command, scenario: str, lie: Lie, expected: tuple[str, str, str, str | None]
) -> None:
    """The failed check says what, with the server's words; it is an error, and the exit code 1."""
    check, blame, message, text = expected
    code, told, _ = run(command, scenario, but(lie), "--timeout", "0.5")
    failed = [one for one in told["checks"] if not one["holds"]]
    assert (code, told["status"], told["reason"], told["blame"], told["attempts"]) == (1, "failed", message, blame, 1)
    assert failed == [
        {
            "check": check,
            "holds": False,
            "level": "error",
            "blame": blame,
            "message": message,
            "text": failed[0]["text"] if text is None else text,
        }
    ]


@pytest.mark.parametrize(
    ("lie", "rule", "verdict"),
    [
        (breaks_off, "finish-once", "deviates"),
        (goes_silent, "finish-once", "deviates"),
        (fails_in_mid_stream, "error-event", "conforms"),
        (tells_an_error_only, "http-status-split", "deviates"),
    ],
)
def test_a_stream_that_failed_is_judged_all_the_same(command: Command, lie: Lie, rule: str, verdict: str) -> None:
    """What had come is judged by the rules; a failure can be told by the book."""
    _, told, report = run(command, "plain-text", but(lie), "--timeout", "0.5")
    assert told["exchanges"] == [0]
    assert report["exchanges"][0]["verdicts"][rule] == verdict


def test_an_optional_feature_that_is_refused_properly_is_unsupported(command: Command) -> None:
    """That is no failure; the refusal is judged like any."""
    code, told, report = run(command, "custom-tool", but(refuses))
    expected: Told = {
        "name": "custom-tool",
        "title": "a custom tool, whose input is free text",
        "status": "unsupported",
        "reason": "the server refuses custom tools: not here",
        "blame": None,
        "attempts": 1,
        "checks": [],
        "timing": None,
        "exchanges": [0],
    }
    assert (code, told) == (0, expected)
    assert report["exchanges"][0]["verdicts"]["http-error-body"] == "conforms"


UNEXERCISED = [
    ("tool-choice-auto", "the model made no calls, not 1", "model"),
    ("two-calls-two-tools", "the model made no calls, not 2", "model"),
    ("history", "the model made no calls, not 1", "model"),
    ("two-streams", "the model made no calls, not 1", "model"),
    ("hang-up", "the model made no calls, not 1", "model"),
    ("text-before-call", "the model made no calls, not 1", "model"),
    ("arguments-10-kb", "the model wrote 0 bytes of arguments, not 10,000, or the server ignores 10 KB of arguments", "model"),
    ("max-tokens", "no limit fell inside the arguments of a call, or the server ignores max_tokens", "model"),
    ("legacy-functions", "the model did not call the function, or the server ignores functions", "model"),
    ("logprobs", "log probabilities were asked for, and none came, or the server ignores logprobs", "protocol"),
]  # fmt: skip


@pytest.mark.parametrize(("scenario", "reason", "blame"), UNEXERCISED, ids=[one[0] for one in UNEXERCISED])
def test_a_model_that_does_not_do_it_leaves_a_scenario_unexercised(
    command: Command, scenario: str, reason: str, blame: str
) -> None:
    """It is tried three times; the streams that came are judged, and are no failure."""
    code, told, _ = run(command, scenario, but(only_talks))
    assert (code, told["status"], told["reason"], told["blame"]) == (0, "unexercised", reason, blame)
    assert told["attempts"] == 3
    assert len(told["exchanges"]) == 3 * {"two-streams": 2, "hang-up": 2, "max-tokens": 7}.get(scenario, 1)
    assert all(one["holds"] for one in told["checks"])


def test_a_scenario_is_tried_until_the_model_does_it(command: Command) -> None:
    """The attempts before count as attempts, and their streams are judged too."""
    asked_before = count()

    def reluctant(polite: Polite, asked: Asked) -> Says:
        yield from only_talks(polite, asked) if next(asked_before) < 2 else polite.answer(asked)

    code, told, _ = run(command, "tool-choice-auto", but(reluctant))
    assert (code, told["status"], told["reason"], told["attempts"]) == (0, "judged", None, 3)
    assert told["exchanges"] == [0, 1, 2]


@pytest.mark.parametrize(
    ("profile", "level", "code"), [("openai-strict", "error", 1), ("de-facto", "warning", 0), ("lenient", "note", 0)]
)
def test_what_it_weighs_to_accept_a_bad_request_is_the_profiles(
    command: Command, profile: str, level: str, code: int
) -> None:
    """Nothing breaks by it; whoever is strict counts it."""
    ended, told, _ = run(command, "refuse-n-0", but(accepts_anything), "--profile", profile)
    assert (ended, told["status"]) == (code, "failed")
    assert [(one["check"], one["level"], one["message"]) for one in told["checks"]] == [
        ("refuses", level, "n = 0: accepted with status 200")
    ]


def ends_without_a_word(polite: Polite, asked: Asked) -> Says:
    """Answer whatever is asked, each stream without the [DONE] at its end."""
    if asked.json.get("stream_options") and not asked.json.get("stream"):
        yield from ignores_stream(polite, asked)
    else:
        yield from stream(*list(polite.events({"messages": [{}]}))[:-1])


ENDS = [
    ("plain-text", ["deviates"]),
    ("refuse-n-0", ["deviates"]),
    ("refuse-broken-json", ["deviates"]),
    ("refuse-usage-no-stream", []),
    ("without-streaming", ["deviates", "deviates"]),
]


@pytest.mark.parametrize(("scenario", "verdicts"), ENDS, ids=[one[0] for one in ENDS])
def test_every_stream_is_judged_whatever_its_scenario_is_for(
    command: Command, scenario: str, verdicts: list[str]
) -> None:
    """One that should have been refused is a stream, one that was not asked for is; an answer in one piece is none."""
    _, told, report = run(command, scenario, but(ends_without_a_word))
    assert told["exchanges"] == list(range(len(verdicts)))
    assert [one["verdicts"]["done-sentinel"] for one in report["exchanges"]] == verdicts


def test_a_stream_that_the_client_left_is_judged_as_far_as_it_came(command: Command) -> None:
    """What it never saw the end of is held against nobody; what had come is."""

    def misnames(polite: Polite, asked: Asked) -> Says:
        first = events(polite, asked)[0]
        yield STREAM_HEAD + piece(first.replace(b"chat.completion.chunk", b"chunk"))
        yield Act.SILENCE

    _, told, report = run(command, "hang-up", but(misnames), "--timeout", "0.5")
    verdicts = [
        (one["verdicts"]["chunk-object-const"], one["verdicts"]["done-sentinel"]) for one in report["exchanges"]
    ]
    assert (told["exchanges"], verdicts) == ([0, 1], [("deviates", "unexercised"), ("deviates", "deviates")])


@pytest.mark.parametrize("answered", [0, 1])
def test_a_stream_is_judged_though_the_other_got_no_answer(command: Command, answered: int) -> None:
    """Of two requests, one that is hung up on takes nothing away from the other."""
    barrier, before = Barrier(2, timeout=20), count()

    def half(polite: Polite, asked: Asked) -> Says:
        number = next(before)
        barrier.wait()
        if number == answered:
            yield from stream(*events(polite, asked))
        yield Act.CUT

    code, told, _ = run(command, "two-streams", but(half))
    assert (code, told["status"], told["exchanges"]) == (1, "failed", [0])
    assert [one["check"] for one in told["checks"] if not one["holds"]] == ["answers"]


def test_a_stream_is_judged_though_the_plain_answer_does_not_come(command: Command) -> None:
    """The same request without streaming, hung up on, takes nothing away from the stream."""

    def streams_only(polite: Polite, asked: Asked) -> Says:
        yield from polite.answer(asked) if asked.json.get("stream") else hangs_up(polite, asked)

    code, told, _ = run(command, "without-streaming", but(streams_only))
    assert (code, told["status"], told["exchanges"]) == (1, "failed", [0])


def test_an_error_inside_a_stream_is_no_refusal(command: Command) -> None:
    """It is told apart from a request that was accepted, and judged: a rule is about it."""
    _, told, report = run(command, "refuse-n-0", but(accepts_and_tells))
    assert told["reason"] == "n = 0: accepted with status 200, and an error was told inside the stream"
    assert report["exchanges"][0]["verdicts"]["http-status-split"] == "deviates"


def mixing(mix: Callable[[list[bytes], list[bytes]], list[bytes]]) -> Script:
    """Return an endpoint that answers two streams at once, and mixes what the first says with the second's."""
    both: dict[str, list[bytes]] = {}
    barrier = Barrier(2, timeout=20)

    def lie(polite: Polite, asked: Asked) -> Says:
        name = asked.body.decode().split("report_")[1][:9]
        both[name] = events(polite, asked)
        barrier.wait()
        mine, other = both[name], next(said for key, said in both.items() if key != name)
        yield STREAM_HEAD
        for event in mix(mine, other):
            barrier.wait()
            yield piece(event)
        yield STREAM_END
        barrier.wait()
        both.clear()

    return but(lie)


def test_two_streams_that_mix_are_found_out(command: Command) -> None:
    """One event of the other stream is enough; its word gives it away."""
    code, told, _ = run(command, "two-streams", mixing(lambda mine, other: [*mine[:1], *other[1:2], *mine[2:]]))
    (failed,) = [one for one in told["checks"] if not one["holds"]]
    assert (code, told["status"], failed["check"], failed["level"]) == (1, "failed", "keeps-apart", "error")
    assert failed["message"].endswith(" was asked of the other stream only")
    assert failed["message"][:9] in failed["text"]


def test_two_streams_of_one_id_are_found_out(command: Command) -> None:
    """Nothing of the other stream is in them, but nobody could tell them apart: a warning."""
    fixed = mixing(lambda mine, _: [re.sub(rb"chatcmpl-\d+", b"chatcmpl-0", one) for one in mine])
    code, told, _ = run(command, "two-streams", fixed)
    (failed,) = [one for one in told["checks"] if not one["holds"]]
    assert (code, told["status"], failed["level"]) == (0, "failed", "warning")
    assert failed["message"] == "both streams have chunks with the id 'chatcmpl-0'"


def test_two_streams_one_after_the_other_prove_nothing(command: Command) -> None:
    """A server that answers one request at a time does not mix them; nobody is to blame."""

    def in_one_piece(polite: Polite, asked: Asked) -> Says:
        yield STREAM_HEAD + b"".join(map(piece, events(polite, asked))) + STREAM_END

    code, told, _ = run(command, "two-streams", but(in_one_piece))
    assert (code, told["status"], told["blame"], told["attempts"]) == (0, "unexercised", None, 3)
    assert told["reason"] == "the server answered one request after the other"


def test_a_server_that_fails_after_a_client_has_gone_is_found_out(command: Command) -> None:
    """The clean request is the same as the one before; what fails it is that a client has gone."""
    before = count()

    def touchy(polite: Polite, asked: Asked) -> Says:
        yield from polite.answer(asked) if next(before) == 0 else fails(polite, asked)

    code, told, _ = run(command, "hang-up", but(touchy))
    assert (code, told["status"]) == (1, "failed")
    assert told["reason"] == "after a client had gone in mid-stream: the server failed over the request: status 500"
    assert [one["check"] for one in told["checks"]] == ["survives-hang-up"]


def test_a_server_that_dies_when_a_client_goes_is_found_out(command: Command) -> None:
    """Nothing listens any more: that is the scenario's doing, and no reason to call the server unreachable."""
    servers: list[Running] = []

    def mortal(polite: Polite, asked: Asked) -> Says:
        servers[0].stop()
        yield from polite.answer(asked)

    with serving(but(mortal)) as server:
        servers.append(server)
        ran = command(server.url, "--model", MODEL, "--scenario", "hang-up", "--format", "json")
    (told,) = json.loads(ran.out)["scenarios"]
    assert (ran.code, told["status"]) == (1, "failed")
    assert told["reason"] == (
        "after a client had gone in mid-stream: nothing listens there: the connection was refused"
    )


def test_a_response_that_is_over_at_once_leaves_no_time_to_go(command: Command) -> None:
    """Whoever sends all in one piece cannot be left in the middle."""

    def at_once(polite: Polite, asked: Asked) -> Says:
        yield STREAM_HEAD + b"".join(map(piece, events(polite, asked))) + STREAM_END

    code, told, _ = run(command, "hang-up", but(at_once))
    assert (code, told["status"], told["reason"]) == (
        0,
        "unexercised",
        "the response was over before the client could go",
    )


def test_a_server_that_asks_to_come_back_later_is_asked_again(command: Command) -> None:
    """It says when; two refusals for want of time are no finding."""
    before = count()

    def busy(polite: Polite, asked: Asked) -> Says:
        if next(before) < 2:
            yield response(b"{}", status="429 Too Many Requests", headers=("Retry-After: 0",))
        else:
            yield from polite.answer(asked)

    code, told, report = run(command, "plain-text", but(busy))
    assert (code, told["status"], told["attempts"], len(report["exchanges"])) == (0, "judged", 1, 1)


def test_a_server_that_is_busy_for_good_is_unreachable(command: Command) -> None:
    """There is nothing to judge, and that is no clean run: exit code 2."""

    def busy(_: Polite, __: Asked) -> Says:
        yield response(b"{}", status="503 Service Unavailable", headers=("Retry-After: 0",))

    code, told, _ = run(command, "plain-text", but(busy))
    assert (code, told["status"], told["reason"]) == (
        2,
        "unreachable",
        "the server asks to come back later: status 503",
    )


def test_what_is_known_of_a_server_that_dies_is_reported(command: Command) -> None:
    """The scenarios before are judged; two without a connection are enough to skip the rest."""
    servers: list[Running] = []

    def mortal(polite: Polite, asked: Asked) -> Says:
        servers[0].stop()
        yield from polite.answer(asked)

    with serving(but(mortal)) as server:
        servers.append(server)
        ran = command(server.url, "--model", MODEL, "--scenario", "tool-choice-*", "--format", "json")
    told = {one["name"]: (one["status"], one["reason"]) for one in json.loads(ran.out)["scenarios"]}
    gone = ("unreachable", "nothing listens there: the connection was refused")
    skipped = ("skipped", "not run: the server no longer answers")
    assert ran.code == 2
    assert told == {
        "tool-choice-allowed": ("judged", None),
        "tool-choice-any": gone,
        "tool-choice-auto": gone,
        "tool-choice-named": skipped,
        "tool-choice-none": skipped,
        "tool-choice-required": skipped,
    }
