"""A matrix of streams and accumulators for a person at a terminal. Judges nothing."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import TYPE_CHECKING, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deltaproof.accumulate.baseline import Unexpected
from deltaproof.accumulate.matrix import Matrix
from deltaproof.accumulate.outcome import Outcome
from deltaproof.report.visible import visible

if TYPE_CHECKING:
    from rich.console import Console


class Look(NamedTuple):
    """How an outcome is shown: its mark, a short word, a colour, and what it means."""

    mark: str
    word: str
    colour: str
    means: str


LOOKS: Mapping[Outcome, Look] = {
    Outcome.RIGHT: Look("✓", "right", "green", "what was sent"),
    Outcome.RAISED: Look("↑", "raise", "green", "an error, as it should"),
    Outcome.EXECUTABLE: Look("✗", "exec", "bold red", "a call that can be carried out, and was not sent"),
    Outcome.SWALLOWED: Look("○", "swal", "bold red", "an error or a cut that nobody is told of"),
    Outcome.UNUSABLE: Look("≠", "wrong", "red", "something else that was not sent"),
    Outcome.LOST: Look("−", "lost", "red", "calls or text missing, without an error"),  # noqa: RUF001 - a minus, beside which a hyphen is hard to see
    Outcome.NO_ANSWER: Look("…", "none", "magenta", "no answer in time"),
    Outcome.ERROR: Look("!", "error", "yellow", "an error where there should be a message"),
    Outcome.IDS_LOST: Look("i", "ids", "cyan", "ids lost"),
    Outcome.FINISH_LOST: Look("f", "fin", "cyan", "finish_reason lost"),
}
"""What is right before what is wrong, and that the gravest first."""

_WIDE = 120  # columns, for headings that are names
_ROWS = 60  # besides those of faults, which are asked for
_EXAMPLES = 2
_STREAM = 20  # columns for the name of a stream, at least
_UNEXPECTED = 40
_SKIPPED = Text("·", "dim")


def print_matrix(matrix: Matrix, console: Console) -> None:
    """Print how often each outcome came, then the streams that are not right everywhere, then why."""
    letters = _letters(matrix)
    if matrix.ran:
        console.print(_overview(matrix, letters, wide=console.width >= _WIDE))
        _print_streams(matrix, letters, console)
        _print_reasons(matrix, console)
        console.print(_legend(console.width))
    for column in matrix.columns:
        if column.skipped:
            skipped = Text(visible(f"skipped {column.name}: {column.skipped}"), "dim")
            console.print(skipped, soft_wrap=True)  # whole, so that the command in it can be copied
    for told in remarks(matrix):
        console.print(Text(visible(told), "yellow"))
    console.print(summary(matrix))


def remarks(matrix: Matrix) -> Iterator[str]:
    """Yield a line for each accumulator that did not ask for a stream, and for each that left processes behind."""
    for name in matrix.unasked:
        yield f"{name} did not ask for a single stream: docs/accumulators.md says where they are, and how to answer"
    for name, count in matrix.left.items():
        processes = "a process" if count == 1 else f"{count} processes"
        yield f"{name} left {processes} behind, to be ended"


def print_unexpected(found: Sequence[Unexpected], versions: Sequence[str], console: Console) -> None:
    """Print what is not as the baseline has it, and which clients are of other versions."""
    for one in found[:_UNEXPECTED]:
        line = Text(visible(f"{one.stream}, {one.column}: "), "bold")
        console.print(line.append(visible(one.what), "red"))
    if len(found) > _UNEXPECTED:
        console.print(f"… and {len(found) - _UNEXPECTED} more")
    for line_ in versions:
        console.print(Text(visible(line_), "yellow"))
    if found:
        count = f"{len(found):,} {'case is' if len(found) == 1 else 'cases are'}"
        console.print(Text(f"{count} not as the baseline has it", "bold red"))
    else:
        console.print(Text("all that ran is as the baseline has it", "green"))


def _letters(matrix: Matrix) -> dict[str, str]:
    """Return a short name for each accumulator: letters, and after z pairs of them."""
    letters = [*ascii_lowercase, *(first + second for first in ascii_lowercase for second in ascii_lowercase)]
    return {column.name: letter for column, letter in zip(matrix.ran, letters, strict=False)}


def _overview(matrix: Matrix, letters: Mapping[str, str], *, wide: bool) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("")
    table.add_column("accumulator", overflow="fold", min_width=16)
    seen = [outcome for outcome in LOOKS if matrix.outcomes[outcome] or outcome.is_as_it_should]
    for outcome in seen:
        look = LOOKS[outcome]
        table.add_column(f"{look.mark} {look.word}" if wide else look.mark, justify="right", no_wrap=True)
    for column in matrix.ran:
        counts = matrix.counts(column.name)
        numbers = [
            Text(f"{counts[outcome]:,}", LOOKS[outcome].colour) if counts[outcome] else _SKIPPED for outcome in seen
        ]
        table.add_row(Text(letters[column.name], "dim"), Text(visible(column.label)), *numbers)
    return table


@dataclass(frozen=True, slots=True)
class _Row:
    """Streams that belong together: what they are called, how many there are, the gravest in each accumulator."""

    name: str
    more: str
    outcomes: tuple[Outcome, ...]

    @property
    def gravity(self) -> list[int]:
        """How grave it is, the gravest first."""
        return sorted(list(Outcome).index(outcome) for outcome in self.outcomes)


def _rows(matrix: Matrix) -> Iterator[_Row]:
    """Yield the streams that are not as they should be in every accumulator: those alike together, or of one fault."""
    alike: dict[tuple[Outcome, ...], list[str]] = {}
    of_faults: dict[str, list[tuple[Outcome, ...]]] = {}
    for stream in matrix.streams:
        outcomes = tuple(matrix.cells[stream, column.name].outcome for column in matrix.ran)
        if _is_right(outcomes):
            continue
        if fault := matrix.faults.get(stream):
            of_faults.setdefault(fault, []).append(outcomes)
        else:
            alike.setdefault(outcomes, []).append(stream)
    for outcomes, streams in alike.items():
        yield _Row(streams[0], f" and {len(streams) - 1} more" if len(streams) > 1 else "", outcomes)
    counts = Counter(matrix.faults.values())
    for fault, several in of_faults.items():
        gravest = tuple(min(of_one, key=list(Outcome).index) for of_one in zip(*several, strict=True))
        yield _Row(f"+ {fault}", f" in {len(several):,} of {counts[fault]:,}", gravest)


def _is_right(outcomes: Iterable[Outcome]) -> bool:
    return all(outcome.is_as_it_should for outcome in outcomes)


def _streams(rows: Iterable[_Row], headings: Sequence[str], columns: Sequence[int]) -> Table:
    """Return a table of some columns, since no terminal is as wide as all may be."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("stream", overflow="fold", min_width=_STREAM)
    for column in columns:
        table.add_column(headings[column], justify="center", no_wrap=True)
    for row in rows:
        marks = [LOOKS[row.outcomes[column]] for column in columns]
        name = Text(visible(row.name)).append(row.more, "dim")
        table.add_row(name, *(Text(look.mark, look.colour) for look in marks))
    return table


