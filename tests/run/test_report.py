"""Facts about the report of a run: whole texts, made of values that stand here."""

from __future__ import annotations

import io
import json
from dataclasses import replace

from deltaproof.catalog import Blame, Level, load_scenarios
from deltaproof.checking import Judged
from deltaproof.exchange import Exchange
from deltaproof.report.suite import print_suite
from deltaproof.report.suite_json import suite_document
from deltaproof.report.terminal import console_for
from deltaproof.suite.outcome import Arrival, Attempt, Check, CheckName, Outcome, ScenarioRun, SuiteRun, Timing
from deltaproof.verdict import judge

SCENARIOS = load_scenarios()
HEAD = '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,'


def repeated(scenario: str, entry: int) -> Judged:
    """Return a stream whose second entry has the name again."""
    deltas = (
        '{"role":"assistant","content":null}',
        '{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":""}}]}',
        '{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]}',
    )
    chunks = [f'{HEAD}"delta":{delta},"finish_reason":null}}]}}' for delta in deltas]
    chunks += [f'{HEAD}"delta":{{}},"finish_reason":"tool_calls"}}]}}', "[DONE]"]
    body = "".join(f"data: {chunk}\n\n" for chunk in chunks).encode()
    exchange = Exchange("http://h/v1/chat/completions", body, entry=entry, scenario=scenario)
    return Judged(exchange, judge(exchange))


def suite() -> SuiteRun:
    """Return a run in which each outcome occurs."""
    fast = Timing(0.0004, 0.0125, 1250.4, 0.25, Arrival.STREAM)
    slow = Timing(1.25, None, 2.54, 12.5, Arrival.STREAM)
    burst = Timing(62.0, 62.0, None, None, Arrival.BURST)
    refused = Check(CheckName.REFUSES, "n = 0: accepted with status 200", "", Level.WARNING)
    cut = Check(CheckName.COMPLETES, "the connection was reset", "\x1b[31mdata: {", Level.ERROR, Blame.TRANSPORT)
    runs = {
        "plain-text": Attempt(Outcome.JUDGED, timing=slow),
        "empower-weather": Attempt(Outcome.JUDGED, judged=(repeated("empower-weather", 0),), timing=fast),
        "tool-choice-any": Attempt(Outcome.UNSUPPORTED, "the server refuses it: no"),
        "tool-choice-auto": Attempt(Outcome.JUDGED, judged=(repeated("tool-choice-auto", 1),), timing=burst),
        "tool-choice-named": Attempt(Outcome.JUDGED, judged=(repeated("tool-choice-named", 2),)),
        "tool-choice-none": Attempt(Outcome.JUDGED, judged=(repeated("tool-choice-none", 3),)),
        "two-calls-two-tools": Attempt(Outcome.UNEXERCISED, "the model made no calls, not 2", Blame.MODEL),
        "schema-enum": Attempt(Outcome.FAILED, cut.message, Blame.TRANSPORT, (Check(CheckName.ACCEPTS), cut)),
        "n-2": Attempt(Outcome.UNREACHABLE, "nothing listens there"),
        "history": Attempt(Outcome.SKIPPED, "not run"),
        "hang-up": Attempt(Outcome.SKIPPED, "not run"),
        "refuse-n-0": Attempt(Outcome.FAILED, refused.message, Blame.PROTOCOL, (refused,)),
    }
    return SuiteRun(
        url="http://h/v1",
        model="m\u202e",
        server="llama.cpp",
        fingerprint="b7",
        profile="de-facto",
        provider=None,
        runs=tuple(
            ScenarioRun(SCENARIOS[name], (one, one, one) if one.outcome is Outcome.UNEXERCISED else (one,))
            for name, one in runs.items()
        ),
        interrupted=True,
    )


def text(told: SuiteRun, width: int) -> str:
    """Return what a terminal of this width shows, blanks at the ends of lines left out."""
    stream = io.StringIO()
    print_suite(told, console_for(stream, width=width))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def test_a_report_for_80_columns() -> None:
    """Each scenario has a row, each outcome its reason, each failed check and each finding is told once."""
    assert text(suite(), 80) == NARROW


