"""`deltaproof diff`: what changed from one recording to another."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from deltaproof.cassette.paths import SNAPSHOT
from deltaproof.cli.comparing import format_option, judged_at, name_of, news_of, write_comparison
from deltaproof.report.comparison import Compared, Outcome
from deltaproof.snapshot import changes
from deltaproof.snapshot.file import read_snapshot
from deltaproof.snapshot.matching import PROFILE, Known, known, match

_WORDS = {Outcome.NEW: "only in B", Outcome.GONE: "only in A"}


@click.command(short_help="Say what changed from one recording to another.")
@click.argument("old", metavar="A", type=click.Path(exists=True, path_type=Path))
@click.argument("new", metavar="B", type=click.Path(exists=True, path_type=Path))
@format_option
def diff(old: Path, new: Path, *, form: str) -> None:
    """Say what changed from A to B, in words: what arrived and in which shape, how it ended, and each rule's verdict.

    A and B are recordings, folders of them, or a snapshot.yaml. Compared are exchanges of the same scenario, else with
    the same request, else of the same name; texts, argument values, ids and times do not count.

    \b
        deltaproof diff cassettes/vllm-0.10 cassettes/vllm-0.11
        deltaproof diff cassettes/vllm/snapshot.yaml today/

    Exit codes: 0 no difference; 1 a difference; 2 wrong usage, or something unreadable.
    """  # noqa: D301 - click takes the control character as its mark
    matched = match(_known_at(old), _known_at(new))
    compared = [_compared(was, now) for was, now in matched.pairs]
    compared += [Compared(one.name, Outcome.GONE) for one in matched.gone]
    compared += [Compared(one.name, Outcome.NEW) for one in matched.come]
    write_comparison(compared, form, _WORDS)
    sys.exit(int(any(one.outcome is not Outcome.SAME for one in compared)))


def _known_at(path: Path) -> list[Known]:
    """Return what is known of a recording, a folder, or a snapshot."""
    if path.is_file() and path.name.endswith(SNAPSHOT):
        return [Known(name, shape) for name, shape in read_snapshot(path).items()]
    root = path if path.is_dir() else path.parent
    return [known(judged, name_of(judged, root)) for judged in judged_at([path], PROFILE).judged]


def _compared(was: Known, now: Known) -> Compared:
    name = now.name if now.name == was.name else f"{was.name} → {now.name}"
    found = news_of(changes(was.shape, now.shape))
    return Compared(name, Outcome.CHANGED if found else Outcome.SAME, found)
