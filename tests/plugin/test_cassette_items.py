"""Facts about cassettes as tests: which are collected, what fails them, what passes one over."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deltaproof.cassette import read_kept, write_cassette
from deltaproof.exchange import Exchange
from deltaproof.faults import named
from tests.plugin.item_suite import Project

CASSETTES = Path(__file__).parents[2] / "cassettes"
GOOD = CASSETTES / "llama.cpp" / "two-calls-one-tool.yaml"
DIR = ("--deltaproof-check-cassettes", "cassettes")
PLAIN = """\
interactions:
- request: {method: GET, uri: "http://acme.test/v1/models", body: null, headers: {}}
  response: {status: {code: 200, message: OK}, headers: {}, body: {string: "{}"}}
version: 1
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Begin a project whose tests have cassettes, as pytest-recording names them."""
    project = Project(pytester, monkeypatch)
    put(GOOD, project.folder / "cassettes/test_mine/test_good[a-b].yaml")
    bad(project.folder / "cassettes/test_mine/test_bad.yaml")
    return project


def put(source: Path, target: Path) -> None:
    """Copy a file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def bad(target: Path) -> None:
    """Write a cassette whose second call has no name."""
    kept = [one for one in read_kept(GOOD) if isinstance(one, Exchange)]
    target.parent.mkdir(parents=True, exist_ok=True)
    write_cassette(target, [named("name-missing").apply(one) for one in kept], provenance={})


def test_the_report_is_the_message(project: Project) -> None:
    """Rule, event, words on the wire, page; the id is the file's path, and the rest of the suite runs as ever."""
    ran = project.run(*DIR, "-v")
    assert ran.words == {
        "test_mine.py::test_mine": "PASSED",
        "cassettes/test_mine/test_bad.yaml": "FAILED",
        "cassettes/test_mine/test_good[a-b].yaml": "PASSED",
    }
    told = "\n".join(line for line in ran.tail.splitlines() if not line.startswith(("  wire", "         ")))
    assert (ran.code, told) == (
        1,
        """\
=================================== FAILURES ===================================
__________________ cassette cassettes/test_mine/test_bad.yaml __________________
✗ error  tool-call-open-name  the opening entry has no name, or an empty one
  found  the call opens without a name
  where  cassettes/test_mine/test_bad.yaml, event 20, body byte 5,460, choice 0,
  why    Clients decide what to run from the first entry; a name in pieces is
  who    breaks 10 of 36 measured clients, 5 of them silently
  blame  protocol
  page   deltaproof rules tool-call-open-name

1 exchange judged by de-facto: 1 error, 0 warnings, 0 notes
=========================== short test summary info ============================
FAILED cassettes/test_mine/test_bad.yaml - Failed: ✗ error  tool-call-open-na...
1 failed, 2 passed""",
    )


def test_what_has_no_stream_is_skipped_with_the_reason_and_what_cannot_be_read_fails(project: Project) -> None:
    """Nothing is passed for want of something to judge, and no file that may be a recording is left out."""
    project.write("cassettes/plain.yaml", PLAIN)
    project.write("cassettes/empty.yaml", "interactions: []\nversion: 1\n")
    project.write("cassettes/notes.txt", "Nothing to see.\n")
    project.write("cassettes/cut.yaml", PLAIN.removesuffix("version: 1\n"))
    project.write("cassettes/picture.png", "no recording")
    project.write("cassettes/.hidden.yaml", PLAIN)
    ran = project.run(*DIR, "-rfs", "-k", "not mine")
    assert (ran.code, ran.tail) == (
        1,
        """\
=================================== FAILURES ===================================
_________________________ cassette cassettes/cut.yaml __________________________
unreadable: cassettes/cut.yaml:4:1: the file is cut short: `version` is missing,
which stands beside `interactions`
nothing was judged; 1 unreadable
=========================== short test summary info ============================
FAILED cassettes/cut.yaml - Failed: unreadable: cassettes/cut.yaml:4:1: the f...
SKIPPED [1] cassettes/empty.yaml:1: a cassette without interactions
SKIPPED [1] cassettes/notes.txt:1: no recording format is recognised
SKIPPED [1] cassettes/plain.yaml:1: GET acme.test/v1/models: no chat completion
1 failed, 3 skipped, 3 deselected
""",
    )


