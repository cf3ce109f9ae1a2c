"""Facts about the command `run`: what it writes where, its options, and its exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from threading import Barrier

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from deltaproof.catalog import load_scenarios, specs_folder
from tests.run.command import Command
from tests.run.lies import Lie, Says, accepts_anything, breaks_off, but, fails, only_talks, refuses_in_html
from tests.run.polite import MODEL, Polite
from tests.run.server import Asked, Running, refusal, response, serving

SCENARIOS = load_scenarios()


@pytest.fixture
def polite() -> Iterator[Running]:
    """Serve an endpoint that does all by the book."""
    with serving(Polite().answer) as server:
        yield server


def valid(text: str) -> dict[str, object]:
    """Return the JSON object that a report is, held to its schema, which finds the other one by its `$id`."""
    schemas = {path.stem: json.loads(path.read_bytes()) for path in (specs_folder() / "schemas").glob("*.json")}
    known = Registry().with_resources((one["$id"], Resource.from_contents(one)) for one in schemas.values())
    validator = Draft202012Validator(schemas["run"], registry=known)
    report: dict[str, object] = json.loads(text)
    validator.validate(report)
    assert not validator.is_valid({**report, "totals": {}})  # what only the other schema demands
    return report


def test_an_endpoint_that_does_all_by_the_book_has_nothing_held_against_it(command: Command, polite: Running) -> None:
    """Every scenario is judged but the one whose feature is nobody's duty; no rule finds anything; exit code 0."""
    ran = command(polite.url, "--model", MODEL, "--format", "json")
    report = valid(ran.out)
    scenarios = report.pop("scenarios")
    assert isinstance(scenarios, list)
    assert {one["name"]: one["status"] for one in scenarios} == dict.fromkeys(SCENARIOS, "judged") | {
        "tool-choice-any": "unsupported"
    }
    assert [check for one in scenarios for check in one["checks"] if not check["holds"]] == []
    assert all(one["attempts"] == 1 for one in scenarios)
    assert [position for one in scenarios for position in one["exchanges"]] == list(range(50))
    exchanges = report.pop("exchanges")
    assert isinstance(exchanges, list)
    assert [one["findings"] for one in exchanges] == [[]] * 50
    assert {one["source"] for one in exchanges} == {f"{polite.url}/chat/completions"}
    assert report.pop("totals")
    assert report == {
        "deltaproof": "0.1.0",
        "profile": "de-facto",
        "provider": None,
        "target": {"url": polite.url, "model": MODEL, "server": None, "fingerprint": None},
        "interrupted": False,
        "skipped": [],
        "unreadable": [],
    }
    assert (ran.code, ran.err) == (0, "")


def test_each_scenario_exercises_rules_that_it_is_there_for(command: Command, polite: Running) -> None:
    """By the book, a scenario meets a rule that it names; rules about what goes wrong have nothing to meet."""
    report = valid(command(polite.url, "--model", MODEL, "--format", "json").out)
    exchanges, scenarios = report["exchanges"], report["scenarios"]
    assert isinstance(exchanges, list)
    assert isinstance(scenarios, list)
    met = {
        one["name"]: {
            slug
            for position in one["exchanges"]
            for slug, verdict in exchanges[position]["verdicts"].items()
            if verdict == "conforms"
        }
        for one in scenarios
        if one["status"] == "judged"
    }
    lacking = {
        name: sorted(set(SCENARIOS[name].rules) - slugs)
        for name, slugs in met.items()
        if set(SCENARIOS[name].rules) - slugs
    }
    assert lacking == {
        "plain-text": [
            "chunk-empty-choices",  # a preamble of the vendor's
            "chunk-optional-fields",  # fields that may be left out
            "delta-refusal",  # what the model would have to refuse
            "delta-vendor-mergeable",  # fields of the vendor's own
            "error-event",  # a failure
        ],
        "arguments-10-kb": ["finish-truncation"],  # a limit of the server's own
        "arguments-50-kb": ["finish-truncation"],
        "usage-not-asked": ["chunk-empty-choices"],
        "history": ["tool-call-id-unique"],  # two calls, though one will do
    }


