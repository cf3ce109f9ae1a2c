"""What is expected of a matrix, as a JSON text that a person reads and git compares. Opens no file.

What is as it should be is not written down: an entry says what is known to be wrong, and fails once it is not so.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deltaproof.accumulate.matrix import Matrix
from deltaproof.accumulate.outcome import Outcome
from deltaproof.errors import DeltaproofError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Baseline:
    """Expected outcomes by stream and accumulator, and the versions they were seen with."""

    versions: Mapping[str, str]
    outcomes: Mapping[tuple[str, str], Outcome]


def baseline_of(matrix: Matrix, before: Baseline | None = None) -> Baseline:
    """Return what came of a matrix as what is expected; of accumulators that did not run, what was expected before."""
    ran = {column.name: column.version for column in matrix.ran}
    kept = before or Baseline({}, {})
    outcomes = {key: outcome for key, outcome in kept.outcomes.items() if key[1] not in ran}
    outcomes |= {key: cell.outcome for key, cell in matrix.cells.items() if not cell.outcome.is_as_it_should}
    return Baseline({**kept.versions, **ran}, outcomes)


def baseline_text(baseline: Baseline) -> str:
    """Return a baseline as text: one line for each stream, sorted."""
    streams: dict[str, dict[str, str]] = {}
    for (stream, column), outcome in sorted(baseline.outcomes.items()):
        streams.setdefault(stream, {})[column] = outcome.value
    lines = ",\n".join(f"    {json.dumps(stream)}: {json.dumps(cells)}" for stream, cells in streams.items())
    versions = json.dumps(dict(sorted(baseline.versions.items())))
    body = f"{{\n{lines}\n  }}" if lines else "{}"
    return f'{{\n  "deltaproof-baseline": {FORMAT},\n  "accumulators": {versions},\n  "expected": {body}\n}}\n'


def read_baseline(text: str, where: str) -> Baseline:
    """Read a baseline.

    Raises:
        DeltaproofError: it is none, or of a format that this version does not know.
    """
    try:
        told = json.loads(text)
        if told["deltaproof-baseline"] != FORMAT:
            raise DeltaproofError(f"its format is {told['deltaproof-baseline']}, and {FORMAT} is known", where=where)
        versions = {str(name): str(version) for name, version in told["accumulators"].items()}
        outcomes = {
            (str(stream), str(column)): Outcome(outcome)
            for stream, cells in told["expected"].items()
            for column, outcome in cells.items()
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        hint = "Write it with --update-baseline"
        raise DeltaproofError(f"this is no baseline: {error}", where=where, hint=hint) from error
    return Baseline(versions, outcomes)


@dataclass(frozen=True, slots=True)
class Unexpected:
    """Something that is not as a baseline has it, in one line without a final full stop."""

    stream: str
    column: str
    what: str


def unexpected(matrix: Matrix, baseline: Baseline) -> Iterator[Unexpected]:
    """Yield what is not as expected, stale entries too; nothing of accumulators that did not run."""
    ran = {column.name: column.version for column in matrix.ran}
    for (stream, column), cell in matrix.cells.items():
        expected = baseline.outcomes.get((stream, column))
        if expected is None and cell.outcome.is_as_it_should:
            continue
        if cell.outcome is not expected:
            was = f"{expected} was expected" if expected else "nothing wrong was expected"
            stale = "; the entry is stale" if cell.outcome.is_as_it_should else ""
            yield Unexpected(stream, column, f"{cell.outcome}, where {was}{stale}: {cell.reason}")
    for (stream, column), expected in baseline.outcomes.items():
        if column in ran and (stream, column) not in matrix.cells:
            yield Unexpected(
                stream, column, f"{expected} was expected, but there is no such stream; the entry is stale"
            )


def unheld_entries(matrix: Matrix, baseline: Baseline) -> Counter[str]:
    """Return how many entries a baseline has of each accumulator that did not run."""
    ran = {column.name for column in matrix.ran}
    return Counter(column for _, column in baseline.outcomes if column not in ran)


def changed_versions(matrix: Matrix, baseline: Baseline) -> Iterator[str]:
    """Yield which accumulators are of another version than the baseline's."""
    for column in matrix.ran:
        before = baseline.versions.get(column.name)
        if before is not None and before != column.version:
            yield f"{column.name} is {column.version or 'unknown'}, and the baseline is of {before or 'unknown'}"
