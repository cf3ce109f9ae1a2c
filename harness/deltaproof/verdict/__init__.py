"""From a response body to verdicts: runs every rule over every subject and weighs what they find."""

from deltaproof.verdict.finding import Finding, Judgement, Verdict
from deltaproof.verdict.weigh import DEFAULT_PROFILE, Judge, judge

__all__ = ["DEFAULT_PROFILE", "Finding", "Judge", "Judgement", "Verdict", "judge"]
