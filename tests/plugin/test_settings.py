"""Facts about settings: which place comes before which, and what is told of a value that is none."""

from __future__ import annotations

import pytest

from tests.cli.command import REPEATED
from tests.plugin.project import Project, answered

PLACES = ("table", "ini", "environment", "option", "mark")


@pytest.mark.parametrize("place", PLACES)
def test_the_nearer_place_comes_first(place: str, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mark before an option, before the environment, before an ini option, before the table: each of them decides."""
    project.cassette(answered(REPEATED))
    set_there = PLACES[: PLACES.index(place) + 1]
    told = {one: "never" if one == place else "error" for one in set_there}
    table = f'[tool.deltaproof]\nfail-on = "{told["table"]}"\n'
    ini = f'deltaproof_fail_on = "{told["ini"]}"\n' if "ini" in told else ""
    project.write("pyproject.toml", f"{table}[tool.pytest.ini_options]\n{ini}")
    if "environment" in told:
        monkeypatch.setenv("DELTAPROOF_PYTEST_FAIL_ON", told["environment"])
    mark = f'@pytest.mark.deltaproof(fail_on="{told["mark"]}")' if "mark" in told else ""
    project.tests(f"""
{mark}
def test_it(deltaproof):
    ask(deltaproof.base_url)
""")
    options = ("--deltaproof-fail-on", told["option"]) if "option" in told else ()
    assert project.run(*options).counts == "1 passed"


@pytest.mark.parametrize("fail_on", ["error", "warning", "note", "never"])
def test_findings_fail_from_a_level_on(fail_on: str, project: Project) -> None:
    """A null name is a warning: it fails a test at its level and below."""
    null = REPEATED.replace('"function":{"name":"f","arguments":"{\\"a', '"function":{"name":null,"arguments":"{\\"a')
    project.cassette(answered(null.replace('{"name":"f","arguments":":1', '{"arguments":":1')))
    project.tests("""
def test_it(deltaproof):
    ask(deltaproof.base_url)
    assert [one.level for one in deltaproof.report.findings] == ["warning"]
""")
    ran = project.run("--deltaproof-fail-on", fail_on)
    assert ran.counts == ("1 failed" if fail_on in ("warning", "note") else "1 passed")


def test_cassettes_can_lie_in_a_folder_of_another_name(project: Project) -> None:
    """Beside the test's file as well."""
    project.cassette(answered(), name="../recordings/test_agent/test_it.yaml")
    project.tests("""
def test_it(deltaproof):
    ask(deltaproof.base_url)
""")
    assert project.run("--deltaproof-cassettes", "recordings").counts == "1 passed"


@pytest.mark.parametrize(
    ("options", "variable", "error"),
    [
        (
            ("--deltaproof-record", "always"),
            {},
            "argument --deltaproof-record: invalid choice: 'always' (choose from",
        ),
        (
            (),
            {"DELTAPROOF_PYTEST_RECORD": "always"},
            "the variable DELTAPROOF_PYTEST_RECORD: 'always' is none of none, once, new_episodes, all, rewrite",
        ),
        (
            (),
            {"DELTAPROOF_PYTEST_STRICT": "maybe"},
            "the variable DELTAPROOF_PYTEST_STRICT: 'maybe' is neither true nor false",
        ),
    ],
)
def test_a_value_that_is_none_is_told_with_its_place(
    options: tuple[str, ...],
    variable: dict[str, str],
    error: str,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The test does not run."""
    for name, value in variable.items():
        monkeypatch.setenv(name, value)
    project.cassette(answered())
    project.tests("""
def test_it(deltaproof):
    raise AssertionError
""")
    ran = project.spawn(*options)
    assert ran.code == 4
    assert error in ran.out
    assert "AssertionError" not in ran.out


@pytest.mark.parametrize(
    ("options", "files", "told"),
    [
        pytest.param(
            (),
            {"pytest.ini": "[pytest]\ndeltaproof_record = bogus\n"},
            "the ini option deltaproof_record: 'bogus' is none of none, once, new_episodes, all, rewrite",
            id="ini",
        ),
        pytest.param(
            (),
            {"pyproject.toml": '[tool.deltaproof]\nrecord = "bogus"\n'},
            "FOLDER/pyproject.toml: [tool.deltaproof] record: 'bogus' is none of none, once, new_episodes, all, rewrite",
            id="table",
        ),
        pytest.param(
            (),
            {"pyproject.toml": "[tool.deltaproof]\nfail-on = 3\n"},
            "FOLDER/pyproject.toml: [tool.deltaproof] fail-on: it is no text",
            id="number",
        ),
        pytest.param(
            (),
            {"pyproject.toml": '[tool.deltaproof]\nstrict = "perhaps"\n'},
            "FOLDER/pyproject.toml: [tool.deltaproof] strict: 'perhaps' is neither true nor false",
            id="truth",
        ),
        pytest.param(
            (),
            {"pyproject.toml": "[tool.deltaproof]\nstrict = 1\n"},
            "FOLDER/pyproject.toml: [tool.deltaproof] strict: 1 is neither true nor false",
            id="truth-number",
        ),
        pytest.param(
            ("--deltaproof-timeout", "abc"),
            {},
            "--deltaproof-timeout: 'abc' is no number of seconds",
            id="timeout",
        ),
        pytest.param(
            ("--deltaproof-record", "once", "--deltaproof-api-key-env", "NOPE"),
            {},
            "NOPE: no key is in this environment variable. export NOPE=…",
            id="key",
        ),
        pytest.param(
            ("--deltaproof-record", "once"),
            {"pytest.ini": "[pytest]\ndeltaproof_api_key_env = NOPE\n"},
            "the ini option deltaproof_api_key_env: NOPE: no key is in this environment variable. export NOPE=…",
            id="key-ini",
        ),
        pytest.param(
            ("--deltaproof-profile", "foo"),
            {},
            "there is no profile 'foo'. Known: de-facto, empower, lenient, openai-strict",
            id="profile",
        ),
        pytest.param(
            (),
            {"pytest.ini": "[pytest]\ndeltaproof_profile = foo\n"},
            "the ini option deltaproof_profile: there is no profile 'foo'."
            " Known: de-facto, empower, lenient, openai-strict",
            id="profile-ini",
        ),
        pytest.param(
            ("--deltaproof-upstream", "localhost:8000/v1"),
            {},
            "localhost:8000/v1: this is no URL of an endpoint. Write http://localhost:8000/v1",
            id="upstream",
        ),
        pytest.param(
            ("--deltaproof-model", "m"),
            {},
            "--deltaproof-model is for the conformance suite. Add --deltaproof-url URL",
            id="model",
        ),
    ],
)
@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "workers"])
def test_a_wrong_setting_ends_the_run_with_one_line(
    options: tuple[str, ...], files: dict[str, str], told: str, workers: tuple[str, ...], project: Project
) -> None:
    """Exit code 4 before any test, and not an error for each."""
    project.write("pyproject.toml", "[tool.pytest.ini_options]\n")
    for name, text in files.items():
        project.write(name, f"{text}[tool.pytest.ini_options]\n" if name == "pyproject.toml" else text)
    project.tests("""
def test_it(deltaproof):
    raise AssertionError

def test_other(deltaproof):
    raise AssertionError
""")
    ran = project.spawn(*options, *workers, plugins=["xdist"] if workers else [])
    assert (ran.code, ran.out) == (4, f"ERROR: {told.replace('FOLDER', str(project.folder))}\n\n")


@pytest.mark.parametrize("mode", ["none", "once"])
def test_a_key_that_is_set_for_the_project_need_not_be_there_to_replay(mode: str, project: Project) -> None:
    """Nor where it records once and has all its cassettes."""
    project.write("pytest.ini", f"[pytest]\ndeltaproof_api_key_env = NOPE\ndeltaproof_record = {mode}\n")
    project.cassette(answered())
    project.tests("""
def test_it(deltaproof):
    ask(deltaproof.base_url)
""")
    assert project.run().counts == "1 passed"
