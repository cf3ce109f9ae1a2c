"""Facts about snapshots that nothing uses: they fail a run that can know it, are removed on demand, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugin.snapshot_suite import SPLIT, UNUSED, WRITTEN, Suite

AGENT = """
import pytest


@pytest.mark.parametrize("city", ["Brest", "Nantes"])
def test_weather(stream, snapshot, city):
    assert stream() == snapshot


class TestAgent:
    def test_two(self, stream, snapshot):
        assert stream() == snapshot
        assert stream("text") == snapshot


def test_nothing():
    pass
"""

KEPT = ["TestAgent.test_two", "TestAgent.test_two#1", "test_weather[Brest]", "test_weather[Nantes]"]
FILE = "snapshots/test_agent.yaml"

GONE_CITY = f"{FILE}::test_weather[Nantes] - there is no such test\n"
GONE_CLASS = f"""\
{FILE}::TestAgent.test_two - there is no such test
{FILE}::TestAgent.test_two#1 - there is no such test
"""
LEFT_OUT = f"{FILE}::TestAgent.test_two#1 - its test passed without it\n"
ONE = "1 snapshot is not used any more; --deltaproof-update removes it\n"


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """Begin a suite whose snapshots are kept."""
    suite = Suite(pytester, monkeypatch)
    suite.write("test_agent.py", AGENT)
    assert suite.run("--deltaproof-update").code == 0
    assert suite.kept() == KEPT
    return suite


def rewrite(suite: Suite, old: str, new: str) -> None:
    """Change the module."""
    assert old in AGENT
    suite.write("test_agent.py", AGENT.replace(old, new))


def test_a_parameter_that_is_gone_fails_the_run(suite: Suite) -> None:
    """The tests pass, the run does not; the option removes the entry, and says so."""
    rewrite(suite, ', "Nantes"', "")
    ran = suite.run()
    assert (ran.code, ran.end) == (1, f"{UNUSED}{GONE_CITY}{ONE}3 passed\n")
    removed = f"{FILE}::test_weather[Nantes] - removed: there is no such test\n"
    ran = suite.run("--deltaproof-update")
    assert (ran.code, ran.end) == (0, f"{WRITTEN}{removed}3 passed\n")
    assert suite.kept() == KEPT[:3]
    assert suite.run().code == 0


def test_a_comparison_that_is_gone_fails_the_run(suite: Suite) -> None:
    """The test passed, and did not use what is kept of it; so also where it alone was run."""
    rewrite(suite, 'stream("text") == snapshot', "True")
    told = f"{UNUSED}{LEFT_OUT}{ONE}"
    ran = suite.run()
    assert (ran.code, ran.end) == (1, f"{told}4 passed\n")
    ran = suite.run("test_agent.py::TestAgent::test_two")
    assert (ran.code, ran.end) == (1, f"{told}1 passed\n")
    ran = suite.run("-k", "two", "--deltaproof-update")
    assert ran.end == f"{WRITTEN}{LEFT_OUT.replace('- ', '- removed: ')}1 passed, 3 deselected\n"
    assert suite.kept() == [KEPT[0], *KEPT[2:]]


def test_a_test_that_needs_no_stream_any_more_fails_the_run(suite: Suite) -> None:
    """It passed and did not compare at all: it need not even ask for an endpoint."""
    rewrite(suite, "self, stream, snapshot):", "self):\n        return\n")
    both = LEFT_OUT.replace("#1", "") + LEFT_OUT
    ran = suite.run()
    assert (ran.code, ran.end) == (
        1,
        f"{UNUSED}{both}2 snapshots are not used any more; --deltaproof-update removes them\n4 passed\n",
    )


def test_a_class_that_is_gone_goes_with_its_entries(suite: Suite) -> None:
    """Renamed, its new entries are kept and the old ones removed in one go; the file is written once, in order."""
    rewrite(suite, "class TestAgent", "class TestOther")
    ran = suite.run()
    assert ran.code == 1
    assert ran.end.startswith(
        f"{UNUSED}{GONE_CLASS}2 snapshots are not used any more; --deltaproof-update removes them\n"
    )
    ran = suite.run("--deltaproof-update")
    new = "".join(f"{FILE}::TestOther.test_two{number} - kept for the first time\n" for number in ("", "#1"))
    assert (ran.code, ran.end) == (0, f"{WRITTEN}{GONE_CLASS.replace('- ', '- removed: ')}{new}4 passed\n")
    assert suite.kept() == ["TestOther.test_two", "TestOther.test_two#1", *KEPT[2:]]


def test_with_its_last_entry_a_file_goes(suite: Suite) -> None:
    """Of a module without comparisons nothing is left."""
    suite.write("test_agent.py", "def test_nothing():\n    pass\n")
    assert suite.run().code == 1
    assert suite.run("--deltaproof-update").code == 0
    assert not (suite.folder / FILE).exists()


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("-k", "nothing"), id="keyword"),
        pytest.param(("-m", "not parametrize"), id="mark"),
        pytest.param(("--deselect", "test_agent.py::test_nothing"), id="deselect"),
        pytest.param(("test_agent.py::test_nothing",), id="node"),
        pytest.param(("test_agent.py::test_weather",), id="nodes"),
        pytest.param(("--collect-only",), id="collect-only"),
        pytest.param(("--setup-plan",), id="setup-plan"),
        pytest.param(("test_other.py",), id="other-module"),
        pytest.param(("--ignore", "test_agent.py"), id="ignore"),
        pytest.param(("-x", "test_other.py::test_bad", "test_agent.py"), id="stopped"),
        pytest.param(("--maxfail=1",), id="maxfail"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--deltaproof-update",)], ids=["held", "updated"])
def test_what_a_run_does_not_look_at_is_not_called_unused(
    suite: Suite, arguments: tuple[str, ...], more: tuple[str, ...]
) -> None:
    """Nothing is said and nothing removed of tests that were left out, not run, or never collected."""
    suite.write("test_a.py", "def test_bad():\n    assert False\n" if "--maxfail=1" in arguments else "")
    suite.write("test_other.py", "def test_bad():\n    assert '-x' in []\n\n\ndef test_good():\n    pass\n")
    ran = suite.run(*arguments, *more)
    assert (" snapshots ===" in ran.out, suite.kept()) == (False, KEPT)


@pytest.mark.parametrize("arguments", [("-k", "two"), ("-k", "weather"), ("test_agent.py::TestAgent",)])
def test_of_a_module_in_parts_only_tests_that_ran_are_looked_at(suite: Suite, arguments: tuple[str, ...]) -> None:
    """That a test is gone is said where the whole module was to be run; who picks out a test is told of that one."""
    rewrite(suite, ', "Nantes"', "")
    assert suite.run(*arguments).code == 0
    assert suite.run(*arguments, "--deltaproof-update").code == 0
    assert suite.kept() == KEPT


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("pytest.skip('not here')", id="skipped"),
        pytest.param("pytest.xfail('known')", id="expected"),
        pytest.param("assert False", id="failed"),
    ],
)
def test_a_test_that_did_not_pass_is_not_said_to_leave_entries_unused(suite: Suite, body: str) -> None:
    """It may have come to nothing before it compared."""
    rewrite(suite, "self, stream, snapshot):", f"self, stream, snapshot):\n        {body}\n")
    assert UNUSED not in suite.run().out
    suite.run("--deltaproof-update")
    assert suite.kept() == KEPT


@pytest.mark.parametrize("where", ["setup", "teardown"])
def test_a_test_with_an_error_is_not_said_to_leave_entries_unused(suite: Suite, where: str) -> None:
    """It did not pass from its setup to its teardown."""
    steps = ["    assert False", "    yield"] if where == "setup" else ["    yield", "    assert False"]
    fixture = "\n".join(["@pytest.fixture", "def broken():", *steps, "", "", ""])
    suite.write(
        "test_agent.py",
        AGENT.replace("class TestAgent", f"{fixture}class TestAgent").replace(
            "self, stream, snapshot):", "self, broken):\n        return\n"
        ),
    )
    ran = suite.run()
    assert ("error" in ran.out, UNUSED in ran.out) == (True, False)


@pytest.mark.parametrize(
    "first",
    ["import nowhere", "import pytest; pytest.skip('not here', allow_module_level=True)", "def broken(:"],
)
def test_a_module_that_cannot_be_collected_is_not_looked_at(suite: Suite, first: str) -> None:
    """What tests it has is not known."""
    suite.write("test_agent.py", f"{first}\n{AGENT}")
    assert UNUSED not in suite.run("--continue-on-collection-errors").out
    suite.run("--deltaproof-update", "--continue-on-collection-errors")
    assert suite.kept() == KEPT


def test_failures_elsewhere_do_not_hide_what_is_known(suite: Suite) -> None:
    """The run fails for them anyhow; that a renamed test has left its entry is said beside."""
    suite.says("text", SPLIT)
    rewrite(suite, ', "Nantes"', "")
    ran = suite.run()
    assert (ran.code, f"{UNUSED}{GONE_CITY}{ONE}" in ran.out) == (1, True)


def test_the_last_failures_alone_are_not_the_whole(suite: Suite) -> None:
    """Under --lf pytest leaves out whole modules without a word; --ff and --nf leave out nothing."""
    suite.write("test_bad.py", "def test_bad():\n    assert False\n")
    (suite.folder / FILE).write_bytes((suite.folder / FILE).read_bytes().replace(b"[Nantes]", b"[Nowhere]"))
    gone = f"{FILE}::test_weather[Nowhere] - there is no such test\n"
    assert gone in suite.spawn().out
    assert UNUSED not in suite.spawn("--lf").out
    suite.spawn("--lf", "--deltaproof-update")
    assert "test_weather[Nowhere]" in suite.kept()
    assert gone in suite.spawn("--ff").out


def test_the_file_of_a_module_that_is_gone_fails_a_full_run(suite: Suite) -> None:
    """Also where no test is left in its folder; a run of other folders does not look there."""
    suite.write("deep/test_deep.py", AGENT)
    suite.write("other/test_other.py", "def test_other():\n    pass\n")
    suite.run("--deltaproof-update")
    (suite.folder / "deep/test_deep.py").unlink()
    file = "deep/snapshots/test_deep.yaml"
    gone = "".join(f"{file}::{name} - its module is gone\n" for name in KEPT)
    told = f"{UNUSED}{gone}4 snapshots are not used any more; --deltaproof-update removes them\n"
    ran = suite.run()
    assert (ran.code, ran.end) == (1, f"{told}5 passed\n")
    for narrow in (("other",), ("test_agent.py", "--deltaproof-update"), ("-k", "weather", "--deltaproof-update")):
        assert suite.run(*narrow).code == 0
    ran = suite.run("deep")
    assert (ran.code, ran.end) == (5, f"{told}no tests ran\n")
    assert suite.run("--deltaproof-update").code == 0
    assert not (suite.folder / file).exists()
    assert suite.run().code == 0


def test_files_of_others_are_left_alone(suite: Suite) -> None:
    """What lies in snapshots and is no snapshot of ours is nothing to us, whether its module is there or not."""
    foreign = [
        suite.write("snapshots/test_gone.yaml", "- of: somebody else\n"),
        suite.write("snapshots/test_gone.ambr", "# serializer version: 1\n"),
        suite.write("snapshots/test_other.yaml", "a: [\n"),
    ]
    suite.write("test_other.py", "def test_other():\n    pass\n")
    before = [path.read_bytes() for path in foreign]
    assert suite.run().code == 0
    assert suite.run("--deltaproof-update").code == 0
    assert [path.read_bytes() for path in foreign] == before


def test_a_file_that_is_no_module_of_python_is_no_module_that_is_gone(suite: Suite) -> None:
    """Whatever has its stem may be what is tested there."""
    kept = (suite.folder / FILE).read_bytes()
    suite.write("agent_notes.txt", "Nothing to see.\n")
    (suite.folder / "snapshots/agent_notes.yaml").write_bytes(kept)
    assert suite.run().code == 0


def test_doctests_of_a_text_beside_a_module_are_not_its_tests(suite: Suite) -> None:
    """Both have one file of snapshots; the module's tests are known only where it was collected itself."""
    suite.write("test_agent.txt", ">>> 1\n1\n")
    assert suite.run("test_agent.txt").code == 0
    assert suite.run().code == 0


def test_a_suite_without_snapshots_is_not_looked_at(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is printed, and no folder made, whatever the option says."""
    suite = Suite(pytester, monkeypatch)
    suite.write("test_plain.py", "def test_plain():\n    pass\n")
    dots = ".                                                                        [100%]\n"
    assert suite.run("--deltaproof-update") == (0, f"{dots}1 passed\n")
    assert sorted(path.name for path in suite.folder.iterdir() if path.is_dir() and path.name != "__pycache__") == []


def test_paths_are_named_from_where_pytest_was_started(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder below the root as in the root itself."""
    suite.write("pytest.ini", "[pytest]\n")
    suite.write("deep/test_deep.py", AGENT)
    suite.run("--deltaproof-update")
    suite.write("deep/test_deep.py", AGENT.replace(', "Nantes"', ""))
    monkeypatch.chdir(suite.folder / "deep")
    told = "snapshots/test_deep.yaml::test_weather[Nantes] - there is no such test\n"
    ran = suite.run()
    assert (ran.code, ran.end) == (1, f"{UNUSED}{told}{ONE}3 passed\n")
    assert Path.cwd() == suite.folder / "deep"
