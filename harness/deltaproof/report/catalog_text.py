"""The catalog for a person at a terminal: the list of rules, and one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from deltaproof.catalog import Catalog, Level, Page, Profile

if TYPE_CHECKING:
    from rich.console import Console

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
    """Print one page: its text, then the levels of each case by profile, and the sources."""
    text, examples, rest = page.text.partition("## Examples")
    console.print(Markdown(text.replace("<!-- figures -->", "").replace("<!-- end -->", "")))
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("case", no_wrap=True)
    table.add_column("means")
    for profile in catalog.profiles:
        table.add_column(profile)
    for case in page.cases.values():
        levels = [profile.level(page.slug, case) for profile in catalog.profiles.values()]
        table.add_row(case.name, case.means, *(Text(level, _COLOURS[level]) for level in levels))
    console.print(table)
    console.print(Text("Sources", "bold"))
    for source in page.sources:
        console.print(f"  {source}")
    console.print()
    console.print(Markdown(examples + rest))
