"""Judges the recorded corpus: the committed counts per provider and rule, and the page that tells them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from deltaproof.catalog import CLIENTS, Level, load
from deltaproof.verdict import Verdict, judge
from tools.corpus import recorded_streams

ROOT = Path(__file__).resolve().parent.parent
COUNTS = ROOT / "tests" / "providers.json"
PAGE = ROOT / "docs" / "providers.md"

Counts = dict[str, dict[str, object]]

REMARKS = {
    ("groq", "done-sentinel", "inexact"): "both from one project's fixtures; more likely its editor than the provider",
    ("openrouter", "done-sentinel", "inexact"): "both from one project's fixtures; more likely its editor",
    ("openrouter", "sse-data-only", "unprefixed"): "the recording begins with a blank before `data:`",
    ("cerebras", "finish-final", "calls"): "looks like two answers in one recording",
}
"""What the bytes show beyond the count, where it is not the provider's doing."""


def judged_corpus() -> Counts:
    """Judge every stream; count per provider and rule in how many each case deviates, or is undecided."""
    providers: dict[str, tuple[Counter[str], Counter[str]]] = {}
    for recorded in recorded_streams():
        streams, seen = providers.setdefault(recorded.provider, (Counter(), Counter()))
        streams["streams"] += 1
        streams["with tool calls"] += recorded.calls_tools
        judgement = judge(recorded.exchange, profile="openai-strict")
        cases = {(finding.rule, finding.case) for finding in judgement.findings}
        seen.update(f"{rule} {case}" for rule, case in cases)
        seen.update(f"{slug} undecided" for slug, verdict in judgement.verdicts.items() if verdict is Verdict.UNDECIDED)
    return {name: {**dict(streams), "rules": _nested(seen)} for name, (streams, seen) in sorted(providers.items())}


def _nested(seen: Mapping[str, int]) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for key in sorted(seen):
        rule, case = key.split()
        nested.setdefault(rule, {})[case] = seen[key]
    return nested


def page_of(counts: Counts) -> str:
    """Return `docs/providers.md`: what each provider really sends, from the counts."""
    pages, profile = load().pages, load().profiles["de-facto"]
    lines = [
        "# What providers really send",
        "",
        "Counted over recorded public streams, one provider at a time: in how many of its streams a rule deviates.",
        "Levels are those of the profile de-facto; cases whose level is off are left out. Recordings that lack the",
        f"evidence for a rule do not count as conforming. The last column is how many of {CLIENTS} clients break.",
        "",
        "Counts are of recordings, not of the providers today: many are years old, and faults get mended.",
        "This page is made by `make docs` from `tests/providers.json`.",
    ]
    for name, provider in counts.items():
        lines += ["", f"## {name}", ""]
        streams = "1 stream" if provider["streams"] == 1 else f"{provider['streams']} streams"
        lines += [f"{streams}, {provider['with tool calls']} with tool calls.", ""]
        rows = []
        rules = provider["rules"]
        for slug, cases in rules.items() if isinstance(rules, dict) else ():
            for case_name, count in cases.items():
                if case_name == "undecided":
                    continue
                case = pages[slug].cases[case_name]
                level = profile.level(slug, case)
                if level is not Level.OFF:
                    broken = case.breaks and case.breaks.wrong + case.breaks.lost + case.breaks.error
                    remark = REMARKS.get((name, slug, case_name))
                    what = f"{case.means} ({remark})" if remark else case.means
                    rows.append((list(Level).index(level), -count, slug, level, what, count, broken))
        if not rows:
            lines.append("No deviation that the profile counts.")
            continue
        lines += ["| level | streams | rule | what | breaks |", "| --- | --- | --- | --- | --- |"]
        for _, _, slug, level, what, count, broken in sorted(rows, key=lambda row: row[:3]):
            link = f"[{slug}](../specs/rules/{slug}.md)"
            lines.append(f"| {level} | {count} | {link} | {what} | {'' if broken is None else broken} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Judge the corpus, then write the counts and the page."""
    counts = judged_corpus()
    COUNTS.write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page_of(counts), encoding="utf-8")
    print(f"wrote {COUNTS.relative_to(ROOT)} and {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
