"""`deltaproof faults`: the named changes by which a recording can be broken on purpose."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

import click

from deltaproof.catalog import load
from deltaproof.errors import UnknownNameError
from deltaproof.faults import FAULTS, Fault


@click.command(short_help="List the faults by which a recording can be broken on purpose.")
@click.argument("patterns", nargs=-1, metavar="[PATTERN]…")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def faults(patterns: tuple[str, ...], *, form: str) -> None:
    """List the faults: named changes to a recording, each of which breaks one case of a rule.

    PATTERN is a fault's name or that of the rule it breaks; * and ? stand for what they do in a shell. Below a fault
    stands what else it cannot but bring. `deltaproof fault` applies them.

    \b
        deltaproof faults
        deltaproof faults 'name-*'
        deltaproof faults tool-call-open-name
    """  # noqa: D301 - click takes the control character as its mark
    shown = [fault for fault in FAULTS if not patterns or any(_matches(fault, pattern) for pattern in patterns)]
    for pattern in patterns:
        if not any(_matches(fault, pattern) for fault in FAULTS):
            what = f"no fault, and no rule with one, is called {pattern!r}"
            raise UnknownNameError(what, hint="`deltaproof faults` lists them")
    if form == "json":
        from deltaproof.report.json_report import json_text

        click.echo(json_text({"faults": list(_documents(shown))}), nl=False)
        return
    from deltaproof.report.faults_text import print_faults
    from deltaproof.report.terminal import console_for

    print_faults(shown, console_for())


def _matches(fault: Fault, pattern: str) -> bool:
    return any(fnmatchcase(name, pattern) for name in (fault.name, fault.rule, fault.breaks) if name)


def _documents(shown: Iterable[Fault]) -> Iterable[dict[str, object]]:
    """Yield each fault as a JSON object; what it breaks is null where no rule forbids it."""
    pages = load().pages
    for fault in shown:
        yield {
            "fault": fault.name,
            "does": fault.does,
            "rule": fault.rule or None,
            "case": fault.case or None,
            "group": pages[fault.rule].group if fault.rule else None,
            "also": dict(fault.also),
        }
