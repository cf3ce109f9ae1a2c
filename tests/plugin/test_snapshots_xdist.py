"""Facts about snapshots under pytest-xdist: what comes of a run is what comes of it in one process."""

from __future__ import annotations

import pytest

from tests.plugin.snapshot_suite import SPLIT, UNUSED, WRITTEN, Suite
from tests.plugin.test_snapshots_unused import AGENT, FILE, KEPT

OTHER = "tests/snapshots/test_other.yaml"


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """Begin a suite of two modules."""
    suite = Suite(pytester, monkeypatch)
    suite.write("test_agent.py", AGENT)
    suite.write("tests/test_other.py", AGENT)
    return suite


@pytest.mark.parametrize(
    "workers",
    [
        pytest.param(("-n0",), id="n0"),
        pytest.param(("-n4",), id="n4"),
        pytest.param(("-n4", "--dist", "loadfile"), id="n4-loadfile"),
    ],
)
def test_what_comes_of_a_run_is_the_same_with_any_number_of_workers(suite: Suite, workers: tuple[str, ...]) -> None:
    """Kept, held, changed, called unused, removed: each with the same words, the same exit code and the same files."""
    new = "".join(f"{file}::{name} - kept for the first time\n" for file in (FILE, OTHER) for name in KEPT)
    ran = suite.spawn("--deltaproof-update", *workers)
    assert (ran.code, ran.end) == (0, f"{WRITTEN}{new}8 passed\n")
    assert (suite.kept(), suite.kept(OTHER)) == (KEPT, KEPT)
    kept = (suite.folder / FILE).read_bytes()
    ran = suite.spawn(*workers)
    assert (ran.code, ran.end) == (0, "8 passed\n")

    suite.write("test_agent.py", AGENT.replace(', "Nantes"', "").replace('stream("text") == snapshot', "True"))
    (suite.folder / "tests/test_other.py").unlink()
    gone = [
        (FILE, KEPT[1], "its test passed without it"),
        (FILE, KEPT[3], "there is no such test"),
        *((OTHER, name, "its module is gone") for name in KEPT),
    ]
    told = "".join(f"{file}::{name} - {why}\n" for file, name, why in gone)
    ran = suite.spawn(*workers)
    assert (ran.code, ran.end) == (
        1,
        f"{UNUSED}{told}6 snapshots are not used any more; --deltaproof-update removes them\n3 passed\n",
    )
    suite.says("call", SPLIT)
    changed = [(KEPT[0], "changed and kept"), *((name, f"removed: {why}") for _, name, why in gone[:1])]
    changed += [(KEPT[2], "changed and kept"), *((name, f"removed: {why}") for _, name, why in gone[1:2])]
    written = "".join(f"{FILE}::{name} - {what}\n" for name, what in changed)
    removed = "".join(f"{file}::{name} - removed: {why}\n" for file, name, why in gone[2:])
    ran = suite.spawn("--deltaproof-update", *workers)
    assert (ran.code, ran.end) == (0, f"{WRITTEN}{written}{removed}3 passed\n")
    assert (suite.kept(), suite.kept(OTHER)) == ([KEPT[0], KEPT[2]], [])
    assert (suite.folder / FILE).read_bytes() != kept


def test_a_mismatch_in_a_worker_says_what_changed(suite: Suite) -> None:
    """The report comes from the worker whole."""
    suite.spawn("--deltaproof-update")
    suite.says("text", SPLIT)
    alone, shared = (suite.spawn("-k", "two", "tests", *workers).out for workers in ((), ("-n2",)))
    lines = [[line for line in out.splitlines() if line.startswith("E ")] for out in (alone, shared)]
    assert lines[0] == lines[1]
    assert len(lines[0]) > 10


def test_what_a_worker_did_before_it_died_counts(suite: Suite) -> None:
    """Its tests' comparisons are kept and used; of the one that killed it nothing is known."""
    suite.write(
        "tests/test_other.py", AGENT.replace("def test_nothing():", "def test_nothing():\n    import os; os._exit(1)")
    )
    # Not --dist loadfile, under which pytest-xdist 3.8 waits for ever, or runs the test that killed a worker again.
    ran = suite.spawn("--deltaproof-update", "-n1")
    assert ran.code == 1
    assert "1 failed, 7 passed" in ran.out
    assert (suite.kept(), suite.kept(OTHER)) == (KEPT, KEPT)
    suite.write("test_agent.py", AGENT.replace("def test_two(self", "def test_three(self"))
    suite.write(
        "tests/test_other.py",
        AGENT.replace("self, stream, snapshot):", "self, stream, snapshot):\n        import os; os._exit(1)\n"),
    )
    ran = suite.spawn("-n1")
    gone = "".join(f"{FILE}::{name} - there is no such test\n" for name in KEPT[:2])
    assert f"{UNUSED}{gone}2 snapshots are not used any more" in ran.out


def test_tests_that_are_stopped_in_workers_are_not_said_to_leave_entries_unused(suite: Suite) -> None:
    """What did not run because another failed is not known, and nothing of it is removed."""
    suite.spawn("--deltaproof-update")
    suite.write("tests/test_other.py", "def test_bad():\n    assert False\n" + AGENT)
    for more in ((), ("--deltaproof-update",)):
        ran = suite.spawn("-x", "-n4", *more)
        assert (ran.code in {1, 2}, UNUSED in ran.out) == (True, False)
    assert (suite.kept(), suite.kept(OTHER)) == (KEPT, KEPT)
