"""A matrix of streams and accumulators as JSON, as `specs/schemas/matrix.json` describes it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

from deltaproof.accumulate.baseline import Unexpected
from deltaproof.accumulate.matrix import Matrix
from deltaproof.accumulate.outcome import Outcome
from deltaproof.report.json_report import Document

_DIGITS = 6  # of a second


def matrix_document(matrix: Matrix, found: Sequence[Unexpected] | None = None) -> Document:
    """Return a matrix as a JSON object; `found` is what is not as a baseline has it, None where there is none."""
    return {
        "deltaproof": version("deltaproof"),
        "accumulators": [
            {
                "name": column.name,
                "title": column.title or None,
                "version": column.version or None,
                "skipped": column.skipped or None,
                "left": matrix.left.get(column.name, 0),
                "outcomes": {outcome.value: matrix.counts(column.name)[outcome] for outcome in Outcome},
            }
            for column in matrix.columns
        ],
        "streams": [
            {
                "name": stream,
                "fault": matrix.faults.get(stream),
                "cells": {
                    column.name: {
                        "outcome": cell.outcome,
                        "reason": cell.reason,
                        "seconds": round(cell.seconds, _DIGITS),
                        "own_seconds": None if cell.own is None else round(cell.own, _DIGITS),
                    }
                    for column in matrix.ran
                    if (cell := matrix.cells.get((stream, column.name))) is not None
                },
            }
            for stream in matrix.streams
        ],
        "unexpected": None
        if found is None
        else [{"stream": one.stream, "accumulator": one.column, "what": one.what} for one in found],
        "totals": {outcome.value: matrix.outcomes[outcome] for outcome in Outcome},
        "seconds": round(matrix.seconds, _DIGITS),
    }
