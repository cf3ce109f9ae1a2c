"""`deltaproof rules`: the catalog, and one page of it."""

from __future__ import annotations

import json

import click

from deltaproof.catalog import Catalog, Page, Profile, load
from deltaproof.verdict import DEFAULT_PROFILE


@click.command(short_help="List the rules, or show one rule's page.")
@click.argument("rule", required=False)
@click.option("--profile", default=DEFAULT_PROFILE, show_default=True, metavar="NAME", help="Whose levels to show.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def rules(rule: str | None, *, profile: str, form: str) -> None:
    """List the rules, or show one rule's page.

    \b
        deltaproof rules
        deltaproof rules tool-call-open-name
        deltaproof rules tool-call-open-name --profile lenient
    """  # noqa: D301 - click takes the control character as its mark
    catalog = load()
    chosen = catalog.profile(profile)
    if form == "json":
        pages = [catalog.page(rule)] if rule else list(catalog.pages.values())
        shown = [page_document(page, catalog, chosen) for page in pages]
        click.echo(json.dumps(shown[0] if rule else {"rules": shown}, indent=2))
        return
    from deltaproof.report.catalog_text import print_page, print_rules
    from deltaproof.report.terminal import console_for

    if rule:
        print_page(catalog.page(rule), catalog, chosen, console_for())
    else:
        print_rules(catalog, chosen, console_for())


def page_document(page: Page, catalog: Catalog, profile: Profile) -> dict[str, object]:
    """Return a page as a JSON object; `level` is that of the profile, `markdown` its text."""
    return {
        "rule": page.slug,
        "layer": page.layer,
        "promise": page.promise or None,
        "statement": page.statement,
        "why": page.why,
        "needs": sorted(page.needs),
        "profile": profile.name,
        "level": profile.gravest(page),
        "cases": {
            case.name: {
                "means": case.means,
                "why": case.why or page.why,
                "blame": case.blame,
                "needs": sorted(case.needs),
                "level": profile.level(page.slug, case),
                "levels": {other.name: other.level(page.slug, case) for other in catalog.profiles.values()},
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
