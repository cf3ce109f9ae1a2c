"""The catalog for a person at a terminal: the list of rules, and one page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from deltaproof.catalog import Catalog, Level, Page, Profile
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
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("rule", no_wrap=True)
    table.add_column("level", no_wrap=True)
    table.add_column("demands")
    group = ""
    for page in catalog.pages.values():
        if page.group != group:
            group = page.group
            table.add_section()
            table.add_row(Text(group, "bold"), "", "")
        level = gravest(page, profile)
        table.add_row(page.slug, Text(level, _COLOURS[level]), page.statement)
    console.print(table)
    console.print(f"{len(catalog.pages)} rules, levels of {profile.name}; deltaproof rules RULE shows a page")


def gravest(page: Page, profile: Profile) -> Level:
    """Return the gravest level that any case of a rule has in a profile."""
    order = list(Level)
    return min((profile.level(page.slug, case) for case in page.cases.values()), key=order.index)


def print_page(page: Page, catalog: Catalog, console: Console) -> None:
    """Print one page: its text, what each case weighs and breaks, the examples with what they show, the sources."""
    text = page.text.partition("## Examples")[0]
    console.print(Markdown(_EMPTY_SECTION.sub("", _FIGURES.sub("", text))))
    console.print()
    console.print(Text("Cases", "bold"))
    console.print(_cases(page, catalog))
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


def _cases(page: Page, catalog: Catalog) -> Table:
    """Return a table of the cases: what they are, what they weigh in each profile, what they did to clients."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("case", no_wrap=True)
    table.add_column("means")
    for profile in catalog.profiles:
        table.add_column(profile)
    table.add_column("measured")
    for case in page.cases.values():
        levels = [profile.level(page.slug, case) for profile in catalog.profiles.values()]
        told = str(case.breaks) if case.breaks else "not measured"
        table.add_row(case.name, case.means, *(Text(level, _COLOURS[level]) for level in levels), told)
    return table


def _lines(body: bytes) -> list[str]:
    """Return a stream line by line, empty lines and the usual envelope left out, what is no plain text as escapes."""
    lines = body.decode(errors="backslashreplace").split("\n")
    return [visible(line).replace(_ENVELOPE, "{… ", 1) for line in lines if line]
