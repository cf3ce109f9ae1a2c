"""A baseline in one run of pytest: what is expected of an item, and what is to be written when all is over."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deltaproof.errors import DeltaproofError
from deltaproof.plugin.items.baseline import Known, is_deviation, raise_if_strange, read_baseline, write_baseline
from deltaproof.plugin.items.named import path_of
from deltaproof.plugin.items.shares import Share, group_of
from deltaproof.plugin.settings import BASELINE, UPDATE, is_on

Pairs = set[tuple[str, str]]
"""Scenarios with deviations."""


@dataclass(frozen=True, slots=True)
class Expected:
    """How what an item saw compares with what is known.

    Attributes:
        new: what is grave and not known.
        known: what is known, and there it is.
        gone: what is known and conforms.
    """

    new: frozenset[str]
    known: frozenset[str]
    gone: frozenset[str]


@dataclass(slots=True)
class Deviations:
    """What is known to deviate, and what this run has learned of it.

    Attributes:
        path: the baseline's file, None where there is none.
        updating: whether it is to be written rather than held.
        entries: what the file says.
        learned, gone: what was seen to deviate, and what is known to and conforms; filled from the items' reports.
    """

    path: Path | None
    updating: bool
    entries: tuple[Known, ...]
    learned: Pairs = field(default_factory=set)
    gone: Pairs = field(default_factory=set)

    @property
    def whys(self) -> dict[str, str]:
        """The reasons that are given, by deviation."""
        return {known.deviation: known.why for known in self.entries if known.why}

    @property
    def pairs(self) -> Pairs:
        """What is known and can come true."""
        return {(name, one.deviation) for one in self.entries if is_deviation(one.deviation) for name in one.scenarios}

    def compared(self, part: Share, groups: Collection[str]) -> Expected:
        """Compare what an item saw of some groups with what is known of them."""
        pairs = self.pairs
        known = {told for name, told in pairs if name == part.run.scenario.name and group_of(told) in groups}
        gone = (known & part.settled) - part.seen
        return Expected(new=part.grave - known, known=part.seen & known, gone=frozenset(gone))

    def write(self) -> str:
        """Write what is known now, and say in a line what has changed; nothing where there is no file to write.

        Raises:
            DeltaproofError: the system refuses the file.
        """
        if self.path is None:
            return ""
        before = {(name, known.deviation) for known in self.entries for name in known.scenarios}
        after = (self.pairs - self.gone) | self.learned
        if after == before and self.path.exists():
            return f"{self.path.name}: nothing has changed"
        write_baseline(self.path, after, self.whys)
        return f"{self.path.name}: {len(after - before)} added, {len(before - after)} removed, {len(after)} known now"


def deviations(config: pytest.Config) -> Deviations:
    """Return what is known to deviate, by the baseline that is set.

    Raises:
        DeltaproofError: it is not there and not to be written, or something in it is wrong.
    """
    path, updating = path_of(config, BASELINE), is_on(config, UPDATE)
    if path is None:
        return Deviations(None, updating=False, entries=())
    if not path.exists():
        if not updating:
            hint = f"Write it with {UPDATE.option}"
            raise DeltaproofError("there is no such baseline", where=str(path), hint=hint)
        return Deviations(path, updating, ())
    entries = read_baseline(path)
    if not updating:
        raise_if_strange(entries)
    return Deviations(path, updating, entries)
