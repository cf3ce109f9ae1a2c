"""The faults for a person at a terminal: their names, what each does and what it breaks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deltaproof.catalog import GROUPS, load
from deltaproof.faults import FAULTS, Fault

if TYPE_CHECKING:
    from rich.console import Console

_WIDE = 140
"""Columns from which what a fault does fits beside its name and its rule."""

_BORNE = "no rule"
_NOTHING = "breaks no rule: a client must bear it"


def print_faults(faults: Sequence[Fault], console: Console) -> None:
    """Print faults group by group, in the order of a report; those that break no rule come last."""
    if console.width < _WIDE:
        _print_list(faults, console)
    else:
        console.print(_table(faults))
    console.print(
        f"{len(faults)} of {len(FAULTS)} faults" if len(faults) < len(FAULTS) else f"{len(FAULTS)} faults", end="; "
    )
    console.print("deltaproof fault NAME IN -o OUT applies one")


def _groups(faults: Iterable[Fault]) -> Iterator[tuple[str, list[Fault]]]:
    pages = load().pages
    grouped: dict[str, list[Fault]] = {}
    for fault in faults:
        grouped.setdefault(pages[fault.rule].group if fault.rule else _BORNE, []).append(fault)
    order = list(pages)
    for group in (*GROUPS, _BORNE):
        if group in grouped:
            yield group, sorted(grouped[group], key=lambda fault: order.index(fault.rule) if fault.rule else 0)


def _table(faults: Iterable[Fault]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("fault", no_wrap=True)
    table.add_column("breaks", no_wrap=True)
    table.add_column("does")
    for group, of_group in _groups(faults):
        table.add_section()
        table.add_row(Text(group, "bold"), "", "")
        for fault in of_group:
            table.add_row(fault.name, Text(fault.breaks or "nothing", "cyan"), fault.does)
            for case, why in fault.also.items():
                table.add_row("", Text(case, "dim"), Text(why, "dim"))
    return table


def _print_list(faults: Iterable[Fault], console: Console) -> None:
    """Print what the table says where that does not fit: under each fault what it does and what it breaks."""
    for group, of_group in _groups(faults):
        console.print(Text(group, "bold"))
        for fault in of_group:
            console.print(Text(fault.name))
            console.print(Padding(fault.does, (0, 0, 0, 2)))
            breaks = Text.assemble("breaks ", (fault.breaks, "cyan")) if fault.breaks else Text(_NOTHING)
            console.print(Padding(breaks, (0, 0, 0, 2)))
            for case, why in fault.also.items():
                console.print(Padding(Text(f"and {case}: {why}", "dim"), (0, 0, 0, 2)))
        console.print()
