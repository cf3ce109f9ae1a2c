"""What becomes of the snapshots of a run: which are used, kept, and not used any more. pytest's hooks are elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from deltaproof.errors import DeltaproofError, UnreadableError
from deltaproof.plugin.places import Names
from deltaproof.plugin.settings import UPDATE
from deltaproof.plugin.snapshots.collected import Known
from deltaproof.report.visible import visible
from deltaproof.snapshot import Shape
from deltaproof.snapshot.file import TESTS, read_entry, read_snapshot, write_snapshot

_COUNTED = re.compile(r"#\d+\Z")  # of the second comparison of a test, after its name or the bracket of its parameters


class Note(NamedTuple):
    """What a test did.

    Attributes:
        test: its name.
        passed: whether it did, from its setup to its teardown.
        used: the entries that it compared with.
        kept: those that are to be kept.
    """

    test: str
    passed: bool
    used: Sequence[str]
    kept: Mapping[str, Shape]


def note_of(did: Mapping[str, object]) -> Note:
    """Read what a test did, as its report tells it.

    Raises:
        UnreadableError: it is no report of this plugin, but of another version of it.
    """
    match did:
        case {"test": str(test), "passed": bool(passed), "used": list(used), "kept": dict(kept)}:
            return Note(test, passed, used, dict(read_entry(entry) for entry in kept.values()))
        case _:
            raise UnreadableError("what a worker tells of its snapshots is not understood")


class Fate(StrEnum):
    """What became of an entry."""

    UNUSED = "unused"
    NEW = "kept for the first time"
    CHANGED = "changed and kept"
    REMOVED = "removed"


class Line(NamedTuple):
    """An entry with its file, what became of it, and why."""

    file: Path
    entry: str
    fate: Fate
    why: str = ""


@dataclass(slots=True)
class _Tests:
    """What is known of the tests of one module."""

    passed: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    kept: dict[str, Shape] = field(default_factory=dict)


class Book:
    """Keeps what the tests of a run do with their snapshots."""

    def __init__(self) -> None:
        """Start before the first test."""
        self._files: dict[Path, _Tests] = {}

    def take(self, file: Path, note: Note) -> None:
        """Take what a test did; one that is run again counts by how it ended at last, and by all that it used."""
        tests = self._files.setdefault(file, _Tests())
        (tests.passed.add if note.passed else tests.passed.discard)(note.test)
        tests.used.update(note.used)
        tests.kept |= note.kept

    def unused(self, known: Known) -> Iterator[Line]:
        """Yield the entries that nothing uses, as far as that is known; what is no file of ours has none."""
        for file in sorted({*self._files, *known.modules, *known.gone}):
            try:
                shapes = read_snapshot(file, TESTS)
            except DeltaproofError:
                continue  # a test that uses it has failed, and others need not be ours
            for name in shapes:
                if why := self._why(file, name, known):
                    yield Line(file, name, Fate.UNUSED, why)

    def write(self, known: Known) -> Iterator[Line]:
        """Write what is to be kept, remove what is not used, and yield what was done.

        Raises:
            DeltaproofError: a file cannot be read, or not be written; those before it are.
        """
        unused: dict[Path, dict[str, str]] = {}
        for line in self.unused(known):
            unused.setdefault(line.file, {})[line.entry] = line.why
        for file in sorted({*self._files, *unused}):
            kept = self._files.get(file, _Tests()).kept
            gone = unused.get(file, {})
            if kept or gone:
                shapes = read_snapshot(file, TESTS)
                left = {name: shape for name, shape in shapes.items() if name not in gone}
                write_snapshot(file, left | kept, TESTS)
                for name in sorted({*kept, *gone}):
                    if name in gone:
                        yield Line(file, name, Fate.REMOVED, gone[name])
                    else:
                        yield Line(file, name, Fate.CHANGED if name in shapes else Fate.NEW)

    def _why(self, file: Path, name: str, known: Known) -> str:
        """Say why an entry is not used; nothing where it is, or where that is not known."""
        test = _COUNTED.sub("", name)
        tests = self._files.get(file, _Tests())
        if name in tests.used:
            return ""
        if test in tests.passed:
            return "its test passed without it"
        if file in known.gone:
            return "its module is gone"
        if file in known.modules and test not in known.modules[file]:
            return "there is no such test"
        return ""


def told(lines: Iterable[Line], folder: Path) -> Iterator[str]:
    """Say what became of entries, a line each, files named from a folder on; then what can be done about it."""
    names = Names(folder)
    unused = 0
    for file, entry, fate, why in lines:
        unused += fate is Fate.UNUSED
        became = why if fate is Fate.UNUSED else f"{fate}: {why}" if why else fate.value
        yield f"{names.path(file)}::{visible(entry)} - {became}"
    if unused == 1:
        yield f"1 snapshot is not used any more; {UPDATE.option} removes it"
    elif unused:
        yield f"{unused} snapshots are not used any more; {UPDATE.option} removes them"