def _print_streams(matrix: Matrix, letters: Mapping[str, str], console: Console) -> None:
    """Print the streams that are not right everywhere, the gravest first."""
    found = sorted(_rows(matrix), key=lambda row: row.gravity)
    wide = console.width >= _WIDE and sum(len(column.name) + 1 for column in matrix.ran) <= console.width // 2
    headings = [column.name if wide else letters[column.name] for column in matrix.ran]
    most = _ROWS + len(set(matrix.faults.values()))
    each = max(map(len, headings), default=1) + 2  # with what is between two
    several = len(headings) if wide else max(1, (console.width - _STREAM - 2) // each)
    for first in range(0, len(headings) if found else 0, several):
        console.print(_streams(found[:most], headings, range(first, min(first + several, len(headings)))))
    if len(found) > most:
        console.print(f"… and {len(found) - most} more rows; --format json has them all")
    right = sum(
        _is_right(matrix.cells[stream, column.name].outcome for column in matrix.ran) for stream in matrix.streams
    )
    where = "the accumulator that ran" if len(matrix.ran) == 1 else f"all {len(matrix.ran)} accumulators that ran"
    console.print(f"{right:,} of {len(matrix.streams):,} streams are as they should be in {where}")
    console.print()


def _print_reasons(matrix: Matrix, console: Console) -> None:
    """Print for each accumulator why its outcomes are what they are, with a few examples of each."""
    for column in matrix.ran:
        reasons: dict[Outcome, list[tuple[str, str]]] = {}
        for stream in matrix.streams:
            cell = matrix.cells[stream, column.name]
            if not cell.outcome.is_as_it_should:
                reasons.setdefault(cell.outcome, []).append((stream, cell.reason))
        if not reasons:
            continue
        console.print(Text(visible(column.label), "bold").append(f"  {visible(column.title)}", "dim"))
        for outcome in sorted(reasons, key=list(Outcome).index):
            examples = reasons[outcome]
            look = LOOKS[outcome]
            console.print(Padding(Text(f"{look.mark} {outcome}  {len(examples):,}", look.colour), (0, 0, 0, 2)))
            for stream, reason in examples[:_EXAMPLES]:
                line = Text(visible(stream), "dim").append(": ").append(visible(reason), "none")
                console.print(Padding(line, (0, 0, 0, 4)))
            if (more := len(examples) - _EXAMPLES) > 0:
                console.print(Padding(Text(f"and {more:,} more, which --format json has", "dim"), (0, 0, 0, 4)))
        console.print()


def _legend(width: int) -> Text:
    """Say what each mark means, mark and word in one line."""
    told = "  ".join(f"{look.mark}\xa0{outcome}" for outcome, look in LOOKS.items())
    return Text(textwrap.fill(told, width, break_on_hyphens=False).replace("\xa0", " "), "dim")


def summary(matrix: Matrix) -> Text:
    """Say in one line what came of the matrix, and how long it took."""
    cases = len(matrix.cells)
    line = Text(f"{len(matrix.streams):,} {'stream' if len(matrix.streams) == 1 else 'streams'} in ")
    line.append(f"{len(matrix.ran)} {'accumulator' if len(matrix.ran) == 1 else 'accumulators'}: ")
    shown = [outcome for outcome in LOOKS if matrix.outcomes[outcome]]
    for number, outcome in enumerate(shown):
        line.append(", " if number else "")
        line.append(f"{matrix.outcomes[outcome]:,} {outcome}", LOOKS[outcome].colour)
    each = f", {matrix.seconds / cases * 1000:.0f} ms a case" if cases else ""
    return line.append(f"{'; ' if shown else 'nothing; '}{matrix.seconds:.1f} s{each}")
