"""Facts about comparing streams in tests with what was kept of them: what is kept, what is said, and where."""

from __future__ import annotations

import re

import pytest

from tests.plugin.snapshot_suite import SPLIT, TEXT, WRITTEN, Suite

ONE = """
def test_weather(stream, snapshot):
    assert stream() == snapshot
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """Begin a suite without tests."""
    return Suite(pytester, monkeypatch)


def failures(ran_out: str) -> str:
    """Return what a test's failure says below the line that failed."""
    return "".join(line[2:].lstrip() + "\n" for line in ran_out.splitlines() if re.match("E( |$)", line))


def test_what_is_not_kept_fails_and_says_how_to_keep_it(suite: Suite) -> None:
    """Nothing is written without the option, and the whole output says what to do."""
    suite.write("test_agent.py", ONE)
    ran = suite.run("--tb=short")
    assert ran == (
        1,
        f"""\
F                                                                        [100%]
{" FAILURES ":=^80}
{" test_weather ":_^80}
test_agent.py:3: in test_weather
    assert stream() == snapshot
E   assert stream == snapshot (test_weather in snapshots/test_agent.yaml)
E     it is not kept yet; with --deltaproof-update it will be
{" short test summary info ":=^80}
FAILED test_agent.py::test_weather - assert stream == snapshot (test_weather in snapshots/test_agent.yaml)
  it is not kept yet; with --deltaproof-update it will be
1 failed
""",
    )
    assert not (suite.folder / "snapshots").exists()


def test_what_is_kept_is_told_and_holds_from_then_on(suite: Suite) -> None:
    """Kept, held, changed and kept again; what did not change is not written again."""
    suite.write("test_agent.py", ONE)
    dots = ".                                                                        [100%]\n"
    new = "snapshots/test_agent.yaml::test_weather - kept for the first time\n"
    assert suite.run("--deltaproof-update") == (0, f"{dots}{WRITTEN}{new}1 passed\n")
    file = suite.folder / "snapshots/test_agent.yaml"
    text = file.read_text(encoding="utf-8")
    assert text.startswith(
        "# What deltaproof saw in the tests of the module of this name; `pytest --deltaproof-update` writes it anew.\n"
        "exchanges:\n- of: test_weather\n  status: 200\n  type: text/event-stream\n  end: eof\n  choices:\n"
    )
    assert suite.run() == (0, f"{dots}1 passed\n")
    file.chmod(0o444)
    before = (file.stat().st_ino, file.stat().st_mtime_ns)
    assert suite.run("--deltaproof-update") == (0, f"{dots}1 passed\n")
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == before
    file.chmod(0o644)
    suite.says("call", SPLIT)
    changed = "snapshots/test_agent.yaml::test_weather - changed and kept\n"
    assert suite.run("--deltaproof-update") == (0, f"{dots}{WRITTEN}{changed}1 passed\n")
    assert suite.run() == (0, f"{dots}1 passed\n")


def test_a_mismatch_says_what_changed_in_words_and_then_as_deepdiff_has_it(suite: Suite) -> None:
    """Whole, where pytest shows all; either side of the comparison may be the snapshot."""
    suite.write("test_agent.py", ONE)
    suite.run("--deltaproof-update")
    suite.says("call", SPLIT)
    expected = """\
assert stream == snapshot (test_weather in snapshots/test_agent.yaml)
"name of call 0 + arguments of call 0" now arrives after "call 0 opens"
the first call's name now arrives in 2 chunks (was 1)
the rule tool-call-open-name now deviates (was conforms): the name comes in several pieces

Item root['choices'][0]['arrived'][2] ("name of call 0 + arguments of call 0") added to iterable.
Value of root['choices'][0]['calls'][0]['name chunks'] changed from 1 to 2.
Value of root['verdicts']['tool-call-open-name'] changed from "conforms" to "deviates: split".

with --deltaproof-update, what is there now will be kept
"""
    ran = suite.run()
    assert (ran.code, failures(ran.out)) == (1, expected)
    suite.write("test_agent.py", ONE.replace("stream() == snapshot", "snapshot == stream()"))
    assert failures(suite.run().out) == expected
    assert " snapshot test_weather " not in ran.out


