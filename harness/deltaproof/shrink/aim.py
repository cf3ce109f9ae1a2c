"""What a smaller recording must still show: a case of a rule, and nothing that is new. Makes nothing smaller."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable

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
    is_known = knowing(exchange, profile=profile, provider=provider, guarded=guarded)

    def still_shows(part: Exchange) -> bool:
        found = judge(part, profile=profile, provider=provider).findings
        return any(one.rule == rule and case in {"", one.case} for one in found) and is_known(found)

    return still_shows


def knowing(
    exchange: Exchange, *, profile: str, provider: str | None = None, guarded: Container[Level] = NOTHING_NEW
) -> Callable[[Iterable[Finding]], bool]:
    """Return what tells whether findings are those of an exchange, or part of them; its arguments are as of `aim_at`.

    Raises:
        UnknownNameError: there is no such profile or provider.
    """
    known = {(finding.rule, finding.case) for finding in judge(exchange, profile=profile, provider=provider).findings}
    return lambda found: all((one.rule, one.case) in known or one.level not in guarded for one in found)
