"""Streams times accumulators, and what came of each pair: shapes, counts, and what of it is to be looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from deltaproof.accumulate.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Column:
    """One accumulator.

    Attributes:
        name: what the operator calls it.
        title: what it is, a phrase; empty where nobody said.
        version: that of its package; empty where it is not known.
        skipped: why it did not run, and what to do about that; empty where it ran.
    """

    name: str
    title: str = ""
    version: str = ""
    skipped: str = ""

    @property
    def label(self) -> str:
        """Its name, with the version where that is known."""
        return f"{self.name} {self.version}".rstrip()


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of one stream in one accumulator.

    Attributes:
        outcome, reason: what and why; the reason is one line without a final full stop.
        seconds: from asking to the answer.
        own: the seconds that the client says it took, None where it does not say.
        broke: whether the driver gave no answer that can be read, but hung, crashed, flooded or wrote another form.
    """

    outcome: Outcome
    reason: str
    seconds: float
    own: float | None = None
    broke: bool = False


@dataclass(frozen=True, slots=True)
class Matrix:
    """All that came of some streams in some accumulators.

    Attributes:
        streams: their names, each once, in the order in which they were given.
        columns: the accumulators, those that were skipped too.
        cells: by stream and accumulator; none for those that were skipped.
        seconds: how long it took.
        left: how many processes an accumulator left behind, to be ended; those that left none are not in it.
        faults: the fault that was done to a stream, by its name; those without one are not in it.
        unasked: the accumulators that ran and did not ask for a single stream, so that nothing is known of them.
    """

    streams: tuple[str, ...]
    columns: tuple[Column, ...]
    cells: Mapping[tuple[str, str], Cell]
    seconds: float
    left: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    unasked: tuple[str, ...] = ()

    @property
    def ran(self) -> tuple[Column, ...]:
        """The accumulators that ran."""
        return tuple(column for column in self.columns if not column.skipped)

    def counts(self, column: str) -> Counter[Outcome]:
        """Return how often each outcome came of an accumulator."""
        return Counter(
            cell.outcome for stream in self.streams if (cell := self.cells.get((stream, column))) is not None
        )

    @property
    def outcomes(self) -> Counter[Outcome]:
        """How often each outcome came."""
        return Counter(cell.outcome for cell in self.cells.values())


class FailOn(StrEnum):
    """From which outcomes on a matrix fails.

    WRONG: something was handed over that was not sent. SILENT: that, or something is missing without an error, or an
    error was swallowed, or nothing came in time, or the driver broke. ERROR: that, or an error where there should be a
    message. ANY: that, or ids or the finish_reason are lost.
    """

    WRONG = "wrong"
    SILENT = "silent"
    ERROR = "error"
    ANY = "any"
    NEVER = "never"


_WRONG = frozenset({Outcome.EXECUTABLE, Outcome.UNUSABLE})
_SILENT = _WRONG | {Outcome.SWALLOWED, Outcome.LOST, Outcome.NO_ANSWER}
_ERROR = _SILENT | {Outcome.ERROR}
_FAILING: Mapping[FailOn, frozenset[Outcome]] = {
    FailOn.WRONG: _WRONG,
    FailOn.SILENT: _SILENT,
    FailOn.ERROR: _ERROR,
    FailOn.ANY: _ERROR | {Outcome.IDS_LOST, Outcome.FINISH_LOST},
    FailOn.NEVER: frozenset(),
}


def fails(matrix: Matrix, fail_on: FailOn) -> bool:
    """Tell whether any outcome of a matrix is one to fail on, or a driver broke, of which that says nothing."""
    failing = _FAILING[fail_on]
    breaks = Outcome.NO_ANSWER in failing
    return any(cell.outcome in failing or (breaks and cell.broke) for cell in matrix.cells.values())
