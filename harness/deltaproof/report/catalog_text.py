"""The catalog for a person at a terminal: the list of rules, and one page."""

from __future__ import annotations

import re
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.markdown import Markdown
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deltaproof.catalog import Catalog, Level, Page, Profile
from deltaproof.report.overview import NARROW
from deltaproof.report.visible import visible
from deltaproof.sse import LIMIT

if TYPE_CHECKING:
    from rich.console import Console

_FIGURES = re.compile(r"<!-- figures -->.*?<!-- end -->\s*", re.DOTALL)
_EMPTY_SECTION = re.compile(r"^## .+\s+(?=^## )", re.MULTILINE)
_ENVELOPE = '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m",'
_COLOURS = {Level.ERROR: "red", Level.WARNING: "yellow", Level.NOTE: "cyan", Level.OFF: "dim"}


def print_rules(catalog: Catalog, profile: Profile, console: Console) -> None:
    """Print every rule with its level in a profile, group by group in the order of a report."""
    if console.width <= NARROW:
        _print_list(catalog, profile, console)
    else:
        console.print(_table(catalog, profile))
    console.print(f"{len(catalog.pages)} rules, levels of {profile.name}; deltaproof rules RULE shows a page")


def _table(catalog: Catalog, profile: Profile) -> Table:
    """Return the rules as a table."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("rule", no_wrap=True)
    table.add_column("level", no_wrap=True)
    table.add_column("demands")
    for group, pages in groupby(catalog.pages.values(), attrgetter("group")):
        table.add_section()
        table.add_row(Text(group, "bold"), "", "")
        for page in pages:
            level = profile.gravest(page)
            table.add_row(page.slug, Text(level, _COLOURS[level]), page.statement)
    return table


def _print_list(catalog: Catalog, profile: Profile, console: Console) -> None:
    """Print what the table says where that does not fit: under each rule what it demands."""
    for group, pages in groupby(catalog.pages.values(), attrgetter("group")):
        console.print(Text(group, "bold"))
        for page in pages:
            level = profile.gravest(page)
            console.print(Text.assemble(page.slug, "  ", (level, _COLOURS[level])))
            console.print(Padding(page.statement, (0, 0, 0, 2)))
        console.print()


def print_page(page: Page, catalog: Catalog, profile: Profile, console: Console) -> None:
    """Print one page: its text, what each case weighs and breaks, the examples with what they show, the sources."""
    text = page.text.partition("## Examples")[0]
    console.print(Markdown(_EMPTY_SECTION.sub("", _FIGURES.sub("", text))))
    console.print()
    console.print(Text.assemble(("Cases", "bold"), f", levels of {profile.name}"))
    console.print()
    console.print(_cases(page, catalog, profile))
    for example in page.examples:
        shown = f"deviates by {example.case}: {page.cases[example.case].means}" if example.case else "conforms"
        if example.limit != LIMIT:
            shown += f" (here of {example.limit} bytes)"
        console.print(Text(f"Example that {shown}", "green" if not example.case else "red"))
        for line in _lines(example.body):
            console.print(Text(f"  {line}"), no_wrap=True, overflow="ellipsis", crop=True)
        console.print()
    console.print(Text("Sources", "bold"))
    for source in page.sources:
        console.print(f"  {source}")


def _cases(page: Page, catalog: Catalog, profile: Profile) -> Table:
    """Return the cases: what each weighs, what it is, what it did to clients, where else it weighs otherwise."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for case in page.cases.values():
        level = profile.level(page.slug, case)
        table.add_row(Text(level, _COLOURS[level]), Text(case.name, "bold"))
        table.add_row("", case.means)
        if case.why:
            table.add_row("", case.why)
        table.add_row("", str(case.breaks) if case.breaks else "not measured")
        others = {other.name: other.level(page.slug, case) for other in catalog.profiles.values()}
        if unlike := [f"{other} in {name}" for name, other in others.items() if other is not level]:
            table.add_row("", ", ".join(unlike))
        table.add_row()
    return table


def _lines(body: bytes) -> list[str]:
    """Return a stream line by line, empty lines and the usual envelope left out, what is no plain text as escapes."""
    lines = body.decode(errors="backslashreplace").split("\n")
    return [visible(line).replace(_ENVELOPE, "{… ", 1) for line in lines if line]