NARROW = """\
http://h/v1  m\\u202e  (llama.cpp, b7)

scenario            outcome     ✗ ! ·  byte  arg frag/s   gap streams
─────────────────────────────────────────────────────────────────────
plain-text          judged            1.25s         2.5 12.5s     yes
empower-weather     judged      1     0.4ms 12ms  1,250 250ms     yes

tool-choice-any     unsupported
tool-choice-auto    judged      1       62s  62s                burst
tool-choice-named   judged      1
tool-choice-none    judged      1

two-calls-two-tools unexercised

schema-enum         failed      1

n-2                 unreachable

history             skipped
hang-up             skipped

refuse-n-0          failed        1

✗ errors  ! warnings  · notes, of rules and of failed checks;  ?  too short to
tell whether it streams

unsupported  tool-choice-any: the server refuses it: no
unexercised  two-calls-two-tools: the model made no calls, not 2 (3 attempts;
             blame: model)
unreachable  n-2: nothing listens there
skipped      history, hang-up: not run

✗ error  check failed: completes  the stream is not cut, and tells of no failure
  found  schema-enum: the connection was reset
  wire   \\x1b[31mdata: {
  blame  transport

! warning  check failed: refuses  a bad request is refused, with a 4xx and a
JSON body
  found  refuse-n-0: n = 0: accepted with status 200
  blame  protocol

✗ error  tool-call-continuation-name  the same name again
  found  the name "f" is there again
  where  empower-weather, event 3, body byte 405, choice 0, call 0
         tool-choice-auto, event 3, body byte 405, choice 0, call 0
         also tool-choice-named, tool-choice-none
  wire   …"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]},"
         finish_reason":null}]}
  why    Clients that add up every string they are given turn a repeated name
         into `get_weatherget_weather`, which no tool has.
  who    breaks 10 of 36 measured clients, all of them silently
  blame  protocol
  page   deltaproof rules tool-call-continuation-name

12 scenarios: 2 failed, 1 unreachable, 5 judged, 1 unsupported, 1 unexercised, 2
skipped; by de-facto: 5 errors, 1 warning, 0 notes; interrupted"""


def test_wider_terminals_have_words_for_headings_and_then_titles() -> None:
    """Nothing is left out on a narrow one that is not said elsewhere."""
    assert text(suite(), 120).splitlines()[2:5] == WIDE.splitlines()
    assert text(suite(), 200).splitlines()[2:5] == WIDEST.splitlines()


WIDE = """\
scenario             outcome      ✗  !  ·  first byte  first argument  fragments/s  longest gap  streams
────────────────────────────────────────────────────────────────────────────────────────────────────────
plain-text           judged                     1.25s                          2.5        12.5s      yes"""
WIDEST = """\
scenario                                                                                      outcome      ✗  !  ·  first byte  first argument  fragments/s  longest gap  streams
─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
plain-text           a text, without tools                                                    judged                     1.25s                          2.5        12.5s      yes"""


def test_a_clean_run_is_a_table_and_a_line() -> None:
    """Where nothing is to be told, nothing is."""
    clean = replace(suite(), runs=suite().runs[:1], interrupted=False, server="", fingerprint="", provider="openai")
    assert text(clean, 80) == CLEAN


CLEAN = """\
http://h/v1  m\\u202e

scenario   outcome ✗ ! ·  byte arg frag/s   gap streams
───────────────────────────────────────────────────────
plain-text judged        1.25s        2.5 12.5s     yes

✗ errors  ! warnings  · notes, of rules and of failed checks;  ?  too short to
tell whether it streams

1 scenario: 1 judged; by de-facto: 0 errors, 0 warnings, 0 notes; waivers of
openai applied"""


def test_the_json_has_the_same_and_more() -> None:
    """The scenarios point into the exchanges; seconds have six digits at most."""
    document = suite_document(suite())
    scenarios = document["scenarios"]
    assert isinstance(scenarios, list)
    assert scenarios[1] == {
        "name": "empower-weather",
        "title": "Empower's own example: the weather in two cities, two calls",
        "status": "judged",
        "reason": None,
        "blame": None,
        "attempts": 1,
        "checks": [],
        "timing": {
            "first_byte": 0.0004,
            "first_argument": 0.0125,
            "fragments_per_second": 1250.4,
            "longest_gap": 0.25,
            "arrival": "stream",
        },
        "exchanges": [0],
    }
    assert [one["exchanges"] for one in scenarios] == [[], [0], [], [1], [2], [3], [], [], [], [], [], []]
    assert scenarios[7]["checks"] == [
        {"check": "accepts", "holds": True},
        {
            "check": "completes",
            "holds": False,
            "level": "error",
            "blame": "transport",
            "message": "the connection was reset",
            "text": "\x1b[31mdata: {",
        },
    ]
    assert document["interrupted"] is True
    assert json.loads(json.dumps(document)) == document
