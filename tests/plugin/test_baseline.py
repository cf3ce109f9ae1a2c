"""Facts about known deviations: what is written, what is xfail, and what fails although it is known, or because of it."""

from __future__ import annotations

import pytest

from tests.plugin.item_suite import Project, endpoint, odd, odd_in
from tests.run.lies import Says, but, only_talks
from tests.run.polite import Polite
from tests.run.server import Asked, serving

FILE = "known.yaml"
COMMENT = "# What is known to deviate; `pytest --deltaproof-update` writes it anew, and keeps each `why`.\n"
REFUSED = "- deviation: checks.accepts\n  scenarios:\n  - custom-tool\n"
EMPTY_ID = "- deviation: tool-call-open-id.empty\n  scenarios:\n  - n-2\n"
BOTH = f"{COMMENT}deviations:\n{REFUSED}{EMPTY_ID}baseline: 1\n"
WANTED = ("--deltaproof-baseline", FILE, "-k", "n-2 or custom-tool")
TITLE = "=============================== known deviations ===============================\n"
SUMMARY = "=========================== short test summary info ============================\n"


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Begin a project."""
    return Project(pytester, monkeypatch)


@pytest.mark.parametrize("workers", [(), ("-n4",), ("-n2", "--dist", "worksteal")])
def test_what_is_known_is_written_and_then_expected(project: Project, workers: tuple[str, ...]) -> None:
    """By any number of workers the same file, once; what is in it is xfail with what it means."""
    with serving(but(odd)) as running:
        written = project.spawn(*endpoint(running, *WANTED, "--deltaproof-update", *workers))
        held = project.spawn(*endpoint(running, *WANTED, "-rx"))
    assert project.read(FILE) == BOTH
    assert (written.code, written.tail) == (
        0,
        f"{TITLE}known.yaml: 2 added, 0 removed, 2 known now\n11 passed, 9 skipped, 429 deselected, 2 xfailed\n"
        if not workers
        else f"{TITLE}known.yaml: 2 added, 0 removed, 2 known now\n11 passed, 9 skipped, 2 xfailed\n",
    )
    assert (held.code, held.tail) == (
        0,
        f"""\
{SUMMARY}\
XFAIL deltaproof::n-2::tool-call - tool-call-open-id.empty: the call's id is an empty string
XFAIL deltaproof::custom-tool::checks - checks.accepts: does not hold: a request that is right is accepted; \
an optional feature may be refused, with a 4xx and JSON
11 passed, 9 skipped, 429 deselected, 2 xfailed
""",
    )


def test_a_reason_is_told_and_kept(project: Project) -> None:
    """Somebody wrote it; an update removes what conforms now and nothing else, and says how much that was."""
    why = EMPTY_ID.replace("empty\n", "empty\n  why: the gateway drops them\n")
    project.write(FILE, f"deviations:\n{why}  - plain-text\n  - two-calls-one-tool\n{REFUSED}baseline: 1\n")
    with serving(but(odd)) as running:
        held = project.run(*endpoint(running, "--deltaproof-baseline", FILE, "-rx", "deltaproof::n-2::tool-call"))
        written = project.run(*endpoint(running, "--deltaproof-baseline", FILE, "--deltaproof-update", "-k", "calls"))
    assert "XFAIL deltaproof::n-2::tool-call - tool-call-open-id.empty: the gateway drops them\n" in held.out
    assert f"{TITLE}known.yaml: 0 added, 1 removed, 3 known now\n" in written.out
    assert project.read(FILE) == f"{COMMENT}deviations:\n{REFUSED}{why}  - plain-text\nbaseline: 1\n"


def test_a_new_deviation_beside_a_known_one_fails(project: Project) -> None:
    """In the same group of the same scenario; the report is of the new one, and names what was known."""
    project.write(FILE, BOTH)

    def worse(polite: Polite, asked: Asked) -> Says:
        for said in odd(polite, asked):
            yield said.replace(b'"type": "function", ', b"") if isinstance(said, bytes) else said

    with serving(but(worse)) as running:
        ran = project.run(*endpoint(running, "--deltaproof-baseline", FILE, "deltaproof::n-2::tool-call"))
    assert ran.code == 1
    assert "tool-call-open-type" in ran.out
    assert "✗ error  tool-call-open-id" not in ran.out
    assert "\n\nknown already: tool-call-open-id.empty\n\nagain: deltaproof run URL/v1" in ran.out


def test_what_conforms_now_fails_until_it_is_removed(project: Project) -> None:
    """It says which, where, and how to be rid of it."""
    project.write(FILE, BOTH)
    with serving(but(odd_in("custom-tool"))) as running:
        ran = project.run(*endpoint(running, *WANTED))
    assert (ran.code, ran.tail) == (
        1,
        f"""\
