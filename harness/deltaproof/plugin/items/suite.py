"""The conformance suite's items: a scenario's run held to one group of rules. Collected by conformance.py.

deltaproof::two-calls-one-tool::checks      # what the scenario demands: that it is accepted, that it streams, …
deltaproof::two-calls-one-tool::tool-call   # the rules of that group, on all that came

A scenario is asked when the first of its items runs.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from deltaproof.catalog import Scenario, specs_folder
from deltaproof.errors import UnreachableError
from deltaproof.plugin.items.asking import Asking
from deltaproof.plugin.items.baseline import CHECKS
from deltaproof.plugin.items.known import Deviations, Expected
from deltaproof.plugin.items.shares import Share, means, share, why_not
from deltaproof.plugin.settings import UPDATE, in_our_words
from deltaproof.plugin.texts import plain
from deltaproof.report.suite import labelled, print_failures
from deltaproof.report.terminal import print_findings
from deltaproof.suite.outcome import Outcome, ScenarioRun


@dataclass(frozen=True, slots=True)
class Terms:
    """What all items share: who asks, what is known, and the level from which findings fail, or "never"."""

    asking: Asking
    deviations: Deviations
    fail_on: str


class RulesItem(pytest.Item):
    """One group of rules on what came of one scenario.

    Attributes:
        scenario: which.
        groups: which of `SHARES`: its own, and `checks` too where no other item tells of them.
        terms: what all items share.
        learned, gone: what this run has shown to deviate, and what is known to and conforms.
        mistaken: what was wrong where it was not the server that failed: the target is none, or does not open.
    """

    scenario: Scenario
    groups: tuple[str, ...]
    terms: Terms
    learned: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    mistaken: str = ""

    def runtest(self) -> None:
        """Ask if nobody has, and compare what came with what is known.

        Raises:
            pytest.fail.Exception: something deviates that is not known to, or the other way round.
            pytest.xfail.Exception: something deviates, and all of it is known to.
            pytest.skip.Exception: there was nothing to look at.
        """
        run = self._asked()
        if run.outcome is Outcome.UNREACHABLE and CHECKS in self.groups:
            pytest.fail(f"{why_not(run)}\n{self._again()}", pytrace=False)
        plan = self.terms.asking.plan
        part = share(run, self.groups, plan.profile, plan.provider, self.terms.fail_on)
        expected = self.terms.deviations.compared(part, self.groups)
        if self.terms.deviations.updating:
            self.learned, self.gone = expected.new, expected.gone
            expected = Expected(frozenset(), expected.known | expected.new, frozenset())
        self._tell_rest(part, expected)
        if expected.new or expected.gone:
            pytest.fail(self._failure(part, expected), pytrace=False)
        if expected.known:
            whys = self.terms.deviations.whys
            pytest.xfail("; ".join(f"{one}: {whys.get(one) or means(one)}" for one in sorted(expected.known)))
            pytest.fail(self._failure(part, replace(expected, new=expected.known)), pytrace=False)  # under --runxfail
        if part.nothing:
            pytest.skip(part.nothing)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Say that the test is the scenario's file."""
        return specs_folder() / "scenarios" / f"{self.scenario.name}.toml", 0, self.nodeid

    def _asked(self) -> ScenarioRun:
        try:
            return self.terms.asking.run(self.scenario)
        except UnreachableError as error:
            self.mistaken = in_our_words(error)
        if hasattr(self.config, "workerinput"):
            self.session.shouldstop = self.mistaken  # which xdist passes on; an error of usage would be a crash to it
        pytest.fail(self.mistaken, pytrace=False)

    def _failure(self, part: Share, expected: Expected) -> str:
        blocks = [_shown(part, expected.new)] if expected.new else []
        where = self.terms.deviations.path
        if expected.gone and where is not None:
            lines = [
                f"{one} conforms now; {where.name} still has it as a deviation ({means(one)})" for one in expected.gone
            ]
            blocks.append("\n".join([*sorted(lines), f"Remove it there, or run with {UPDATE.option}"]))
        if expected.new and (known := sorted(expected.known - expected.new)):
            blocks.append(f"known already: {', '.join(known)}")
        return "\n\n".join([*blocks, self._again()])

    def _again(self) -> str:
        target, plan = self.terms.asking.target, self.terms.asking.plan
        words = ["deltaproof", "run", target.address(""), "--model", target.model, "--scenario", self.scenario.name]
        words += ["--api-key-env", target.key_name] if target.key_name else []
        words += ["--provider", plan.provider] if plan.provider else []
        return f"again: {shlex.join([*words, '--profile', plan.profile.name])}"

    def _tell_rest(self, part: Share, expected: Expected) -> None:
        """Put what weighs too little to fail into the item's report, which -rA shows."""
        rest = part.seen - part.grave - expected.known
        self.add_report_section("call", "deltaproof", _shown(part, rest) if rest else "")


def _shown(part: Share, deviations: Collection[str]) -> str:
    """Return the report on some deviations, as `deltaproof run` prints it."""
    told = part.only(deviations)
    failed = ScenarioRun(part.run.scenario, (replace(part.run.decisive, checks=told.failures, judged=()),))
    judged = [labelled(one) for one in told.report.judged]
    return plain(partial(print_failures, [failed]), partial(print_findings, judged))
