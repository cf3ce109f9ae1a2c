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


@pytest.mark.parametrize("columns", [40, 80])
def test_the_list_names_every_rule_at_any_width(tmp_path: Path, columns: int) -> None:
    """On a narrow terminal too each slug stands on a line with its level, and its demand is there whole."""
    out = deltaproof("rules", cwd=tmp_path, columns=columns).out
    profile = load().profiles["de-facto"]
    lines = [line.split() for line in out.splitlines()]
    for slug, page in load().pages.items():
        assert [slug, profile.gravest(page)] in [line[:2] for line in lines]
        assert set(page.statement.split()) <= {word for line in lines for word in line}
    assert max(map(len, out.splitlines())) <= columns


def test_a_page_shows_the_levels_of_the_chosen_profile(tmp_path: Path) -> None:
    """`--profile P` decides on the level beside each case; where others weigh it otherwise, they are named."""
    out = deltaproof("rules", "sse-framing", "--profile", "lenient", cwd=tmp_path, columns=60).out
    cases = out.partition("Cases, levels of lenient\n\n")[2].partition("\nExample")[0]
    assert [line.split() for line in cases.splitlines() if line[:1].strip()] == [
        ["error", "joined"],
        ["warning", "unterminated"],
        ["off", "unterminated-done"],
        ["error", "oversized"],
        ["off", "mixed"],
    ]
    assert "         error in de-facto, error in empower, error in\n         openai-strict\n" in cases
    shown = json.loads(deltaproof("rules", "sse-framing", "--profile", "lenient", "--format", "json", cwd=tmp_path).out)
    assert (shown["profile"], shown["level"]) == ("lenient", "error")
    assert {name: case["level"] for name, case in shown["cases"].items()} == {
        "joined": "error",
        "unterminated": "warning",
        "unterminated-done": "off",
        "oversized": "error",
        "mixed": "off",
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("rules", "open-name"), "there is no rule 'open-name'. Known: tool-call-open-name"),
        (("rules", "sse-framming"), "there is no rule 'sse-framming'. Did you mean sse-framing?"),
        (("rules", "zzz"), "there is no rule 'zzz'. `deltaproof rules` lists them"),
        (("rules", "--profile", "leniant"), "there is no profile 'leniant'. Did you mean lenient?"),
        (("check", "-", "--provider", "opnai"), "there is no provider 'opnai'. Did you mean openai?"),
        (
            ("check", "-", "--provider", "zzz"),
            f"there is no provider 'zzz'. Known: {', '.join(sorted(load().providers))}",
        ),
    ],
)
def test_an_unknown_name_is_told_with_what_may_be_meant(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    """What has a part in common, what is spelled alike, else all; exit code 2, also where nothing would be judged."""
    ran = deltaproof(*arguments, cwd=tmp_path)
    assert (ran.code, ran.out, ran.err) == (2, "", f"deltaproof: {told}\n")


def test_the_names_of_providers_stand_where_they_are_looked_for(tmp_path: Path) -> None:
    """`check --help` and the README name every provider that has waivers."""
    out = deltaproof("check", "--help", cwd=tmp_path, columns=200).out
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    for name in load().providers:
        assert name in " ".join(out.split()).replace("- ", "-")
        assert name in readme


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
