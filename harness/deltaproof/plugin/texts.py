"""A report as the message of a test that fails: what made it fail, and in one line all that was found."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from deltaproof.catalog import Level
from deltaproof.checking import Judged, Report

if TYPE_CHECKING:
    from rich.console import Console

_NARROWEST, _WIDEST = 60, 120


def failing(report: Report, fail_on: str) -> str:
    """Return what of a report fails a test: the findings at or above a level; nothing where there are none.

    Args:
        report: on what passed in a test.
        fail_on: a level, or "never".
    """
    grave = () if fail_on == "never" else tuple(Level)[: tuple(Level).index(Level(fail_on)) + 1]
    judged = [_only(one, grave) for one in report.judged]
    judged = [one for one in judged if one.judgement.findings]
    if not judged and not report.unreadable:
        return ""
    from deltaproof.report.terminal import print_findings, summary

    def show(console: Console) -> None:
        print_findings(judged, console)
        for error in report.unreadable:
            console.print(f"unreadable: {error}")
        console.print(summary(replace(report, skipped=())))

    return plain(show)


def plain(show: Callable[[Console], None]) -> str:
    """Return what something prints, without colours, as wide as the terminal is."""
    from deltaproof.report.terminal import console_for

    text = io.StringIO()
    width = min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST)
    show(console_for(text, width=width))
    return text.getvalue().rstrip()


def _only(judged: Judged, levels: tuple[Level, ...]) -> Judged:
    findings = tuple(finding for finding in judged.judgement.findings if finding.level in levels)
    return replace(judged, judgement=replace(judged.judgement, findings=findings))
