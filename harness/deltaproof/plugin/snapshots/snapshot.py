"""What a test compares a stream with: the shape that was kept of it. Which entries are used is told elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deltaproof.plugin.settings import UPDATE, is_on
from deltaproof.plugin.snapshots.names import COMPARED, SNAPSHOT, file_beside, name_of

if TYPE_CHECKING:
    from deltaproof.errors import DeltaproofError
    from deltaproof.exchange import Exchange
    from deltaproof.snapshot import Shape

KEPT = pytest.StashKey[dict[Path, "dict[str, Shape]"]]()
"""Of a run: what the files have that were read so far."""


def snapshot_of(item: pytest.Item) -> Snapshot:
    """Return what a test compares with, the same one until its teardown."""
    item.config.stash[COMPARED] = True
    return item.stash.setdefault(SNAPSHOT, Snapshot(item))


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A comparison that does not hold: the entry, its file as a person names it, what is the matter, in lines."""

    entry: str
    file: str
    lines: tuple[str, ...]
    op: str = "=="

    @property
    def told(self) -> list[str]:
        """It in lines, of which the first is the comparison."""
        return [f"stream {self.op} snapshot ({self.entry} in {self.file})", *self.lines]


@dataclass(slots=True)
class Uses:
    """What a test did with its entries.

    Attributes:
        names: those that it compared with, in order.
        kept: what is to be kept, as entries of the file, by name.
        mismatches: the comparisons that do not hold.
    """

    names: list[str] = field(default_factory=list)
    kept: dict[str, dict[str, object]] = field(default_factory=dict)
    mismatches: list[Mismatch] = field(default_factory=list)


class Snapshot:
    """Equal to a stream, or an exchange, whose shape is the one that was kept; under --deltaproof-update to any."""

    __hash__ = None  # type: ignore[assignment] # what it is equal to is not one value

    def __init__(self, item: pytest.Item) -> None:
        """Stand for the entries of a test."""
        self.uses = Uses()
        self._test = name_of(item)
        self._file = file_beside(item.path)
        self._config = item.config

    def __repr__(self) -> str:
        """Name it by its test and its file."""
        return f"<snapshot of {self._test} in {self._file}>"

    def __eq__(self, other: object) -> bool:
        """Compare the shape of a stream or an exchange with the test's next entry.

        Raises:
            pytest.fail.Exception: the file cannot be read.
        """
        __tracebackhide__ = True
        exchange = exchange_of(other)
        return NotImplemented if exchange is None else self._takes(exchange)

    def __ne__(self, other: object) -> bool:
        """Tell whether the shape differs from the test's next entry; keeps nothing, whatever the options.

        Raises:
            pytest.fail.Exception: the file cannot be read.
        """
        __tracebackhide__ = True
        exchange = exchange_of(other)
        return NotImplemented if exchange is None else self._differs(exchange)

    def _takes(self, exchange: Exchange) -> bool:
        __tracebackhide__ = True
        from deltaproof.snapshot import changes
        from deltaproof.snapshot.file import entry_of

        name, was, now = self._next(exchange)
        if was is not None and not changes(was, now):
            return True
        if is_on(self._config, UPDATE):
            self.uses.kept[name] = entry_of(name, now)
            return True
        self.uses.mismatches.append(Mismatch(name, self._named(), tuple(_matter(was, now))))
        return False

    def _differs(self, exchange: Exchange) -> bool:
        __tracebackhide__ = True
        from deltaproof.snapshot import changes

        name, was, now = self._next(exchange)
        if was is not None and changes(was, now):
            return True
        why = "it is not kept, and != keeps nothing" if was is None else "it is what is kept"
        self.uses.mismatches.append(Mismatch(name, self._named(), (why,), "!="))
        return False

    def _next(self, exchange: Exchange) -> tuple[str, Shape | None, Shape]:
        """Take the test's next entry: return its name, what was kept, and what is there now."""
        __tracebackhide__ = True
        from deltaproof.errors import DeltaproofError
        from deltaproof.snapshot import shape_of
        from deltaproof.snapshot.matching import PROFILE
        from deltaproof.verdict import judge

        number = len(self.uses.names)
        name = f"{self._test}#{number}" if number else self._test
        self.uses.names.append(name)
        now = shape_of(exchange, judge(exchange, profile=PROFILE))
        try:
            was = kept_in(self._config, self._file).get(name)
        except DeltaproofError as error:
            raise pytest.fail.Exception(in_words(error, self._config)) from None
        return name, was, now

    def _named(self) -> str:
        from deltaproof.plugin.places import Names

        return Names(self._config.invocation_params.dir).path(self._file)


def exchange_of(value: object) -> Exchange | None:
    """Return the exchange that a value is, or is about; None where it is no such thing."""
    from deltaproof.exchange import Exchange

    exchange = value if isinstance(value, Exchange) else getattr(value, "exchange", None)
    return exchange if isinstance(exchange, Exchange) else None


def in_words(error: DeltaproofError, config: pytest.Config) -> str:
    """Return what an error says, its file named from the folder on that pytest was started in."""
    return str(error).removeprefix(f"{config.invocation_params.dir}{os.sep}")


def kept_in(config: pytest.Config, file: Path) -> Mapping[str, Shape]:
    """Return what a file has, read once; nothing where there is none.

    Raises:
        UnreadableError: it is no snapshot, with its line.
    """
    from deltaproof.snapshot.file import TESTS, read_snapshot

    files = config.stash.setdefault(KEPT, {})
    if file not in files:
        files[file] = read_snapshot(file, TESTS)
    return files[file]


def explained(op: str, left: object, right: object) -> list[str] | None:
    """Say why a comparison that a test asserts does not hold; None where no snapshot is in it."""
    match left, right:
        case (Snapshot() as snapshot, other) | (other, Snapshot() as snapshot):
            pass
        case _:
            return None
    if exchange_of(other) is None:
        kind = type(other).__name__
        told = f"a snapshot is of deltaproof.stream, or of one of deltaproof.exchanges; this is of type {kind}"
        return [f"{kind} {op} snapshot", told]
    last = snapshot.uses.mismatches[-1] if snapshot.uses.mismatches else None
    return last.told if last and last.op == op else None


def _matter(was: Shape | None, now: Shape) -> Iterator[str]:
    """Say what changed in words, then as deepdiff has it; or that there is nothing to compare with."""
    from deltaproof.report.visible import visible
    from deltaproof.snapshot import changes
    from deltaproof.snapshot.differences import deep_difference

    if was is None:
        yield f"it is not kept yet; with {UPDATE.option} it will be"
        return
    yield from (visible(change.text) for change in changes(was, now))
    yield ""
    yield from (visible(line) for line in deep_difference(was, now))
    yield ""
    yield f"with {UPDATE.option}, what is there now will be kept"
