"""What pytest calls for snapshots: what is collected, what tests did, and the end of a run. Decides nothing itself.

Each test's last report tells what it did, so that it reaches the process that keeps the book, also from a worker of
pytest-xdist that dies later. Which tests there are, each worker tells at its end.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deltaproof.plugin.settings import UPDATE, is_on
from deltaproof.plugin.snapshots.names import COMPARED, FOLDER, SNAPSHOT, file_beside, name_of

if TYPE_CHECKING:
    from deltaproof.plugin.snapshots.book import Book, Line
    from deltaproof.plugin.snapshots.collected import Collected, Known
    from deltaproof.plugin.snapshots.snapshot import Uses

KEY = "deltaproof_snapshots"
"""Under which a report has what its test did, and what a worker leaves has which tests there are."""

_PASSED = pytest.StashKey[set[str | None]]()
_PHASES = {"setup", "call", "teardown"}


class SnapshotHooks:
    """Sees a run from its collection to its end."""

    def __init__(self, config: pytest.Config) -> None:
        """Start before anything is collected.

        Raises:
            pytest.UsageError: it is not clear whether snapshots are to be written.
        """
        self._config = config
        self._update = is_on(config, UPDATE)
        self._looked_in: set[Path] = set()
        self._collected: Collected | None = None
        self._known: Known | None = None
        self._book: Book | None = None
        self._lines: list[Line] = []
        self._trouble = ""

    @pytest.hookimpl(wrapper=True, trylast=True)  # next to pytest itself: before others filter what there is
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """See what is collected."""
        report = yield
        if self._collected is None and self._finds_snapshots(collector):
            from deltaproof.plugin.snapshots.collected import Collected

            self._collected = Collected()
        if self._collected is not None:
            self._collected.see(collector, report)
        return report

    def pytest_deselected(self) -> None:
        """See that something will not be run."""
        if self._collected is not None:
            self._collected.deselect()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """See what will be run."""
        if self._collected is not None:
            self._learn(self._collected.known_in(session))

    def pytest_assertrepr_compare(
        self, config: pytest.Config, op: str, left: object, right: object
    ) -> list[str] | None:
        """Say what changed."""
        if COMPARED not in config.stash:
            return None
        from deltaproof.plugin.snapshots.snapshot import explained

        return explained(op, left, right)

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # around all others: what they make of a report counts
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let a test's last report tell what it did, and one that failed what changed, where that was cut short."""
        report = yield
        snapshot = item.stash.get(SNAPSHOT, None)
        if snapshot is None and not (self._collected and self._collected.has(item.path)):
            return report
        uses = snapshot.uses if snapshot else None
        passed = item.stash.setdefault(_PASSED, set())
        if report.passed:
            passed.add(report.when)
        elif report.failed and uses:
            _tell_all(report, uses)
        if report.when == "teardown":
            vars(report)[KEY] = {
                "file": self._portable(file_beside(item.path)),
                "did": {
                    "test": name_of(item),
                    "passed": passed == _PHASES,
                    "used": uses.names if uses else [],
                    "kept": uses.kept if uses else {},
                },
            }
            item.stash[_PASSED] = set()
            if snapshot:
                del item.stash[SNAPSHOT]
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what a test did into the book."""
        match vars(report).get(KEY):
            case {"file": str(file), "did": dict(did)} if not self._is_worker:
                from deltaproof.plugin.snapshots.book import Book, note_of

                self._book = self._book or Book()
                self._book.take(self._config.rootpath / file, note_of(did))

    @pytest.hookimpl(optionalhook=True)  # of pytest-xdist
    def pytest_testnodedown(self, node: object) -> None:
        """Take which tests there are from a worker; one that died has left nothing."""
        match getattr(node, "workeroutput", {}).get(KEY):
            case {"modules": dict(modules), "gone": list(gone)}:
                from deltaproof.plugin.snapshots.collected import Known

                root = self._config.rootpath
                known = {root / file: set(map(str, tests)) for file, tests in modules.items()}
                self._learn(Known(known, {root / file for file in gone}))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write what is to be kept, or let the run fail for what is not used; a worker tells which tests there are."""
        if self._is_worker and self._known:
            vars(self._config)["workeroutput"][KEY] = {
                "modules": {self._portable(file): sorted(tests) for file, tests in self._known.modules.items()},
                "gone": sorted(map(self._portable, self._known.gone)),
            }
        elif (self._book or self._known) and not self._config.option.collectonly:
            self._close()
            fails = self._trouble or (self._lines and not self._update)
            if fails and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell of snapshots that are not used, or were written."""
        if not (self._lines or self._trouble):
            return
        from deltaproof.plugin.snapshots.book import told

        if self._update:
            terminalreporter.section("snapshots", red=bool(self._trouble), bold=True)
        else:
            terminalreporter.section("unused snapshots", red=True, bold=True)
        for line in told(self._lines, self._config.invocation_params.dir):
            terminalreporter.line(line)
        if self._trouble:
            terminalreporter.line(self._trouble, red=True)

    def _finds_snapshots(self, collector: pytest.Collector) -> bool:
        """Tell whether there are snapshots beside what is collected; each folder is looked into once."""
        if not isinstance(collector, pytest.Directory | pytest.File):
            return False
        folder = collector.path if isinstance(collector, pytest.Directory) else collector.path.parent
        if folder in self._looked_in:
            return False
        self._looked_in.add(folder)
        return (folder / FOLDER).is_dir()

    def _learn(self, known: Known) -> None:
        """Take what is known of the tests that there are, from each process that looked."""
        if self._known is None:
            self._known = known
        else:
            self._known.add(known)

    def _close(self) -> None:
        from deltaproof.errors import DeltaproofError
        from deltaproof.plugin.snapshots.book import Book
        from deltaproof.plugin.snapshots.collected import Known
        from deltaproof.plugin.snapshots.snapshot import in_words

        book, known = self._book or Book(), self._known or Known()
        try:
            for line in book.write(known) if self._update else book.unused(known):
                self._lines.append(line)
        except DeltaproofError as error:
            self._trouble = in_words(error, self._config)

    @property
    def _is_worker(self) -> bool:
        return "workeroutput" in vars(self._config)

    def _portable(self, path: Path) -> str:
        """Return a path from the root of the tests, where a worker may have it elsewhere."""
        root = self._config.rootpath
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _tell_all(report: pytest.TestReport, uses: Uses) -> None:
    """Add to a report, before other sections, what changed and was cut off by pytest, or is not shown at all."""
    for position, mismatch in enumerate(uses.mismatches):
        told = mismatch.told
        first = next((number for number, line in enumerate(told) if line not in report.longreprtext), None)
        if first is not None:
            title = f"the rest of snapshot {mismatch.entry}" if first else f"snapshot {mismatch.entry}"
            report.sections.insert(position, (title, "\n".join(told[first:])))
