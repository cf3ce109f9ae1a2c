"""Cassettes as tests: an item for each recording in a folder, which fails by what `deltaproof check` finds in it.

A file is read when its item runs, so that a recording that the run itself has renewed is the one that counts.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from deltaproof.cassette.paths import files_in, named, read_found
from deltaproof.cassette.recording import Sighting
from deltaproof.checking import check_sightings
from deltaproof.errors import DeltaproofError, UnreadableError
from deltaproof.exchange import Exchange, Skipped
from deltaproof.plugin.items.named import path_of, take_cassettes
from deltaproof.plugin.marks import Mark
from deltaproof.plugin.places import Names
from deltaproof.plugin.settings import CHECK_CASSETTES, is_named, place_of
from deltaproof.plugin.terms import Terms, terms_of
from deltaproof.plugin.texts import failing


class CassetteItem(pytest.Item):
    """One recording.

    Attributes:
        folder: in which it was found.
        terms: what counts.
        trouble: why it cannot even be looked at, None where it can.
    """

    folder: Path
    terms: Terms
    trouble: UnreadableError | None

    def runtest(self) -> None:
        """Read it, and judge the streams that are in it.

        Raises:
            pytest.fail.Exception: it cannot be read, or there are findings at the level that fails.
            pytest.skip.Exception: there is no stream in it.
        """
        names = Names(self.config.invocation_params.dir)
        if self.trouble is not None:
            pytest.fail(str(_called(self.trouble, self.path, names)), pytrace=False)
        sightings = (_called(one, self.path, names) for one in read_found(self.path, self.folder))
        report = check_sightings(sightings, profile=self.terms.profile, provider=self.terms.provider)
        if text := failing(report, self.terms.fail_on):
            pytest.fail(text, pytrace=False)
        if not report.judged:
            pytest.skip("; ".join(dict.fromkeys(one.reason for one in report.skipped)) or "nothing is recorded in it")

    def reportinfo(self) -> tuple[Path, int, str]:
        """Say that the test is the file."""
        # With a word before it: the dots of a name alone, pytest would take for those of a module.
        return self.path, 0, f"cassette {self.nodeid}"


class CassettesNode(pytest.Collector):
    """The recordings of a folder.

    Attributes:
        roots: the paths in it that are meant.
        terms: what counts.
    """

    roots: tuple[Path, ...]
    terms: Terms

    def collect(self) -> Iterator[CassetteItem]:
        """Yield an item for each file that is meant and that may be a recording, or cannot be looked at."""
        for one in files_in(self.path):
            path = Path(one.where) if isinstance(one, UnreadableError) else one
            if isinstance(path, Path) and any(path.is_relative_to(root) for root in self.roots):
                name = named(path.relative_to(self.path))
                nodeid = named(Path(os.path.relpath(path, self.config.rootpath)))
                cassette: CassetteItem = CassetteItem.from_parent(self, name=name, path=path, nodeid=nodeid)
                cassette.folder, cassette.terms = self.path, self.terms
                cassette.trouble = one if isinstance(one, UnreadableError) else None
                yield cassette


class Cassettes:
    """What pytest calls."""

    def __init__(self, config: pytest.Config) -> None:
        """Read what is set.

        Raises:
            DeltaproofError: it is no folder, or a named one is not there; or there is no such profile or provider.
        """
        folder = path_of(config, CHECK_CASSETTES)
        if folder is None or (is_named(config, CHECK_CASSETTES) and not folder.exists()):
            raise DeltaproofError("there is no such folder", where=f"{CHECK_CASSETTES.option} {folder}")
        self._missing = not folder.exists()
        if not self._missing and not folder.is_dir():
            raise DeltaproofError("it is no folder", where=f"{place_of(config, CHECK_CASSETTES)} {folder}")
        self._folder = folder
        self._terms = terms_of(config, Mark())
        self._roots = () if self._missing else take_cassettes(config, folder)

    def pytest_report_header(self) -> str | None:
        """Say that nothing is checked, where the folder is still to be recorded."""
        return f"deltaproof: no cassettes to check: {self._folder} is not there yet" if self._missing else None

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Add the recordings to what a session consists of, behind the tests: these may record anew."""
        report = yield
        if isinstance(collector, pytest.Session) and report.passed and self._roots:
            nodeid = named(Path(os.path.relpath(self._folder, collector.config.rootpath)))
            name = named(Path(self._folder.name))
            node: CassettesNode = CassettesNode.from_parent(collector, name=name, path=self._folder, nodeid=nodeid)
            node.roots, node.terms = self._roots, self._terms
            report.result = [*report.result, node]
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Say that what was skipped is the file, not a line in here."""
        report = yield
        if isinstance(item, CassetteItem) and isinstance(report.longrepr, tuple):
            report.longrepr = (str(item.path), 1, report.longrepr[2])
        return report


def _called(one: Sighting, path: Path, names: Names) -> Sighting:
    """Return what was found in a file, called as a person calls it."""
    match one:
        case Exchange():
            return names.exchange(one)
        case UnreadableError():
            where = one.where.replace(named(path), names.path(path), 1)
            return UnreadableError(one.what, where=where, hint=one.hint)
        case Skipped():
            return one
