"""What a smaller recording must still show: a case of a rule, and nothing that is new. Makes nothing smaller."""

from __future__ import annotations

from collections.abc import Callable, Container

from deltaproof.catalog import Level
from deltaproof.exchange import Exchange
from deltaproof.verdict import Finding, judge

NOTHING_NEW: frozenset[Level] = frozenset({Level.ERROR, Level.WARNING, Level.NOTE})
"""All levels that count: a smaller recording shows what the whole one did, or part of it."""


def aim_at(
    exchange: Exchange,
    rule: str,
    case: str = "",
    *,
    profile: str,
    provider: str | None = None,
    guarded: Container[Level] = NOTHING_NEW,
) -> Callable[[Exchange], bool]:
    """Return what tells whether a part of an exchange still deviates from a rule, by a case where one is named.

    Args:
        exchange: the whole one.
        rule: the slug of the rule.
        case: its case, empty for any.
        profile: by which it is judged.
        provider: whose waivers apply, None for nobody's.
        guarded: the levels of findings that must not be new; those that the whole exchange has may stay or go.

    Raises:
        UnknownNameError: there is no such profile or provider.
    """

    def findings(judged: Exchange) -> tuple[Finding, ...]:
        return judge(judged, profile=profile, provider=provider).findings

    known = {(finding.rule, finding.case) for finding in findings(exchange)}

    def still_shows(part: Exchange) -> bool:
        found = findings(part)
        is_there = any(one.rule == rule and case in {"", one.case} for one in found)
        return is_there and all((one.rule, one.case) in known or one.level not in guarded for one in found)

    return still_shows
