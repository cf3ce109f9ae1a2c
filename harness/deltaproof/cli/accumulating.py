"""`deltaproof replay --accumulator`: recorded streams folded by client code, and what came of it."""

from __future__ import annotations

import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from deltaproof.accumulate.matrix import FailOn
from deltaproof.cli import INTERRUPTED
from deltaproof.passage.kinds import FailOn as PassageFailOn

if TYPE_CHECKING:
    from deltaproof.accumulate.baseline import Unexpected
    from deltaproof.accumulate.matrix import Column, Matrix
    from deltaproof.drive.accumulators.matrix import Stream

F = TypeVar("F", bound=Callable[..., object])  # type: ignore[explicit-any]  # as click has it

_HURRY = 30.0
"""The speed at which a stream is played that a fault made late, and nothing else: half a minute takes a second."""

FORMATS = ("text", "json", "markdown", "html")


@dataclass(frozen=True, slots=True)
class Folding:
    """What the operator asked for: see the options of the same names."""

    accumulators: tuple[str, ...]
    persistent: bool
    limit: float
    jobs: int | None
    faults: str | None
    seed: int
    fail_on: FailOn | None
    baseline: Path | None
    update_baseline: bool


def accumulator_options(command: F) -> F:  # type: ignore[explicit-any]  # as click has it
    """Add the options that let client code fold recordings."""
    for option in reversed(
        (
            click.option(
                "--accumulator",
                "accumulators",
                multiple=True,
                metavar="NAME|COMMAND",
                help="Let client code fold the recordings: a name that `deltaproof accumulators` lists, `cheap` or"
                " `all` of them, or a command, as docs/accumulators.md has it. Repeatable.",
            ),
            click.option(
                "--persistent",
                is_flag=True,
                help="The commands answer many cases in one process. With --accumulator.",
            ),
            click.option(
                "--limit",
                type=click.FloatRange(min=0, min_open=True),
                default=10.0,
                show_default=True,
                metavar="SECONDS",
                help="How long a client may take for one stream. With --accumulator.",
            ),
            click.option(
                "--jobs",
                type=click.IntRange(1),
                metavar="N",
                help="How many clients run at once, as many as there are processors without it, with --accumulator; how"
                " many requests are under way at once, 4 without it, with --through.",
            ),
            click.option(
                "--faults",
                multiple=True,
                callback=lambda _context, _parameter, words: ",".join(words) if words else None,
                metavar="NAMES",
                help="Take each recording once more with each of these faults that applies to it: names that"
                " `deltaproof faults` lists, patterns of them, with commas between, or `all`; several in one stream are"
                " what `deltaproof fault` makes. Repeatable. With --accumulator and --through.",
            ),
            click.option(
                "--seed",
                type=int,
                default=0,
                show_default=True,
                metavar="N",
                help="Decides where a fault has a choice, such as which of two calls to break. With --faults.",
            ),
            click.option(
                "--fail-on",
                type=click.Choice([word.value for word in PassageFailOn]),
                help="The outcomes that make the exit code 1. wrong: what was not sent was handed over; silent: or"
                " something is missing without an error, nothing came in time, or the driver broke; error: or an error;"
                " any: or anything else is wrong, such as ids lost; note, with --through: or something is worth"
                " knowing, as a repair is. Without it any with --through, silent with --accumulator, never with a"
                " baseline.",
            ),
            click.option(
                "--baseline",
                type=click.Path(dir_okay=False, path_type=Path),
                metavar="FILE",
                help="What is known to be wrong: whatever is not as it says makes the exit code 1, stale entries too."
                " With --accumulator.",
            ),
            click.option(
                "--update-baseline",
                is_flag=True,
                help="Write what came to the baseline, in place of holding it. With --accumulator.",
            ),
        )
    ):
        command = option(command)
    return command


def fold_recordings(paths: Sequence[Path], folding: Folding, form: str, output: str) -> None:
    """Let accumulators fold recordings, report it, and exit."""
    from deltaproof.accumulate.baseline import (
        baseline_of,
        baseline_text,
        changed_versions,
        read_baseline,
        unexpected,
        unheld_entries,
    )
    from deltaproof.accumulate.matrix import fails
    from deltaproof.cassette.disk import replace_file
    from deltaproof.drive.accumulators.chosen import clients_for
    from deltaproof.drive.accumulators.matrix import Folded, matrix_of, run_matrix
    from deltaproof.errors import UnreadableError

    if folding.update_baseline and folding.baseline is None:
        raise click.UsageError("--update-baseline needs --baseline FILE")
    raise_unless_persistent_fits(folding.accumulators, persistent=folding.persistent)
    file = folding.baseline
    before = None
    if file is not None and (file.exists() or not folding.update_baseline):
        try:
            before = read_baseline(file.read_text(encoding="utf-8"), str(file))
        except OSError as error:
            hint = "Write it with --update-baseline"
            raise UnreadableError(f"it cannot be read: {error.strerror}", where=str(file), hint=hint) from error
    clients = clients_for(folding.accumulators, persistent=folding.persistent)
    streams = _streams(paths, folding.faults, folding.seed)
    folded = Folded()
    try:
        with _ended_like_ctrl_c():
            matrix = run_matrix(streams, clients, limit=folding.limit, jobs=folding.jobs, tell=_told, folded=folded)
    except KeyboardInterrupt:
        matrix = matrix_of(streams, clients, folded)
        _write(matrix, None, (), form, output)
        of = len(streams) * len([client for client in clients if client.driver is not None])
        click.echo(f"interrupted after {len(folded.cells):,} of {of:,} cases; shown is what all have folded", err=True)
        sys.exit(INTERRUPTED)
    found: list[Unexpected] | None = None
    versions: list[str] = []
    unheld: Counter[str] = Counter()
    if before is not None and not folding.update_baseline:
        found, versions = list(unexpected(matrix, before)), list(changed_versions(matrix, before))
        unheld = unheld_entries(matrix, before)
    if file is not None and folding.update_baseline:
        replace_file(file, baseline_text(baseline_of(matrix, before)).encode())
    _write(matrix, found, versions, form, output)
    for name, count in unheld.items():
        entries = "1 entry" if count == 1 else f"{count:,} entries"
        click.echo(f"not held: {entries} of {name}, which did not run", err=True)
    if matrix.unasked or not matrix.ran or any(column.name in unheld for column in matrix.columns):
        sys.exit(2)
    fail_on = folding.fail_on or (FailOn.NEVER if file is not None else FailOn.SILENT)
    sys.exit(int(bool(found) or fails(matrix, fail_on)))


