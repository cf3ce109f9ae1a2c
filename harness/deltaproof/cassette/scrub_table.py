"""What a project scrubs besides what always is: `[tool.deltaproof.scrub]` of its `pyproject.toml`.

[tool.deltaproof.scrub]
headers = ["x-corp-*"]          # names, in which * stands for anything
parameters = ["session"]
fields = ["customer_id"]
patterns = ["corp-[0-9]{12}"]   # regular expressions, within one line
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path

from deltaproof.cassette.paths import named
from deltaproof.cassette.scrub_rules import Scrub
from deltaproof.errors import DeltaproofError
from deltaproof.project import FILE, SCRUB, project_table

_TABLE = "[tool.deltaproof.scrub]"
_NAME = re.compile(r"[A-Za-z0-9_.*-]*[A-Za-z0-9][A-Za-z0-9_.*-]*")


def project_scrub(folder: Path) -> Scrub:
    """Return what the project in a folder scrubs: the defaults where there is no `pyproject.toml`, or nothing in it.

    Raises `DeltaproofError` as `project_table` and `scrub_from` do.
    """
    table = project_table(folder)
    where = named(folder / FILE)
    match table.get(SCRUB, {}):
        case dict(scrubbed):
            return scrub_from(scrubbed, where)
        case _:
            raise DeltaproofError(f"{_TABLE} is no table", where=where)


def scrub_from(table: Mapping[str, object], where: str = "pyproject.toml") -> Scrub:
    """Return what a project scrubs: the defaults and what the parsed table `[tool.deltaproof.scrub]` adds.

    The table's keys are `headers`, `parameters`, `fields` and `patterns`, each a list of texts.
    Raises `DeltaproofError` for anything else, with the key and the reason; `where` names the file.
    """
    known = {field.name for field in fields(Scrub)} - {"shapes"}
    added: dict[str, tuple[str, ...]] = {}
    for key, value in table.items():
        place = f"{where}: {_TABLE} {key}"
        if key not in known:
            raise DeltaproofError("there is no such key", where=place, hint=f"Known are {', '.join(sorted(known))}")
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise DeltaproofError("it is no list of texts", where=place, hint=f'Write `{key} = ["…"]`')
        for one in value:
            _check(key, one, place)
        added[key] = tuple(value)
    default = Scrub()
    return replace(
        default,
        headers=default.headers + added.get("headers", ()),
        parameters=default.parameters + added.get("parameters", ()),
        fields=default.fields + added.get("fields", ()),
        patterns=default.patterns + added.get("patterns", ()),
    )


def _check(key: str, value: str, place: str) -> None:
    """Refuse a name that fits everything or nothing, and a pattern that is none."""
    if key != "patterns":
        if not _NAME.fullmatch(value):
            raise DeltaproofError(
                f"{value!r} is no name",
                where=place,
                hint="Letters, digits, - and _ make a name; * stands for anything, but not alone",
            )
        return
    try:
        pattern = re.compile(value.encode())
    except (re.error, RecursionError, OverflowError) as error:
        raise DeltaproofError(f"{value!r} is no regular expression: {error}", where=place) from error
    if pattern.search(b""):
        raise DeltaproofError(
            f"{value!r} fits nothing at all, and so everything", where=place, hint="Say what a secret has at least"
        )