=================================== FAILURES ===================================
__________________________ deltaproof::n-2::tool-call __________________________
tool-call-open-id.empty conforms now; known.yaml still has it as a deviation (the call's id is an empty string)
Remove it there, or run with --deltaproof-update

again: deltaproof run URL/v1 --model polite-1 --scenario n-2 --profile de-facto
{SUMMARY}\
FAILED deltaproof::n-2::tool-call - Failed: tool-call-open-id.empty conforms ...
1 failed, 11 passed, 9 skipped, 429 deselected, 1 xfailed
""",
    )


def test_what_could_not_be_seen_is_not_called_conforming(project: Project) -> None:
    """A model that makes no calls shows nothing of their ids; an update leaves the entry too."""
    project.write(FILE, f"{COMMENT}deviations:\n{EMPTY_ID}baseline: 1\n")
    with serving(but(only_talks)) as running:
        held = project.run(*endpoint(running, "--deltaproof-baseline", FILE, "-v", "deltaproof::n-2::tool-call"))
        written = project.run(*endpoint(running, *WANTED[:2], "--deltaproof-update", "deltaproof::n-2"))
    assert held.words == {"deltaproof::n-2::tool-call": "SKIPPED"}
    assert f"{TITLE}known.yaml: nothing has changed\n" in written.out
    assert EMPTY_ID in project.read(FILE)


def test_runxfail_takes_nothing_for_known(project: Project) -> None:
    """As with pytest's own xfail."""
    project.write(FILE, BOTH)
    with serving(but(odd)) as running:
        ran = project.run(*endpoint(running, *WANTED, "--runxfail", "-v"))
    assert [one for one, word in ran.words.items() if word == "FAILED"] == [
        "deltaproof::n-2::tool-call",
        "deltaproof::custom-tool::checks",
    ]


def test_a_run_that_was_broken_off_writes_nothing(project: Project) -> None:
    """A model that is not there is no deviation."""
    with serving(Polite().answer) as running:
        ran = project.run(
            *("--deltaproof-url", running.url, "--deltaproof-model", "m"),
            *("--deltaproof-baseline", FILE, "--deltaproof-update"),
        )
    assert ran.code == 4
    assert not (project.folder / FILE).exists()


def test_the_file_is_found_from_the_root_where_it_is_set_for_the_project(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the folder that pytest is started in, where it is an option."""
    project.write(FILE, BOTH)
    project.write("pytest.ini", f"[pytest]\ndeltaproof_baseline = {FILE}\n")
    project.write("sub/other.yaml", BOTH)
    monkeypatch.chdir(project.folder / "sub")
    with serving(but(odd)) as running:
        by_project = project.run(*endpoint(running, "deltaproof::n-2::tool-call"))
        by_option = project.run(*endpoint(running, "--deltaproof-baseline", "other.yaml", "deltaproof::n-2::tool-call"))
    assert (by_project.code, by_option.code) == (0, 0)
    assert "by de-facto, known deviations of known.yaml\n" in by_project.out
    assert "by de-facto, known deviations of other.yaml\n" in by_option.out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            None, "FOLDER/known.yaml: there is no such baseline. Write it with --deltaproof-update", id="absent"
        ),
        pytest.param(
            BOTH.replace("n-2", "n-3"),
            "FOLDER/known.yaml:6: there is no scenario 'n-3'. Mend it, or write the file anew with --deltaproof-update",
            id="scenario",
        ),
        pytest.param(
            BOTH.replace("open-id.empty", "open-id.gone"),
            "FOLDER/known.yaml:6: there is no deviation 'tool-call-open-id.gone'."
            " Mend it, or write the file anew with --deltaproof-update",
            id="deviation",
        ),
        pytest.param(
            BOTH.replace("checks.accepts", "checks.pleases"),
            "FOLDER/known.yaml:3: there is no deviation 'checks.pleases'."
            " Mend it, or write the file anew with --deltaproof-update",
            id="check",
        ),
        pytest.param(
            BOTH.replace("baseline: 1", EMPTY_ID + "baseline: 1"),
            "FOLDER/known.yaml:9: there are two entries of tool-call-open-id.empty",
            id="twice",
        ),
        pytest.param(
            BOTH.replace("  scenarios:\n  - n-2", "  scenarios: n-2"),
            "FOLDER/known.yaml:6: `scenarios` is text, not a list",
            id="no-list",
        ),
        pytest.param(
            BOTH.replace("  scenarios:\n  - n-2", "  scenario: [n-2]"),
            "FOLDER/known.yaml:6: entries have no scenario",
            id="key",
        ),
        pytest.param(
            BOTH.replace("deviations:\n", "devs:\n"),
            "FOLDER/known.yaml: there is no key 'devs'. It has the keys baseline and deviations",
            id="other-key",
        ),
        pytest.param(
            "baseline: 1\n",
            "FOLDER/known.yaml: the key 'deviations' is missing. It has the keys baseline and deviations",
            id="no-entries",
        ),
        pytest.param(
            "deviations: n-2\nbaseline: 1\n", "FOLDER/known.yaml:1: the entry is text, not a mapping", id="text"
        ),
        pytest.param(
            BOTH.replace("baseline: 1", "baseline: 2"),
            "FOLDER/known.yaml: it is no baseline that this version reads: `baseline` is 2",
            id="version",
        ),
        pytest.param(
            BOTH.replace("baseline: 1\n", ""),
            "FOLDER/known.yaml:9:1: the file is cut short: `baseline` is missing, which stands beside `deviations`",
            id="cut",
        ),
    ],
)
def test_a_baseline_that_is_wrong_is_told_in_a_line(project: Project, text: str | None, told: str) -> None:
    """Before anything is asked."""
    if text is not None:
        project.write(FILE, text)
    ran = project.run(
        *("--deltaproof-url", "http://127.0.0.1:9/v1", "--deltaproof-model", "m", "--deltaproof-baseline", FILE)
    )
    assert (ran.code, ran.out, ran.err) == (4, "", f"ERROR: {told}\n\n")


def test_an_update_drops_what_there_is_no_more(project: Project) -> None:
    """A rule or a scenario that a new version does not have."""
    project.write(FILE, BOTH.replace("  - n-2\n", "  - n-2\n- deviation: old-rule.case\n  scenarios:\n  - n-2\n"))
    with serving(but(odd)) as running:
        ran = project.run(*endpoint(running, *WANTED, "--deltaproof-update"))
    assert f"{TITLE}known.yaml: 0 added, 1 removed, 2 known now\n" in ran.out
    assert project.read(FILE) == BOTH