TESTS = ["test_mine.py::test_mine"]
RECORDINGS = ["cassettes/test_mine/test_bad.yaml", "cassettes/test_mine/test_good[a-b].yaml"]


@pytest.mark.parametrize(
    ("named", "collected"),
    [
        pytest.param((*DIR,), [*TESTS, *RECORDINGS], id="all"),
        pytest.param((*DIR, "."), [*TESTS, *RECORDINGS], id="all-named"),
        pytest.param((*DIR, "test_mine.py"), [*TESTS, *RECORDINGS], id="a-test-and-the-folder"),
        pytest.param((*DIR, "cassettes"), RECORDINGS, id="folder"),
        pytest.param((*DIR, "cassettes/test_mine", "cassettes"), RECORDINGS, id="folder-and-a-part-of-it"),
        pytest.param((*DIR, RECORDINGS[0]), RECORDINGS[:1], id="file"),
        pytest.param((*DIR, RECORDINGS[1]), RECORDINGS[1:], id="brackets"),
        pytest.param((*DIR, "test_mine.py", RECORDINGS[1]), [*TESTS, *RECORDINGS[1:]], id="a-test-and-a-file"),
        pytest.param((*DIR, "--deselect", RECORDINGS[0]), [*TESTS, *RECORDINGS[1:]], id="deselected"),
        pytest.param((*DIR, "-k", "test_good"), RECORDINGS[1:], id="keyword"),
        pytest.param(("--deltaproof-check-cassettes", "cassettes/.."), [*TESTS, *RECORDINGS], id="root"),
    ],
)
def test_what_is_named_is_what_is_collected(project: Project, named: tuple[str, ...], collected: list[str]) -> None:
    """No recording twice, however it is named."""
    assert [line for line in project.ids(*named) if line] == collected


@pytest.mark.parametrize(
    ("named", "collected"),
    [
        pytest.param((), [*TESTS, *RECORDINGS], id="all"),
        pytest.param(("test_mine.py",), TESTS, id="a-test"),
        pytest.param((".",), [*TESTS, *RECORDINGS], id="all-named"),
        pytest.param(("cassettes/test_mine",), RECORDINGS, id="folder"),
    ],
)
def test_a_folder_that_is_set_for_the_project_is_collected_where_it_lies(
    project: Project, named: tuple[str, ...], collected: list[str]
) -> None:
    """Who runs one test does not want all cassettes judged."""
    project.write("pytest.ini", "[pytest]\ndeltaproof_check_cassettes = cassettes\n")
    assert [line for line in project.ids(*named) if line] == collected


def test_a_folder_may_lie_outside_of_the_tests_and_of_the_root(project: Project) -> None:
    """It is named by where it is from the root."""
    project.write("inner/pytest.ini", "[pytest]\ntestpaths = tests\n")
    project.write("inner/tests/test_it.py", "def test_it():\n    pass\n")
    inner = ("-c", "inner/pytest.ini", "--rootdir", "inner")
    ran = project.run(*inner, "inner/tests", *DIR, "-v")
    ids = [f"inner/../{one}" for one in RECORDINGS]
    assert ran.words == {"inner/tests/test_it.py::test_it": "PASSED", ids[0]: "FAILED", ids[1]: "PASSED"}
    assert project.run(*inner, *DIR, "-v", ids[1]).words == {ids[1]: "PASSED"}


