"""Facts about `deltaproof rules` and the command itself, seen from outside."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deltaproof.catalog import load
from tests.cli.command import deltaproof


def test_the_list_has_every_rule_with_the_five_promises_first(tmp_path: Path) -> None:
    """`deltaproof rules --format json` is the catalog in the order of a report."""
    listed = json.loads(deltaproof("rules", "--format", "json", cwd=tmp_path).out)["rules"]
    assert len(listed) == 71
    assert [page["rule"] for page in listed[:5]] == [
        "tool-call-open-name",
        "tool-call-continuation-name",
        "tool-call-index-identity",
        "arguments-complete-object",
        "choice-delta-object",
    ]


def test_the_list_is_a_table_for_a_person(tmp_path: Path) -> None:
    """Each slug stands on a line of its own with its level."""
    out = deltaproof("rules", cwd=tmp_path, columns=200).out
    lines = {line.split()[0]: line.split()[1] for line in out.splitlines() if len(line.split()) > 1}
    profile = load().profiles["de-facto"]
    for slug, page in load().pages.items():
        assert lines[slug] == min(
            (profile.level(slug, case) for case in page.cases.values()), key=["error", "warning", "note", "off"].index
        )


def test_a_page_shows_why_its_cases_and_its_sources(tmp_path: Path) -> None:
    """`deltaproof rules SLUG` is the page, for a person or as JSON."""
    page = load().pages["tool-call-open-name"]
    out = " ".join(deltaproof("rules", "tool-call-open-name", cwd=tmp_path, columns=200).out.split())
    assert page.why in out
    for told in (*page.cases, *page.sources):
        assert told in out
    shown = json.loads(deltaproof("rules", "tool-call-open-name", "--format", "json", cwd=tmp_path).out)
    assert shown["cases"]["split"]["breaks"] == {"clients": 36, "wrong": 18, "lost": 3, "error": 1, "soft": 0}
    assert shown["cases"]["split"]["levels"]["lenient"] == "error"


def test_an_unknown_rule_is_told_with_its_neighbours(tmp_path: Path) -> None:
    """A part of a slug names the rules that have it; exit code 2."""
    ran = deltaproof("rules", "open-name", cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "deltaproof: there is no rule 'open-name'. Known: tool-call-open-name\n"


@pytest.mark.parametrize(
    ("code", "banned"),
    [
        ("import deltaproof", ["click", "rich", "httpx2", "vcr", "yaml", "jsonschema", "deepdiff", "orjson"]),
        ("import deltaproof.cli", ["rich", "httpx2", "vcr", "yaml", "jsonschema", "deepdiff", "orjson", "asyncio"]),
        ("import deltaproof; deltaproof.check(b'')", ["click", "rich", "httpx2", "vcr", "yaml", "deepdiff"]),
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(code: str, banned: list[str]) -> None:
    """Start-up time counts: the facade, `--help` and a check load only what they use."""
    ask = f"{code}\nimport sys\nprint(sorted({banned!r} & sys.modules.keys()))".replace("[", "{", 1).replace(
        "]", "}", 1
    )
    ran = subprocess.run([sys.executable, "-c", ask], capture_output=True, check=True, text=True)
    assert ran.stdout.strip() == "[]"


def test_help_names_every_verb(tmp_path: Path) -> None:
    """`deltaproof --help` lists the verbs, and each has a help of its own."""
    out = deltaproof("--help", cwd=tmp_path).out
    for verb in ("check", "run", "rules", "demo"):
        assert f"  {verb} " in out
        assert deltaproof(verb, "--help", cwd=tmp_path).code == 0
