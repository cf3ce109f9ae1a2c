"""Facts about a run told in plain words: what a server does, what that does to its clients, and nothing not found."""

from __future__ import annotations

import io
import json

import pytest

from deltaproof.catalog import Blame, Level, load, load_scenarios
from deltaproof.checking import Judged
from deltaproof.exchange import Exchange, Head
from deltaproof.report.plain_words import _CHECKS, _RULES, differences, print_plain_words
from deltaproof.report.terminal import console_for
from deltaproof.suite.outcome import Attempt, Check, CheckName, Outcome, ScenarioRun, SuiteRun
from deltaproof.verdict import judge
from tests.run.test_report import repeated

SCENARIOS = load_scenarios()


def refusal(scenario: str) -> Judged:
    """Return a refusal whose error has no param, and a number for a code."""
    body = json.dumps({"error": {"code": 400, "message": "no", "type": "invalid_request_error"}}).encode()
    head = Head(400, (("content-type", "application/json"),))
    exchange = Exchange("http://h/v1/chat/completions", body, request={"stream": True}, head=head, scenario=scenario)
    return Judged(exchange, judge(exchange))


def failed(name: CheckName, message: str, level: Level = Level.ERROR) -> Attempt:
    """Return an attempt whose only check does not hold."""
    return Attempt(Outcome.FAILED, message, Blame.PROTOCOL, (Check(name, message, level=level),))


def suite(**attempts: Attempt) -> SuiteRun:
    """Return a run of scenarios, `_` in their names for `-`."""
    runs = tuple(ScenarioRun(SCENARIOS[name.replace("_", "-")], (one,)) for name, one in attempts.items())
    return SuiteRun("http://h/v1", "m", "", "", "de-facto", None, runs, interrupted=False)


def test_each_thing_is_told_once_with_what_comes_of_it() -> None:
    """Two cases of a rule are two things; what is no difference by the profile is none; other rules speak as pages do."""
    told = suite(
        n_2=Attempt(Outcome.JUDGED, judged=(repeated("n-2", 0),)),
        tool_choice_any=Attempt(Outcome.UNSUPPORTED, "no", judged=(refusal("tool-choice-any"),)),
        custom_tool=failed(CheckName.ACCEPTS, "the server failed over the request: status 500"),
        refuse_n_0=failed(CheckName.REFUSES, "n = 0: accepted with status 200", Level.WARNING),
        refuse_no_messages=failed(CheckName.REFUSES, "no messages: accepted with status 200", Level.WARNING),
        refuse_broken_json=failed(CheckName.REFUSES, "a body that is no JSON: accepted with status 200", Level.NOTE),
    )
    stream = io.StringIO()
    print_plain_words(told, "tiny", console_for(stream, width=80))
    assert stream.getvalue() == TOLD


TOLD = """\
What tiny does differently, in plain words

1. The same name again (the name "f" is there again).
   → Clients that add up every string they are given turn a repeated name into
   `get_weatherget_weather`, which no tool has. [n-2]
2. It answers a request that is right with a 5xx status, as if the server were
   broken (a custom tool, whose input is free text: the server failed over the
   request: status 500).
   → Clients take a 5xx for a passing fault and try again in vain, where a 4xx
   would say what is not supported. [custom-tool]
3. When it turns a request down, its error lacks a field that OpenAI's always
   has (the error has no param).
   → Programs that look there for what was wrong with the request find nothing.
   [tool-choice-any]
4. When it turns a request down, a field of its error is of another type than
   OpenAI's (error.code is 400).
   → Programs that compare that field with the words they know never find one,
   and handle no error as they should. [tool-choice-any]
5. It answers wrong requests as if they were right, instead of with a 4xx status
   and an error in JSON (n = 0: accepted with status 200; no messages: accepted
   with status 200).
   → A mistake in the caller's code is not noticed where it was made, and shows
   as a strange answer later. [refuse-n-0, refuse-no-messages]
Of 71 rules 42 conform in every scenario, 2 deviate in some, 13 are undecided,
and 14 had nothing to look at. Properly refused: tool-choice-any.
"""


def test_a_case_with_a_reason_of_its_own_tells_that_one() -> None:
    """Where the page's reason is not true of a case, it is not told here either."""
    body = repeated("n-2", 0).exchange.body.replace(
        b'"function":{"name":"f","arguments":"{}"}', b'"function":{"name":null,"arguments":"{}"}'
    )
    exchange = Exchange("http://h", body, scenario="n-2")
    judged = Judged(exchange, judge(exchange, profile="openai-strict"))
    reason = load().pages["tool-call-continuation-name"].cases["null"].why
    assert reason
    assert reason in [one.so for one in differences(suite(n_2=Attempt(Outcome.JUDGED, judged=(judged,))))]


def test_a_run_without_findings_has_no_differences() -> None:
    """What was not found is not told."""
    assert differences(suite(plain_text=Attempt(Outcome.JUDGED))) == []


def test_a_check_without_words_of_its_own_says_what_is_expected() -> None:
    """No failed check is left out."""
    (one,) = differences(suite(plain_text=failed(CheckName.STREAMS, "there was no stream: the body is empty")))
    assert one.what == (
        "It fails a demand of the suite (a text, without tools: there was no stream: the body is empty)."
    )
    assert one.so == "What is expected: a request with stream true is answered by a stream of chunks."


@pytest.mark.parametrize(("rule", "case"), _RULES)
def test_there_are_words_only_for_what_a_page_tells(rule: str, case: str) -> None:
    """A case that is renamed takes its words with it."""
    assert case in load().pages[rule].cases


def test_no_words_for_a_check_hide_behind_others() -> None:
    """Of one check, the words that fit any message come last."""
    rows = [(name, part) for name, part, _ in _CHECKS]
    assert rows == sorted(rows, key=lambda row: (list(CheckName).index(row[0]), not row[1]))
