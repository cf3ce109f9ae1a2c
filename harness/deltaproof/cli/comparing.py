"""What the verbs that compare share: recordings to shapes, changes to news, and how a comparison is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click

from deltaproof.checking import Judged, Report, check_paths
from deltaproof.report.comparison import Compared, News, Outcome
from deltaproof.snapshot import Change

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For a person, or as specs/schemas/comparison.json describes.",
)


def name_of(judged: Judged, root: Path) -> str:
    """Return what to call a recording: its path from `root` on, with #1 for its second entry."""
    source = Path(judged.exchange.source)
    path = source.relative_to(root) if source.is_relative_to(root) else source
    return f"{path.as_posix()}#{judged.exchange.entry}" if judged.exchange.entry else path.as_posix()


def name_below(judged: Judged, paths: Sequence[Path]) -> str:
    """Return what to call a recording: its path below the folder, or the folder of the file, that was named."""
    source = Path(judged.exchange.source)
    roots = [path if path.is_dir() else path.parent for path in paths]
    return name_of(judged, next((root for root in roots if source.is_relative_to(root)), source.parent))


def judged_at(paths: Iterable[Path], profile: str, *, provider: str | None = None) -> Report:
    """Judge what is under some paths, after which it is to be compared.

    Raises:
        UnreadableError: something cannot be read, or nothing is there: what is not seen would be called gone.
        UnknownNameError: there is no such profile or provider.
    """
    from deltaproof.errors import UnreadableError

    named = list(paths)
    report = check_paths(named, profile=profile, provider=provider)
    if report.unreadable:
        raise report.unreadable[0]
    if not report.judged:
        raise UnreadableError("there is no recorded stream", where=", ".join(map(str, named)))
    return report


def news_of(changes: Iterable[Change]) -> tuple[News, ...]:
    """Return changes as a report takes them."""
    return tuple(News(change.kind.value, change.text, change.rule) for change in changes)


def write_comparison(compared: Sequence[Compared], form: str, words: Mapping[Outcome, str]) -> None:
    """Write a comparison in one of its forms to standard output."""
    if form == "json":
        from deltaproof.report.comparison import comparison_document
        from deltaproof.report.json_report import json_text

        click.echo(json_text(comparison_document(compared)), nl=False)
    else:
        from deltaproof.report.comparison import print_comparison
        from deltaproof.report.terminal import console_for

        print_comparison(compared, console_for(), words)