def raise_unless_persistent_fits(accumulators: Iterable[str], *, persistent: bool) -> None:
    """Raise where --persistent was given and no accumulator is a command, which it could change.

    Raises:
        UsageError: so it is.
    """
    from deltaproof.drive.accumulators.chosen import is_command

    if persistent and not any(is_command(name) for name in accumulators):
        raise click.UsageError("--persistent is for commands; what is known by name is persistent as it is")


@contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    """Let whoever ends this process, as continuous integration does, end what it has started too."""

    def end(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # some send it twice
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _streams(paths: Sequence[Path], faults: str | None, seed: int) -> list[Stream]:
    """Judge what is recorded, and what comes of it by faults."""
    from deltaproof.cli.comparing import judged_at, name_below
    from deltaproof.drive.accumulators.matrix import Stream
    from deltaproof.report.overview import label
    from deltaproof.verdict import DEFAULT_PROFILE

    found = judged_at(paths, DEFAULT_PROFILE).judged
    # A file that two of the paths lead to is one.
    judged = {(Path(one.exchange.source).resolve(), one.exchange.entry): one for one in found}.values()
    files: dict[str, set[str]] = {}
    for one in judged:
        files.setdefault(name_below(one, paths).partition("#")[0], set()).add(one.exchange.source)
    streams = [
        Stream(name if len(files[name.partition("#")[0]]) == 1 else label(one.exchange), one)
        for one in judged
        for name in [name_below(one, paths)]
    ]
    return [*streams, *_with_faults(streams, faults, seed)] if faults is not None else streams


def _with_faults(streams: Sequence[Stream], words: str, seed: int) -> list[Stream]:
    """Return streams once more with each fault that applies; say of those that were named which apply to none.

    Raises:
        UnknownNameError: there is no such fault.
        InapplicableError: none applies to any.
    """
    from deltaproof.breaking import answered, changes_times_alone
    from deltaproof.checking import Judged
    from deltaproof.drive.accumulators.matrix import Stream
    from deltaproof.faults import InapplicableError, chosen, is_pattern
    from deltaproof.verdict import judge

    wanted = chosen(words)
    refused: dict[str, list[InapplicableError]] = {fault.name: [] for fault in wanted}
    broken = []
    for stream in streams:
        before = stream.judged.exchange
        for fault in wanted:
            try:
                changed = answered(before, [fault], seed=seed)
            except InapplicableError as error:
                refused[fault.name].append(error)
                continue
            speed = _HURRY if changes_times_alone(before, changed) else None
            name = f"{stream.name} + {fault.name}"
            broken.append(Stream(name, Judged(changed, judge(changed)), fault.name, speed))
    to_none = [errors[0] for errors in refused.values() if len(errors) == len(streams)]
    if not broken and to_none:
        raise to_none[0]
    if words != "all" and not is_pattern(words):
        for refusal in to_none:
            click.echo(f"left out: {refusal}", err=True)
    return broken


def _told(column: Column, done: int, of: int) -> None:
    """Tell a person who waits how far it is."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{column.name}: {done:,} of {of:,}" if done < of else "\r\x1b[K", nl=False, err=True)


def _write(matrix: Matrix, found: Sequence[Unexpected] | None, versions: Sequence[str], form: str, output: str) -> None:
    """Write a matrix in one of its forms to a file, or to standard output for "-"."""
    with click.open_file(output, "w", encoding="utf-8") as stream:
        match form:
            case "json":
                from deltaproof.report.json_report import json_text
                from deltaproof.report.matrix_json import matrix_document

                stream.write(json_text(matrix_document(matrix, found)))
            case "markdown" | "html":
                from deltaproof.report.matrix_pages import matrix_html, matrix_markdown

                stream.write(matrix_markdown(matrix) if form == "markdown" else matrix_html(matrix))
            case _:
                from deltaproof.report.matrix import print_matrix, print_unexpected
                from deltaproof.report.terminal import console_for

                console = console_for(stream)  # type: ignore[arg-type]  # click types it as IO[Any]
                print_matrix(matrix, console)
                if found is not None:
                    print_unexpected(found, versions, console)
    if found and form in ("markdown", "html"):
        click.echo(f"{len(found)} cases are not as the baseline has it; --format text or json names them", err=True)