@pytest.mark.parametrize("columns", [80, 120, 200])
def test_the_table_fits_the_terminal(
    command: Command, polite: Running, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """No line is longer than the terminal is wide or ends with blanks, and no name is cut."""
    monkeypatch.setenv("COLUMNS", str(columns))
    ran = command(polite.url, "--model", MODEL)
    lines = ran.out.splitlines()
    assert max(map(len, lines)) <= columns
    assert [name for name in SCENARIOS if not any(line.startswith(f"{name} ") for line in lines)] == []
    assert "…" not in ran.out
    assert [line for line in lines if line != line.rstrip()] == []


@pytest.mark.parametrize("columns", [30, 40])
def test_a_terminal_too_narrow_for_times_has_all_else(
    command: Command, polite: Running, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """Names go on in the next line where they must; outcomes and counts are whole."""
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = command(polite.url, "--model", MODEL).out.splitlines()
    assert max(map(len, lines)) <= columns
    assert "…" not in "".join(lines)
    rows = "".join(line.split(" ")[0] for line in lines)
    assert [name for name in SCENARIOS if name not in rows] == []
    assert sum(line.split()[1:] == ["judged"] for line in lines) == len(SCENARIOS) - 1


def test_the_report_goes_to_a_file_where_one_is_named(command: Command, polite: Running, tmp_path: Path) -> None:
    """Standard output then carries nothing."""
    file = tmp_path / "report.json"
    arguments = ("--model", MODEL, "--scenario", "plain-text", "--format", "json")
    ran = command(polite.url, *arguments, "-o", file)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert valid(file.read_text(encoding="utf-8"))["profile"] == "de-facto"


def test_a_file_that_cannot_be_written_is_told_before_anything_is_sent(
    command: Command, polite: Running, tmp_path: Path
) -> None:
    """A run is not made for nothing."""
    ran = command(polite.url, "--model", MODEL, "-o", tmp_path / "none" / "report.json")
    assert (ran.code, ran.out) == (2, "")
    assert str(tmp_path / "none") in ran.err
    assert polite.asked == []


def test_options_come_from_the_environment_and_the_command_line_goes_before(
    command: Command, polite: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DELTAPROOF_RUN_OPTION stands for --option."""
    monkeypatch.setenv("DELTAPROOF_RUN_MODEL", MODEL)
    monkeypatch.setenv("DELTAPROOF_RUN_SCENARIO", "plain-text n-2")
    monkeypatch.setenv("DELTAPROOF_RUN_PROFILE", "lenient")
    report = valid(command(polite.url, "--profile", "openai-strict", "--format", "json").out)
    scenarios = report["scenarios"]
    assert isinstance(scenarios, list)
    assert [one["name"] for one in scenarios] == ["plain-text", "n-2"]
    assert report["profile"] == "openai-strict"


@pytest.mark.parametrize(
    ("scenario", "lie", "fail_on", "code"),
    [
        ("plain-text", breaks_off, "error", 1),
        ("plain-text", breaks_off, "never", 0),
        ("custom-tool", refuses_in_html, "error", 1),
        ("custom-tool", fails, "never", 0),
        ("refuse-n-0", accepts_anything, "error", 0),
        ("refuse-n-0", accepts_anything, "warning", 1),
        ("tool-choice-auto", only_talks, "note", 0),
    ],
)
def test_the_exit_code_is_decided_by_findings_and_failed_checks(
    command: Command, scenario: str, lie: Lie, fail_on: str, code: int
) -> None:
    """What reaches the level makes it 1; what was not exercised is no finding."""
    with serving(but(lie)) as server:
        ran = command(server.url, "--model", MODEL, "--scenario", scenario, "--fail-on", fail_on)
    assert ran.code == code


def test_a_scenario_is_repeated_and_its_times_are_medians(command: Command, polite: Running) -> None:
    """Each repetition is an attempt and a stream of its own; a feature that is refused is refused once."""
    arguments = ("--model", MODEL, "--scenario", "tool-choice-a*", "--repeat", "3", "--format", "json")
    report = valid(command(polite.url, *arguments).out)
    scenarios = report["scenarios"]
    assert isinstance(scenarios, list)
    told = {one["name"]: (one["status"], one["attempts"], one["exchanges"]) for one in scenarios}
    assert told == {
        "tool-choice-allowed": ("judged", 3, [0, 1, 2]),
        "tool-choice-any": ("unsupported", 1, [3]),
        "tool-choice-auto": ("judged", 3, [4, 5, 6]),
    }


def test_a_repetition_that_fails_is_not_lost_among_others(command: Command) -> None:
    """One failure in three is a failed scenario."""
    before = count()

    def flaky(polite: Polite, asked: Asked) -> Says:
        yield from fails(polite, asked) if next(before) == 1 else polite.answer(asked)

    with serving(but(flaky)) as server:
        arguments = ("--model", MODEL, "--scenario", "plain-text", "--repeat", "3", "--format", "json")
        ran = command(server.url, *arguments)
    (told,) = json.loads(ran.out)["scenarios"]
    assert (ran.code, told["status"], told["attempts"], told["exchanges"]) == (1, "failed", 3, [0, 1, 2])


def test_as_many_scenarios_run_at_once_as_were_asked_for(command: Command) -> None:
    """Three requests that wait for each other are all answered only if they are sent at once."""
    barrier = Barrier(3, timeout=20)

    def together(polite: Polite, asked: Asked) -> Says:
        barrier.wait()
        yield from polite.answer(asked)

    with serving(but(together)) as server:
        arguments = ("--model", MODEL, "--scenario", "schema-*", "--concurrency", "3", "--format", "json")
        ran = command(server.url, *arguments)
    told = {one["name"]: one["status"] for one in json.loads(ran.out)["scenarios"]}
    assert told == dict.fromkeys(("schema-enum", "schema-nested", "schema-strict"), "judged")


def test_the_scenarios_are_listed_without_a_server(command: Command) -> None:
    """`--list` needs no URL."""
    ran = command("--list")
    assert [line.split()[0] for line in ran.out.splitlines()] == list(SCENARIOS)
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(
    "wrong", [["--repeat", "0"], ["--concurrency", "0"], ["--timeout", "0"], ["--fail-on", "cats"]]
)
def test_wrong_usage_is_exit_code_2(command: Command, wrong: list[str]) -> None:
    """Nothing is sent, and standard output stays empty."""
    ran = command("http://localhost/v1", "--model", "m", *wrong)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Usage: deltaproof run ")


def test_what_a_server_says_cannot_drive_the_terminal(command: Command) -> None:
    """Its error message is shown with control characters made visible."""

    def script(asked: Asked) -> list[bytes]:
        hostile = ("Server: \x1b[31mred",)
        if asked.body == b"{}":
            return [refusal("empty")]
        if asked.method == "GET":
            return [response(b"{}", headers=hostile)]
        return [response(json.dumps({"error": {"message": "\x1b]0;owned\x07"}}).encode(), status="400 Bad Request")]

    with serving(script) as server:
        ran = command(server.url, "--model", "m", "--scenario", "plain-text")
    assert "\x1b" not in ran.out
    assert "\\x1b]0;owned\\x07" in ran.out
