"""Which tests there are, as far as a run of pytest knows: of modules with snapshots, and of folders whose modules went.

What is not collected whole is not known: pytest was given node ids, -k, --lf, or a module could not be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deltaproof.plugin.snapshots.names import FOLDER, SUFFIX, file_beside, name_of


@dataclass(slots=True)
class Module:
    """The tests that the files of a name have, and the collectors in them that were not read yet, or could not be."""

    files: set[Path] = field(default_factory=set)
    tests: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Known:
    """What a run knows of the tests that there are.

    Attributes:
        modules: the tests of those modules that were collected whole, by the file of their snapshots.
        gone: files of snapshots whose module is not there.
    """

    modules: dict[Path, set[str]] = field(default_factory=dict)
    gone: set[Path] = field(default_factory=set)

    def add(self, other: Known) -> None:
        """Take what another process knows."""
        for file, tests in other.modules.items():
            self.modules.setdefault(file, set()).update(tests)
        self.gone |= other.gone


class Collected:
    """Watches what is collected, and says what is known of it."""

    def __init__(self) -> None:
        """Start before anything is collected."""
        self._modules: dict[Path, Module] = {}
        self._folders: dict[Path, frozenset[str]] = {}
        self._deselected = False

    def has(self, module: Path) -> bool:
        """Tell whether a module had snapshots when it was collected."""
        return file_beside(module) in self._modules

    def see(self, collector: pytest.Collector, report: pytest.CollectReport) -> None:
        """Note the tests in what was collected, where there are snapshots."""
        if isinstance(collector, pytest.Directory):
            self._in(collector.path)
            return
        file = next((one for one in collector.listchain() if isinstance(one, pytest.File)), None)
        if file is None or f"{file.path.stem}{SUFFIX}" not in self._in(file.path.parent):
            return
        module = self._modules.setdefault(file_beside(file.path), Module())
        module.files.add(file.path)
        if not report.passed:
            module.waiting.add(collector.nodeid)
            return
        module.waiting.discard(collector.nodeid)
        for one in report.result:
            if isinstance(one, pytest.Item):
                module.tests.add(name_of(one))
            else:
                module.waiting.add(one.nodeid)

    def deselect(self) -> None:
        """Note that not all is run that was collected."""
        self._deselected = True

    def known_in(self, session: pytest.Session) -> Known:
        """Return what is known from what was seen, once it is decided what is run."""
        known = Known()
        if session.config.getoption("lf", default=False):  # which leaves out what it does not collect without a word
            return known
        run: dict[Path, set[str]] = {}
        for item in session.items if self._modules else ():
            run.setdefault(file_beside(item.path), set()).add(name_of(item))
        for file, module in self._modules.items():
            code = file.parent.with_name(f"{file.stem}.py")  # which may lie beside a text of that name, with doctests
            whole = code in module.files or not code.exists()
            if whole and not module.waiting and module.tests <= run.get(file, set()):
                known.modules[file] = module.tests
        if not self._deselected:
            known.gone.update(self._gone(session))
        return known

    def _gone(self, session: pytest.Session) -> Iterator[Path]:
        """Yield the files without a module in the folders that pytest was to collect, or that are in these."""
        for folder, names in self._folders.items():
            if names and any(session.isinitpath(one) and one.is_dir() for one in (folder, *folder.parents)):
                stems = {path.stem for path in folder.iterdir()}
                yield from (folder / FOLDER / name for name in names if name.removesuffix(SUFFIX) not in stems)

    def _in(self, folder: Path) -> frozenset[str]:
        """Return the names of the files of snapshots in a folder, looked at once."""
        if folder not in self._folders:
            found = (folder / FOLDER).glob(f"*{SUFFIX}") if (folder / FOLDER).is_dir() else ()
            self._folders[folder] = frozenset(path.name for path in found)
        return self._folders[folder]
