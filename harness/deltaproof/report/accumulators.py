"""A list of accumulators for a person at a terminal. Finds none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from deltaproof.accumulate.matrix import Column
from deltaproof.report.visible import visible

if TYPE_CHECKING:
    from rich.console import Console


def print_accumulators(columns: Iterable[Column], console: Console) -> None:
    """Print each accumulator with its version, or with what installs it."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("accumulator", no_wrap=True)
    table.add_column("version", no_wrap=True)
    table.add_column("what it is", overflow="fold")
    missing = []
    for column in columns:
        version = Text("missing", "yellow") if column.skipped else Text(visible(column.version), "green")
        table.add_row(Text(visible(column.name)), version, Text(visible(column.title)))
        if column.skipped:
            missing.append(f"{column.name}: {column.skipped}")
    console.print(table)
    for line in missing:
        console.print(Text(visible(line), "dim"), soft_wrap=True)  # whole, so that the command can be copied
