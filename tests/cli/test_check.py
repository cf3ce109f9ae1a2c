"""Facts about `deltaproof check`, seen from outside."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import jsonschema
import pytest

from deltaproof.catalog import specs_folder
from tests.cli.command import CLEAN, COMMAND, REPEATED, deltaproof, fragment, stream

REPORT = """\

 source            five  wire  env  choi  delt  call  args  end  use  req
 ────────────────────────────────────────────────────────────────────────
 repeated.sse       ✗1    ?     ✓    ✓     ✓     ✓     ?     ?    ?    ?

✗ error  ! warning  · note  ✓ conforms  ~ off  ? undecided  ○ nothing to check
undecided for want of: the request (1), the response's headers (1)

✗ error  tool-call-continuation-name  the same name again
  found  the name "f" is there again
  where  repeated.sse, event 3, body byte 410, choice 0, call 0 (2 times, last
         in event 4)
  wire   …"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{\\"a\\""}}
         ]},"finish_reason":null}]}
  why    Clients that add up every string they are given turn a repeated name
         into `get_weatherget_weather`, which no tool has.
  who    breaks 10 of 36 measured clients, all of them silently
  blame  protocol
  page   deltaproof rules tool-call-continuation-name

1 exchange judged by de-facto: 1 error, 0 warnings, 0 notes
"""


NARROW = """\
repeated.sse
  five ✗1  wire ?   env  ✓   choi ✓
  delt ✓   call ✓   args ?   end  ?
  use  ?   req  ?

✗ error  ! warning  · note  ✓ conforms
~ off  ? undecided  ○ nothing to check
undecided for want of: the request (1),
the response's headers (1)

✗ error  tool-call-continuation-name
the same name again
  found  the name "f" is there again
