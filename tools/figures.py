"""Fills the generated parts of the docs: figures on the rule pages, the index of rules, the list of accumulators."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from deltaproof.accumulate.known import Accumulator, Language, known_accumulators
from deltaproof.catalog import Case, Level, Page, load, specs_folder

ROOT = Path(__file__).resolve().parent.parent
_FIGURES = re.compile(r"<!-- figures -->\n.*?<!-- end -->\n", re.DOTALL)
_ACCUMULATORS = re.compile(r"<!-- accumulators -->\n.*?<!-- end -->\n", re.DOTALL)
_LOCK = ROOT / "harness" / "node" / "package-lock.json"


def figures(page: Page) -> str:
    """Return the table of what each case of a rule did to measured clients."""
    rows = [_row(case) for case in page.cases.values()]
    lines = [
        "<!-- figures -->",
        "| case | de-facto | wrong call | call lost | error | other damage | measured as |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *rows,
        "",
    ]
    if any(case.breaks for case in page.cases.values()):
        lines += ["Of 36 published accumulators; wrong and lost come without an error.", ""]
    return "\n".join([*lines, "<!-- end -->", ""])


def _row(case: Case) -> str:
    level = case.levels["de-facto"]
    if case.breaks is None:
        return f"| {case.name} | {level} | | | | | not measured |"
    counts = (case.breaks.wrong, case.breaks.lost, case.breaks.error, case.breaks.soft)
    return f"| {case.name} | {level} | {' | '.join(str(count) for count in counts)} | {case.measured} |"


def filled(page: Page, text: str) -> str:
    """Return a page's file with its figures brought up to date."""
    return _FIGURES.sub(lambda _: figures(page), text)


def rules_index() -> str:
    """Return `docs/rules.md`: every rule with its level in each profile."""
    catalog = load()
    names = list(catalog.profiles)
    lines = [
        "# Rules",
        "",
        f"{len(catalog.pages)} rules; the first five are what deltaproof promises. Levels are the gravest of any case.",
        "This page is made by `make docs`.",
    ]
    group = ""
    for page in catalog.pages.values():
        if page.group != group:
            group = page.group
            lines += [
                "",
                f"## {group}",
                "",
                f"| rule | demands | {' | '.join(names)} |",
                f"| --- | --- |{' --- |' * len(names)}",
            ]
        levels = " | ".join(_gravest(page, name) for name in names)
        lines.append(f"| [{page.slug}](../specs/rules/{page.slug}.md) | {page.statement} | {levels} |")
    return "\n".join([*lines, ""])


def _gravest(page: Page, name: str) -> str:
    profile, order = load().profiles[name], list(Level)
    return min((profile.level(page.slug, case) for case in page.cases.values()), key=order.index)


def accumulators() -> str:
    """Return the table of the accumulators that are built in, with the versions that are installed for them."""
    rows = [
        f"| {one.name} | {one.title} | {one.package} {pinned(one)} | {'yes' if one.cheap else ''} |"
        for one in known_accumulators().values()
    ]
    head = ["| name | what it is | pinned | cheap |", "| --- | --- | --- | --- |"]
    return "\n".join(["<!-- accumulators -->", *head, *rows, "<!-- end -->", ""])


def pinned(accumulator: Accumulator) -> str:
    """Return the version of its package that is installed for an accumulator."""
    if accumulator.language is Language.NODE:
        packages = json.loads(_LOCK.read_text(encoding="utf-8"))["packages"]
        return str(packages[f"node_modules/{accumulator.package}"]["version"])
    pins = dict(needed.split("==") for needed in accumulator.requires)
    versions = {name.partition("[")[0]: version for name, version in pins.items()}
    return versions[accumulator.package]


def generated() -> Iterator[tuple[Path, str]]:
    """Yield every generated file with the text that it must have."""
    for slug, page in load().pages.items():
        path = specs_folder() / "rules" / f"{slug}.md"
        yield path, filled(page, path.read_text(encoding="utf-8"))
    yield ROOT / "docs" / "rules.md", rules_index()
    path = ROOT / "docs" / "accumulators.md"
    yield path, _ACCUMULATORS.sub(lambda _: accumulators(), path.read_text(encoding="utf-8"))


def main() -> None:
    """Write what is out of date."""
    for path, text in generated():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