def test_in_a_subfolder_what_lies_elsewhere_is_not_meant(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with tests."""
    project.write("pytest.ini", "[pytest]\ndeltaproof_check_cassettes = cassettes\n")
    project.write("sub/test_sub.py", "def test_sub():\n    pass\n")
    monkeypatch.chdir(project.folder / "sub")
    assert [line for line in project.ids() if line] == ["sub/test_sub.py::test_sub"]
    monkeypatch.chdir(project.folder / "cassettes")
    assert [line for line in project.ids() if line] == RECORDINGS


def test_a_folder_that_is_not_there_is_wrong_usage(project: Project) -> None:
    """In one line."""
    ran = project.run("--deltaproof-check-cassettes", "casettes")
    told = "ERROR: --deltaproof-check-cassettes FOLDER/casettes: there is no such folder\n\n"
    assert (ran.code, ran.out, ran.err) == (4, "", told)


def test_a_folder_that_is_set_may_still_be_to_come(project: Project) -> None:
    """What records it is run; where a file stands in its place, the setting is named."""
    project.write("pytest.ini", "[pytest]\ndeltaproof_check_cassettes = to/come\n")
    ran = project.run("-v")
    assert ran.words == {"test_mine.py::test_mine": "PASSED"}
    assert (ran.code, "deltaproof: no cassettes to check: FOLDER/to/come is not there yet\n" in ran.out) == (0, True)
    project.write("to/come", "")
    ran = project.run()
    told = "ERROR: the ini option deltaproof_check_cassettes FOLDER/to/come: it is no folder\n\n"
    assert (ran.code, ran.out, ran.err) == (4, "", told)


def test_a_link_that_leads_nowhere_fails_and_stops_nothing(project: Project) -> None:
    """It is a test of its own."""
    (project.folder / "cassettes" / "test_mine" / "lost.yaml").symlink_to("nowhere")
    ran = project.run(*DIR, "-v")
    lost = "cassettes/test_mine/lost.yaml"
    assert ran.words[lost] == "FAILED"
    assert ran.words[RECORDINGS[1]] == "PASSED"
    assert f"{lost}: it cannot be read: No such file or directory\n" in ran.out


def test_lf_and_workers(project: Project) -> None:
    """What failed is run again alone; workers share the recordings out."""
    project.spawn(*DIR, "-n2", "--junit-xml", "junit.xml")
    assert project.cases("junit.xml") == {
        ("test_mine", "test_mine", "passed"): 1,
        ("", "cassettes.test_mine.test_bad.yaml", "failure"): 1,
        ("", "cassettes.test_mine.test_good[a-b].yaml", "passed"): 1,
    }
    ran = project.run(*DIR, "--lf", "-v")
    assert ran.words == {RECORDINGS[0]: "FAILED"}


def test_the_level_and_the_profile_decide(project: Project) -> None:
    """As for the fixture's streams."""
    assert project.run(*DIR, "--deltaproof-fail-on", "never").code == 0
    ran = project.run(*DIR, "--deltaproof-profile", "defacto")
    assert (ran.code, ran.err[:38]) == (4, "ERROR: there is no profile 'defacto'. ")


CLIENT = """
import pytest
import requests

URL = "http://acme.test/v1/chat/completions"

@pytest.mark.vcr
def test_weather():
    assert requests.post(URL, json={"stream": True, "messages": []}).status_code == 200
"""
STREAM = (GOOD.parents[2] / "tests/streams/one-call.sse").read_text(encoding="utf-8")


def test_a_suite_with_pytest_recording_gets_its_streams_judged_without_a_change(project: Project) -> None:
    """Its test passes by the broken recording that vcrpy replays; the recording fails."""
    body = STREAM.replace('"name":"get_tide"', '"name":""')
    assert body != STREAM
    lines = "".join(f"        {line}\n" if line else "\n" for line in body.splitlines())
    project.write("test_agent.py", CLIENT)
    project.write(
        "cassettes/test_agent/test_weather.yaml",
        f"""\
interactions:
- request:
    method: POST
    uri: http://acme.test/v1/chat/completions
    headers: {{}}
    body: '{{"stream": true, "messages": []}}'
  response:
    status: {{code: 200, message: OK}}
    headers: {{Content-Type: [text/event-stream]}}
    body:
      string: |+
{lines}
version: 1
""",
    )
    ran = project.spawn("-p", "pytest_recording.plugin", *DIR, "-v", "-k", "weather")
    assert ran.words == {
        "test_agent.py::test_weather": "PASSED",
        "cassettes/test_agent/test_weather.yaml": "FAILED",
    }
    assert "✗ error  tool-call-open-name" in ran.out


def test_what_the_run_itself_recorded_anew_is_what_is_judged(project: Project) -> None:
    """Recordings come after the tests, and are read when it is their turn."""
    project.write(
        "test_mine.py",
        f"import shutil\n\ndef test_mine():\n    shutil.copy({str(GOOD)!r}, 'cassettes/test_mine/test_bad.yaml')\n",
    )
    assert project.run(*DIR).code == 0
