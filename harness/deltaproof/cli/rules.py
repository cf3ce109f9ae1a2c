"""`deltaproof rules`: the catalog, and one page of it."""

from __future__ import annotations

import json

import click

from deltaproof.catalog import Catalog, Page, load
from deltaproof.verdict import DEFAULT_PROFILE


@click.command(short_help="List the rules, or show one rule's page.")
@click.argument("rule", required=False)
@click.option("--profile", default=DEFAULT_PROFILE, show_default=True, metavar="NAME", help="Whose levels to list.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def rules(rule: str | None, *, profile: str, form: str) -> None:
    """List the rules, or show one rule's page.

    \b
        deltaproof rules
        deltaproof rules tool-call-open-name
    """  # noqa: D301 - click takes the control character as its mark
    catalog = load()
    chosen = catalog.profile(profile)
    if form == "json":
        pages = [catalog.page(rule)] if rule else list(catalog.pages.values())
        shown = [page_document(page, catalog) for page in pages]
        click.echo(json.dumps(shown[0] if rule else {"rules": shown}, indent=2))
        return
    from deltaproof.report.catalog_text import print_page, print_rules
    from deltaproof.report.terminal import console_for

    if rule:
        print_page(catalog.page(rule), catalog, console_for())
    else:
        print_rules(catalog, chosen, console_for())


def page_document(page: Page, catalog: Catalog) -> dict[str, object]:
    """Return a page as a JSON object; `markdown` is its text."""
    return {
        "rule": page.slug,
        "layer": page.layer,
        "promise": page.promise or None,
        "statement": page.statement,
        "why": page.why,
        "needs": sorted(page.needs),
        "cases": {
            case.name: {
                "means": case.means,
                "blame": case.blame,
                "needs": sorted(case.needs),
                "levels": {name: profile.level(page.slug, case) for name, profile in catalog.profiles.items()},
                "breaks": case.breaks
                and {
                    "clients": case.breaks.clients,
                    "wrong": case.breaks.wrong,
                    "lost": case.breaks.lost,
                    "error": case.breaks.error,
                    "soft": case.breaks.soft,
                },
            }
            for case in page.cases.values()
        },
        "sources": list(page.sources),
        "markdown": page.text.strip(),
    }
