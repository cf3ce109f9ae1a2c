"""A report as the message of a test that fails: what made it fail, and in one line all that was found."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from deltaproof.catalog import Level
from deltaproof.checking import Judged, Report

if TYPE_CHECKING:
    from deltaproof.report.terminal import Shows

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
    from deltaproof.report.terminal import print_findings, print_left_out, summary

    told = replace(report, skipped=())
    return plain(
        partial(print_findings, judged),
        partial(print_left_out, told),
        lambda console: console.print(summary(told)),
    )


def plain(*shows: Shows) -> str:
    """Return what is shown without colours, as wide as the terminal is."""
    from deltaproof.report.terminal import plain_text

    return plain_text(*shows, width=min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST))


def _only(judged: Judged, levels: tuple[Level, ...]) -> Judged:
    findings = tuple(finding for finding in judged.judgement.findings if finding.level in levels)
    return replace(judged, judgement=replace(judged.judgement, findings=findings))
