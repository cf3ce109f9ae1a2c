"""All rules. A rule is a pure function of one subject; it knows no level, and no other rule."""

from deltaproof.rules import tool_call_fields
from deltaproof.rules.rule import Deviation, Rule, rule

RULES: tuple[Rule, ...] = (*tool_call_fields.RULES,)

__all__ = ["RULES", "Deviation", "Rule", "rule"]