def test_what_pytest_cuts_off_stands_below(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside CI pytest shows the first lines of an assertion; none of ours is lost, and none is there twice."""
    suite.write("test_agent.py", ONE)
    suite.run("--deltaproof-update")
    suite.says("call", TEXT)
    whole = failures(suite.run().out).splitlines()
    monkeypatch.delenv("CI")
    ran = suite.run()
    above, _, below = ran.out.partition(f"{' the rest of snapshot test_weather ':-^80}\n")
    rest = below.partition("=====")[0].splitlines()
    assert len(rest) > 20
    assert rest == whole[-len(rest) :]
    shown = failures(above).splitlines()[: len(whole) - len(rest)]
    assert [one if one != "..." else "" for one in shown] == whole[
        : -len(rest)
    ]  # where pytest 8 cuts, the next is blank


def test_without_the_rewriting_of_assertions_all_stands_below(suite: Suite) -> None:
    """With --assert=plain pytest shows nothing of a comparison, so the report does."""
    suite.write("test_agent.py", ONE)
    ran = suite.spawn("--assert=plain")
    told = """\
stream == snapshot (test_weather in snapshots/test_agent.yaml)
it is not kept yet; with --deltaproof-update it will be
"""
    assert (ran.code, f"{' snapshot test_weather ':-^80}\n{told}" in ran.out) == (1, True)


def test_entries_have_the_names_of_their_tests(suite: Suite) -> None:
    """Classes and parameters are in them; a test's second comparison is numbered, and one in a fixture counts."""
    suite.write(
        "test_agent.py",
        """
import pytest


@pytest.fixture
def compared(stream, snapshot):
    yield
    assert stream("text") == snapshot


class TestAgent:
    class TestAbroad:
        @pytest.mark.parametrize("city", ["Brest", "a#1", "São/Tomé::x"])
        def test_weather(self, stream, snapshot, city):
            assert stream() == snapshot


def test_two(stream, snapshot, compared):
    assert stream() == snapshot
    assert stream("text") == snapshot
""",
    )
    assert suite.run("--deltaproof-update").code == 0
    kept = [
        "TestAgent.TestAbroad.test_weather[Brest]",
        "TestAgent.TestAbroad.test_weather[S\\xe3o/Tom\\xe9::x]",
        "TestAgent.TestAbroad.test_weather[a#1]",
        "test_two",
        "test_two#1",
        "test_two#2",
    ]
    assert suite.kept() == kept
    assert suite.run().code == 0
    suite.says("text", SPLIT)
    ran = suite.run()
    assert (ran.code, "stream == snapshot (test_two#1 in" in ran.out) == (1, True)
    assert "unused" not in ran.out  # the third comparison did not take place, and its entry is not called unused


def test_modules_of_one_name_in_two_folders_have_a_file_each(suite: Suite) -> None:
    """The file is beside the module, wherever pytest is started."""
    for folder in ("one", "two/deep"):
        suite.write(f"{folder}/__init__.py", "")
        suite.write(f"{folder}/test_agent.py", ONE)
    suite.run("--deltaproof-update")
    found = sorted(path.relative_to(suite.folder).as_posix() for path in suite.folder.rglob("snapshots/*"))
    assert found == ["one/snapshots/test_agent.yaml", "two/deep/snapshots/test_agent.yaml"]
    assert suite.run("two").code == 0


@pytest.mark.parametrize("more", [(), ("--deltaproof-update",)])
def test_a_damaged_file_is_an_error_with_its_line_and_is_left_as_it_is(suite: Suite, more: tuple[str, ...]) -> None:
    """A test that compares fails with what to do, at the line that compares; the others do not."""
    suite.write("test_agent.py", f"{ONE}\n\ndef test_other():\n    pass\n")
    file = suite.write("snapshots/test_agent.yaml", "exchanges:\n- of: test_weather\n  end: [\nsnapshot: 1\n")
    ran = suite.run("--tb=short", *more)
    assert ran.code == 1
    text = ran.out.partition(f"{' test_weather ':_^80}\n")[2].partition(" short test summary")[0]
    where = "snapshots/test_agent.yaml:5:1"
    hint = "Mend it, or remove it and run `pytest --deltaproof-update`"
    assert text.startswith(
        f"test_agent.py:3: in test_weather\n    assert stream() == snapshot\nE   Failed: {where}: not valid YAML: "
    )
    assert hint in text
    assert "1 failed, 1 passed" in ran.out
    assert file.read_text(encoding="utf-8") == "exchanges:\n- of: test_weather\n  end: [\nsnapshot: 1\n"


def test_where_nothing_can_be_written_the_run_fails(suite: Suite) -> None:
    """The tests pass, for what they say is right; the run does not, and says why."""
    suite.write("test_agent.py", ONE)
    suite.write("snapshots", "no folder")
    ran = suite.run("--deltaproof-update")
    trouble = "snapshots: the folder cannot be made: File exists. Move away what is there, or choose another path\n"
    assert (ran.code, ran.end) == (1, f"{WRITTEN}{trouble}1 passed\n")


def test_what_is_no_stream_is_not_compared(suite: Suite) -> None:
    """Only streams and exchanges have a shape; the message says so, and no entry is used."""
    suite.write("test_agent.py", "def test_weather(snapshot):\n    assert 'Sunny' == snapshot\n")
    ran = suite.run("--deltaproof-update")
    told = "a snapshot is of deltaproof.stream, or of one of deltaproof.exchanges; this is of type str"
    assert (ran.code, failures(ran.out)) == (1, f"assert str == snapshot\n{told}\n")
    assert suite.kept() == []


@pytest.mark.parametrize("more", [(), ("--deltaproof-update",)], ids=["held", "updated"])
def test_what_differs_keeps_nothing(suite: Suite, more: tuple[str, ...]) -> None:
    """It holds where another shape is kept, and says why it does not where none is, or the same."""
    suite.write("test_agent.py", ONE.replace("==", "!="))
    ran = suite.run("--tb=short", *more)
    told = "assert stream != snapshot (test_weather in snapshots/test_agent.yaml)\n"
    assert (ran.code, failures(ran.out)) == (1, f"{told}it is not kept, and != keeps nothing\n")
    assert not (suite.folder / "snapshots").exists()
    suite.write("test_agent.py", ONE)
    suite.run("--deltaproof-update")
    kept = (suite.folder / "snapshots/test_agent.yaml").read_text(encoding="utf-8")
    suite.write("test_agent.py", ONE.replace("==", "!="))
    ran = suite.run("--tb=short", *more)
    assert (ran.code, failures(ran.out)) == (1, f"{told}it is what is kept\n")
    suite.says("call", TEXT)
    assert suite.run(*more).code == 0
    assert (suite.folder / "snapshots/test_agent.yaml").read_text(encoding="utf-8") == kept


def test_a_failing_test_keeps_what_it_compared_before(suite: Suite) -> None:
    """Under --deltaproof-update a comparison counts, whatever the test holds of the rest."""
    suite.write("test_agent.py", f"{ONE}    assert not snapshot\n")
    assert (suite.run("--deltaproof-update").code, suite.kept()) == (1, ["test_weather"])


def test_whether_to_write_is_asked_before_anything_runs(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment can switch it on as well; what is neither yes nor no ends the run."""
    suite.write("test_agent.py", ONE)
    monkeypatch.setenv("DELTAPROOF_PYTEST_UPDATE", "perhaps")
    assert suite.run().code == pytest.ExitCode.USAGE_ERROR
    monkeypatch.setenv("DELTAPROOF_PYTEST_UPDATE", "yes")
    assert (suite.run().code, suite.kept()) == (0, ["test_weather"])
