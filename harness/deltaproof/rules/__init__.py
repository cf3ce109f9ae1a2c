"""All rules. A rule is a pure function of one subject; it knows no level, and no other rule."""

from deltaproof.rules import (
    arguments,
    choice,
    delta,
    ending,
    envelope,
    finish,
    framing,
    request,
    response,
    tool_call_fields,
    tool_call_identity,
    usage,
)
from deltaproof.rules.rule import Deviation, Rule, rule

RULES: tuple[Rule, ...] = (
    *response.RULES,
    *framing.RULES,
    *ending.RULES,
    *delta.RULES,
    *tool_call_identity.RULES,
    *tool_call_fields.RULES,
    *envelope.RULES,
    *choice.RULES,
    *arguments.RULES,
    *finish.RULES,
    *usage.RULES,
    *request.RULES,
)

__all__ = ["RULES", "Deviation", "Rule", "rule"]
