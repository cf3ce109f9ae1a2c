"""`deltaproof snapshot`: recordings held against what was kept of their shape."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from deltaproof.cassette.paths import SNAPSHOT
from deltaproof.cli.comparing import format_option, judged_at, name_of, news_of, write_comparison
from deltaproof.report.comparison import Compared, Outcome
from deltaproof.snapshot import Shape, changes, shape_of
from deltaproof.snapshot.file import read_snapshot, write_snapshot
from deltaproof.snapshot.matching import PROFILE

_WORDS = {
    Outcome.SAME: "as kept",
    Outcome.NEW: "not in the snapshot",
    Outcome.GONE: "in the snapshot, and not used",
}
_UPDATED = {
    Outcome.SAME: "as kept",
    Outcome.CHANGED: "changed and kept",
    Outcome.NEW: "kept for the first time",
    Outcome.GONE: "removed from the snapshot",
}


@click.command(short_help="Hold recordings against what was kept of their shape.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH…", type=click.Path(exists=True, path_type=Path))
@click.option("--update", is_flag=True, help="Keep what is there now, and remove what is not used any more.")
@format_option
def snapshot(paths: tuple[Path, ...], *, update: bool, form: str) -> None:
    """Hold recordings against what was kept of their shape, in the snapshot.yaml of each folder.

    Kept are the verdicts, and the sequence of what arrived: role, text, call opened, arguments, finish, usage, done.
    Texts, argument values, ids, times and numbers of pieces are not, so that a snapshot stays as long as the server
    does the same. Read are the recordings that `deltaproof check` reads.

    \b
        deltaproof snapshot cassettes/ --update
        deltaproof snapshot cassettes/

    Exit codes: 0 all is as kept; 1 something differs, is not kept, or is kept and not used any more; 2 wrong usage, or
    something unreadable. With --update 0, once it is written.
    """  # noqa: D301 - click takes the control character as its mark
    kept, seen = _kept(paths), _seen(paths)
    compared: list[Compared] = []
    for folder in sorted({*kept, *seen}):
        compared += _compared(folder, kept.get(folder, {}), seen.get(folder, {}))
    if update:
        for folder in sorted({*kept, *seen}):
            others = _others(paths, folder)
            write_snapshot(folder / SNAPSHOT, others | seen.get(folder, {}))
    write_comparison(compared, form, _UPDATED if update else _WORDS)
    sys.exit(int(not update and any(one.outcome is not Outcome.SAME for one in compared)))


def _seen(paths: Sequence[Path]) -> dict[Path, dict[str, Shape]]:
    """Return the shapes of the recordings by folder and name."""
    seen: dict[Path, dict[str, Shape]] = {}
    for judged in judged_at(paths, PROFILE).judged:
        folder = Path(judged.exchange.source).parent
        seen.setdefault(folder, {})[name_of(judged, folder)] = shape_of(judged.exchange, judged.judgement)
    return seen


def _kept(paths: Sequence[Path]) -> dict[Path, dict[str, Shape]]:
    """Return the shapes that are kept of what was named, by folder and name."""
    kept: dict[Path, dict[str, Shape]] = {}
    for path in paths:
        if path.is_dir():
            for file in sorted(path.rglob(SNAPSHOT)):
                if not any(part.startswith(".") for part in file.relative_to(path).parts):  # as recordings are read
                    kept[file.parent] = read_snapshot(file)
        else:
            shapes = read_snapshot(path.parent / SNAPSHOT)
            kept.setdefault(path.parent, {}).update(_of_file(shapes, path.name))
    return kept


def _others(paths: Sequence[Path], folder: Path) -> dict[str, Shape]:
    """Return what a folder's snapshot has of recordings that were not named, and so is left as it is."""
    if any(path.is_dir() and folder.is_relative_to(path) for path in paths):
        return {}
    shapes = read_snapshot(folder / SNAPSHOT)
    for path in paths:
        for name in _of_file(shapes, path.name):
            del shapes[name]
    return shapes


def _of_file(shapes: dict[str, Shape], file: str) -> dict[str, Shape]:
    return {name: shape for name, shape in shapes.items() if name == file or name.startswith(f"{file}#")}


def _compared(folder: Path, kept: dict[str, Shape], seen: dict[str, Shape]) -> Iterator[Compared]:
    for name in sorted({*kept, *seen}):
        label = (folder / name).as_posix()
        if name not in kept:
            yield Compared(label, Outcome.NEW)
        elif name not in seen:
            yield Compared(label, Outcome.GONE)
        else:
            found = news_of(changes(kept[name], seen[name]))
            yield Compared(label, Outcome.CHANGED if found else Outcome.SAME, found)