"""


def test_a_report_shows_a_table_and_each_finding_once(tmp_path: Path) -> None:
    """Rule, case, place, words on the wire, reason, figures, blame and page: the whole report at 80 columns.

    No line of it ends with blanks.
    """
    (tmp_path / "repeated.sse").write_text(REPEATED)
    ran = deltaproof("check", "repeated.sse", cwd=tmp_path)
    assert ran.out == REPORT
    assert (ran.code, ran.err) == (1, "")


def test_what_does_not_fit_into_a_table_is_a_list(tmp_path: Path) -> None:
    """At 40 columns each source stands over its groups, all of which are named."""
    (tmp_path / "repeated.sse").write_text(REPEATED)
    ran = deltaproof("check", "repeated.sse", cwd=tmp_path, columns=40)
    assert ran.out.startswith(NARROW)


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_no_line_is_longer_than_the_terminal(tmp_path: Path, columns: int) -> None:
    """Long paths and long values are folded."""
    folder = tmp_path / "a-folder-with-quite-a-long-name" / "and-another-one-inside-of-it"
    folder.mkdir(parents=True)
    (folder / "stream.sse").write_text(stream(fragment("x" * 500, name="long" * 60)))
    lines = deltaproof("check", ".", cwd=tmp_path, columns=columns).out.splitlines()
    assert max(map(len, lines)) <= columns


def test_a_stream_cannot_drive_the_terminal(tmp_path: Path) -> None:
    """Escape sequences, C1 controls, directional overrides and zero-width characters are shown as escapes."""
    hostile = "\x1b]0;title\x07\x1b[2J\x9b31m\u202e\u200b\ufeff"
    (tmp_path / "hostile.sse").write_text(CLEAN + f"{hostile}: x\n\n", encoding="utf-8")
    out = deltaproof("check", "hostile.sse", cwd=tmp_path).out
    assert not set(hostile) & set(out) - set("]0;title[2J31m")
    assert r"\x1b]0;title\x07\x1b[2J\x9b31m\u202e\u200b\ufeff: x" in out


def test_json_follows_its_schema_and_says_the_same(tmp_path: Path) -> None:
    """The report as JSON is valid by specs/schemas/report.json; a finding has every field."""
    (tmp_path / "repeated.sse").write_text(REPEATED)
    (tmp_path / "notes.txt").write_text("no stream")
    ran = deltaproof("check", ".", "--format", "json", cwd=tmp_path)
    report = json.loads(ran.out)
    jsonschema.validate(report, json.loads((specs_folder() / "schemas" / "report.json").read_bytes()))
    (exchange,) = report["exchanges"]
    assert exchange["findings"] == [
        {
            "rule": "tool-call-continuation-name",
            "case": "repeated",
            "level": "error",
            "blame": "protocol",
            "choice": 0,
            "tool_call": 0,
            "event": 3,
            "offset": 410,
            "count": 2,
            "last_event": 4,
            "message": 'the name "f" is there again',
            "text": '…"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{\\"a\\""}}]},"finish_reason":null}]}',
            "breaks": {"clients": 36, "wrong": 9, "lost": 1, "error": 0, "soft": 0},
            "waiver": None,
        }
    ]
    assert exchange["message"] == {
        "choices": [
            {
                "index": 0,
                "content": None,
                "tool_calls": [{"index": 0, "id": "call_a", "type": "function", "name": "f", "arguments": '{"a":1}'}],
                "finish_reason": "tool_calls",
            }
        ]
    }
    assert exchange["evidence"] == ["bytes", "fields"]
    assert len(exchange["verdicts"]) == report["totals"]["verdicts"]["conforms"] + sum(
        report["totals"]["verdicts"][verdict] for verdict in ("deviates", "unexercised", "undecided")
    )
    assert [skipped["source"] for skipped in report["skipped"]] == ["notes.txt"]


@pytest.mark.parametrize(
    ("name", "told", "other"),
    [("null", "zod", "get_weatherget_weather"), ('""', "zod", "get_weatherget_weather"), ('"f"', "get_weather", "zod")],
)
def test_the_reason_is_that_of_the_case(tmp_path: Path, name: str, told: str, other: str) -> None:
    """Only a name that is repeated is added up to `get_weatherget_weather`, and not one that is null or empty."""
    (tmp_path / "a.sse").write_text(CLEAN.replace('{"arguments"', f'{{"name":{name},"arguments"'))
    out = deltaproof("check", "a.sse", cwd=tmp_path, columns=200).out
    (why,) = [line for line in out.splitlines() if line.startswith("  why")]
    assert told in why
    assert other not in why


@pytest.mark.parametrize(
    ("body", "arguments", "code"),
    [
        (CLEAN, (), 0),
        (REPEATED, (), 1),
        (REPEATED, ("--fail-on", "never"), 0),
        (REPEATED, ("--profile", "lenient"), 0),
        (CLEAN.replace("data: [DONE]\n\n", ""), (), 0),
        (CLEAN.replace("data: [DONE]\n\n", ""), ("--fail-on", "warning"), 1),
    ],
)
def test_the_exit_code_follows_the_level(tmp_path: Path, body: str, arguments: tuple[str, ...], code: int) -> None:
    """0 clean, 1 for findings at or above --fail-on in the chosen profile."""
    (tmp_path / "a.sse").write_text(body)
    assert deltaproof("check", "a.sse", *arguments, cwd=tmp_path).code == code


def test_standard_input_is_a_source(tmp_path: Path) -> None:
    """`-` judges what is piped in."""
    ran = deltaproof("check", "-", "--format", "json", cwd=tmp_path, stdin=REPEATED.encode())
    assert [exchange["source"] for exchange in json.loads(ran.out)["exchanges"]] == ["-"]
    assert ran.code == 1


def test_an_unreadable_file_is_told_and_the_others_are_judged(tmp_path: Path) -> None:
    """Exit code 2, a line that says where and why, and the verdicts of the rest."""
    (tmp_path / "bad.yaml").write_text("interactions:\n- request: [\n")
    (tmp_path / "good.sse").write_text(CLEAN)
    ran = deltaproof("check", ".", "--format", "json", cwd=tmp_path)
    report = json.loads(ran.out)
    assert ran.code == 2
    assert [exchange["source"] for exchange in report["exchanges"]] == ["good.sse"]
    (unreadable,) = report["unreadable"]
    assert unreadable["source"].startswith("bad.yaml:3")


def test_what_stands_beside_a_stream_is_evidence(tmp_path: Path) -> None:
    """NAME.request.json and NAME.headers belong to NAME.sse; with them nothing is undecided."""
    (tmp_path / "a.sse").write_text(CLEAN)
    (tmp_path / "a.request.json").write_text(
        json.dumps({"model": "m", "stream": True, "tools": [{"type": "function", "function": {"name": "f"}}]})
    )
    (tmp_path / "a.headers").write_text("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    ran = deltaproof("check", "a.sse", "--format", "json", cwd=tmp_path)
    (exchange,) = json.loads(ran.out)["exchanges"]
    assert exchange["evidence"] == ["bytes", "fields", "request", "headers"]
    assert [rule for rule, verdict in exchange["verdicts"].items() if verdict == "undecided"] == []
    assert exchange["findings"] == []


def test_the_request_can_be_given(tmp_path: Path) -> None:
    """--request FILE stands in where a recording does not hold the request."""
    (tmp_path / "a.sse").write_text(CLEAN)
    (tmp_path / "asked.json").write_text('{"model": "m", "stream": true, "tools": [], "tool_choice": "none"}')
    ran = deltaproof("check", "a.sse", "--request", "asked.json", "--format", "json", cwd=tmp_path)
    (exchange,) = json.loads(ran.out)["exchanges"]
    assert "request-tool-choice-none" in [finding["rule"] for finding in exchange["findings"]]


def test_a_waiver_makes_a_note_with_its_reason(tmp_path: Path) -> None:
    """--provider turns what is known of a provider into notes, never silently."""
    whole = '{"tool_calls":[{"id":"call_a","function":{"name":"f","arguments":"{}"}}]}'
    (tmp_path / "a.sse").write_text(stream(whole))
    plain = json.loads(deltaproof("check", "a.sse", "--format", "json", cwd=tmp_path).out)
    waived = json.loads(deltaproof("check", "a.sse", "--format", "json", "--provider", "mistral", cwd=tmp_path).out)
    levels = {finding["rule"]: finding["level"] for finding in plain["exchanges"][0]["findings"]}
    assert levels["tool-call-index-integer"] == "error"
    notes = {finding["rule"]: finding for finding in waived["exchanges"][0]["findings"]}
    assert notes["tool-call-index-integer"]["level"] == "note"
    assert notes["tool-call-index-integer"]["waiver"].endswith(".")


def test_an_option_can_come_from_the_environment(tmp_path: Path) -> None:
    """DELTAPROOF_CHECK_PROFILE is --profile, and DELTAPROOF_CHECK_FORMAT is --format."""
    ran = deltaproof(
        "check",
        "-",
        cwd=tmp_path,
        stdin=CLEAN.encode(),
        DELTAPROOF_CHECK_PROFILE="lenient",
        DELTAPROOF_CHECK_FORMAT="json",
    )
    assert json.loads(ran.out)["profile"] == "lenient"


def test_a_report_can_go_to_a_file(tmp_path: Path) -> None:
    """-o FILE leaves standard output empty."""
    ran = deltaproof("check", "-", "--format", "json", "-o", "report.json", cwd=tmp_path, stdin=CLEAN.encode())
    assert ran.out == ""
    assert json.loads((tmp_path / "report.json").read_bytes())["totals"]["exchanges"] == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-", "--profile", "strict"), "deltaproof: there is no profile 'strict'. Known: openai-strict"),
        (("-", "--provider", "nobody"), "deltaproof: there is no provider 'nobody'. Known: "),
        (("missing.sse",), "unreadable: missing.sse"),
    ],
)
def test_an_operators_mistake_is_one_clear_line(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    """Exit code 2, no traceback, and what to do instead."""
    ran = deltaproof("check", *arguments, cwd=tmp_path, stdin=CLEAN.encode(), columns=200)
    assert ran.code == 2
    assert told in ran.out + ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("content", ["", "no stream\n"])
def test_nothing_judged_is_not_clean(tmp_path: Path, content: str) -> None:
    """A folder without a recording exits with 2 and says so: a wrong path must not look like a pass."""
    (tmp_path / "README.txt").write_text(content)
    ran = deltaproof("check", ".", cwd=tmp_path)
    assert ran.code == 2
    assert "nothing was judged" in ran.out


def test_an_output_without_a_folder_is_refused_before_anything_is_judged(tmp_path: Path) -> None:
    """-o into a folder that is not there: one line, exit code 2."""
    ran = deltaproof("check", "-", "-o", "absent/report.txt", cwd=tmp_path, stdin=CLEAN.encode())
    assert (ran.code, ran.out) == (2, "")
    assert "Error: Invalid value for '-o' / '--output': absent is no folder" in ran.err


def test_the_operator_may_know_what_a_recorder_dropped(tmp_path: Path) -> None:
    """--fidelity reconstructed leaves undecided what null and absent would have to tell apart."""
    (tmp_path / "a.sse").write_text(CLEAN)
    ran = deltaproof("check", "a.sse", "--fidelity", "reconstructed", "--format", "json", cwd=tmp_path)
    (exchange,) = json.loads(ran.out)["exchanges"]
    assert exchange["evidence"] == []
    assert exchange["verdicts"]["tool-call-continuation-name"] == "undecided"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_encoding_that_lacks_a_character_is_no_obstacle(tmp_path: Path, encoding: str) -> None:
    """What the terminal cannot show is written as an escape."""
    for arguments in (("check", "-"), ("rules", "sse-utf8"), ("check", "--help")):
        ran = deltaproof(*arguments, cwd=tmp_path, stdin=CLEAN.encode(), PYTHONIOENCODING=encoding)
        assert (ran.code, ran.err) == (0, "")


def test_a_rule_that_is_off_does_not_look_passed(tmp_path: Path) -> None:
    """Where all deviations of a group are off in the profile, its mark is ~ and not a tick."""
    (tmp_path / "a.sse").write_text(REPEATED)
    out = deltaproof("check", "a.sse", "--profile", "lenient", cwd=tmp_path).out
    (row,) = [line.split() for line in out.splitlines() if line.startswith(" a.sse")]
    assert row[1] == "~"


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_full_disk_under_the_report_is_one_line(form: str, tmp_path: Path) -> None:
    """And exit code 2: findings that nobody can read are no findings."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("the system has no /dev/full")
    (tmp_path / "repeated.sse").write_text(REPEATED)
    with full.open("w") as stdout:
        ran = subprocess.run(
            [COMMAND, "check", "repeated.sse", "--format", form],
            cwd=tmp_path,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert (ran.returncode, ran.stderr) == (2, "deltaproof: the output cannot be written: No space left on device\n")
