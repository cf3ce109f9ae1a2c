"""A recording as a test that shows its finding with nothing but deltaproof. Runs nothing, and writes no file."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from deltaproof.catalog import load
from deltaproof.exchange import End, Exchange, Fidelity
from deltaproof.report.python_text import constants_of, is_told_by_constants
from deltaproof.verdict import DEFAULT_PROFILE, Finding, judge


def is_told_by_its_body(exchange: Exchange) -> bool:
    """Tell whether `check` finds in the body alone, with request and headers, what it finds in a cassette."""
    return exchange.fidelity is Fidelity.RAW and exchange.answer is None and is_told_by_constants(exchange)


def test_name(recording: str) -> str:
    """Return what to call the test of a recording."""
    return f"test_{re.sub(r'[^A-Za-z0-9]+', '_', Path(recording).stem).strip('_').lower()}.py"


def test_text(exchange: Exchange, finding: Finding, profile: str, provider: str | None, cassette: str) -> str:
    """Return a test that shows all findings of an exchange; it reads `cassette` beside it, or has all in itself."""
    findings = judge(exchange, profile=profile, provider=provider).findings
    bare = replace(exchange, head=None)
    if not cassette and judge(bare, profile=profile, provider=provider).findings == findings:
        exchange = bare
    known = [f'profile="{profile}"'] if profile != DEFAULT_PROFILE else []
    known += [f'provider="{provider}"'] if provider else []
    means = load().pages[finding.rule].cases[finding.case].means
    if cassette:
        imports = "from pathlib import Path\n\nfrom deltaproof import check\n"
        constants: list[str] = []
        arrange = [f"report = check({', '.join([f'Path(__file__).with_name({cassette!r})', *known])})"]
    else:
        constants = constants_of(exchange)
        known = [
            f"{name.lower()}={name}" for name in ("REQUEST", "HEADERS") if any(c.startswith(name) for c in constants)
        ] + known
        imports, arrange = _checking(exchange, known)
    lines = [
        f'"""A stream that deviates from {finding.rule}, made small by `deltaproof shrink`."""',
        "",
        *imports.splitlines(),
        *(line for constant in constants for line in ("", *constant.splitlines())),
        "",
        "",
        f"def test_{_word(finding.rule)}_{_word(finding.case)}() -> None:",
        f'    """{means[:1].upper()}{means[1:]}."""',
        *(f"    {line}" for line in arrange),
        '    assert {f"{finding.rule}.{finding.case}" for finding in report.findings} == {',
        *(f'        "{case}",' for case in sorted({f"{one.rule}.{one.case}" for one in findings})),
        "    }",
        "",
    ]
    return "\n".join(lines)


def _checking(exchange: Exchange, known: list[str]) -> tuple[str, list[str]]:
    """Return what to import, and the lines that judge a body."""
    if exchange.end is End.EOF:
        return "from deltaproof import check\n", [f"report = check({', '.join(['BODY', *known])})"]
    return "from deltaproof import Checker\n", [
        f"checker = Checker({', '.join(known)})",
        "checker.feed(BODY)",
        f'report = checker.close("{exchange.end}")',
    ]


def _word(name: str) -> str:
    return name.replace("-", "_")
