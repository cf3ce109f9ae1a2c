"""What the run of a scenario says of some groups of rules: what deviates, what is settled. Knows no pytest."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from deltaproof.catalog import GROUPS, Level, Profile, load
from deltaproof.checking import Judged, Report
from deltaproof.plugin.items.baseline import CHECKS
from deltaproof.report.suite import reason
from deltaproof.suite.outcome import MEANS, Check, CheckName, Outcome, ScenarioRun
from deltaproof.verdict import Finding, Verdict

SHARES = (CHECKS, *GROUPS)
"""Into what a scenario's run is divided: what it demands itself, then the groups of rules."""


@dataclass(frozen=True, slots=True)
class Share:
    """What the run of a scenario says of some groups.

    Attributes:
        run: all of it.
        failures: the checks that do not hold.
        report: what was judged, with the findings of these groups only.
        grave: the deviations at the level that fails, or above it.
        settled: the deviations that would have shown; those that are not among `seen` conform.
        nothing: why there was nothing to look at; empty where there was.
    """

    run: ScenarioRun
    failures: tuple[Check, ...]
    report: Report
    grave: frozenset[str]
    settled: frozenset[str]
    nothing: str

    @property
    def seen(self) -> frozenset[str]:
        """The deviations that there are, whatever they weigh."""
        return frozenset([*map(of_check, self.failures), *map(of_finding, self.report.findings)])

    def only(self, deviations: Collection[str]) -> Share:
        """Return the share with some of its deviations."""
        failures = tuple(check for check in self.failures if of_check(check) in deviations)
        judged = [
            _with(one, (finding for finding in one.judgement.findings if of_finding(finding) in deviations))
            for one in self.report.judged
        ]
        return replace(self, failures=failures, report=replace(self.report, judged=tuple(judged)))


def share(run: ScenarioRun, groups: Collection[str], profile: Profile, provider: str | None, fail_on: str) -> Share:
    """Return what a run says of some of the `SHARES`; `fail_on` is a level, or "never"."""
    slugs = {slug for slug, page in load().pages.items() if page.group in groups}
    judged = [
        _with(one, (finding for finding in one.judgement.findings if finding.rule in slugs)) for one in run.judged
    ]
    report = Report(profile.name, provider, tuple(judged))
    failures = run.failures if CHECKS in groups else ()
    levels = () if fail_on == "never" else tuple(Level)[: tuple(Level).index(Level(fail_on)) + 1]
    grave = {of_check(check) for check in failures if check.level in levels}
    grave |= {of_finding(finding) for finding in report.findings if finding.level in levels}
    checks = {of_check(check) for check in run.checks} if CHECKS in groups else set()
    return Share(
        run=run,
        failures=failures,
        report=report,
        grave=frozenset(grave),
        settled=frozenset(checks | _settled(report, slugs, profile)),
        nothing=_nothing(run, report, slugs),
    )


def of_check(check: Check) -> str:
    """Return how a baseline calls a check."""
    return f"{CHECKS}.{check.name}"


def of_finding(finding: Finding) -> str:
    """Return how a baseline calls a finding."""
    return f"{finding.rule}.{finding.case}"


def group_of(deviation: str) -> str:
    """Return which of the `SHARES` a deviation belongs to."""
    rule = deviation.partition(".")[0]
    return CHECKS if rule == CHECKS else load().pages[rule].group


def means(deviation: str) -> str:
    """Say what a deviation is, in a phrase."""
    rule, _, case = deviation.partition(".")
    return f"does not hold: {MEANS[CheckName(case)]}" if rule == CHECKS else load().pages[rule].cases[case].means


def why_not(run: ScenarioRun) -> str:
    """Say why a scenario came to no judgement, in a line."""
    return f"{run.outcome}: {reason(run)}"


def _with(judged: Judged, findings: Iterable[Finding]) -> Judged:
    return replace(judged, judgement=replace(judged.judgement, findings=tuple(findings)))


def _settled(report: Report, slugs: Collection[str], profile: Profile) -> set[str]:
    """Return the deviations of rules that met their subject; a case that does not count in the profile never shows."""
    verdicts, pages = report.verdicts, load().pages
    met = [pages[slug] for slug in slugs if verdicts[slug] in (Verdict.CONFORMS, Verdict.DEVIATES)]
    return {
        f"{page.slug}.{case.name}"
        for page in met
        for case in page.cases.values()
        if profile.level(page.slug, case) is not Level.OFF
    }


def _nothing(run: ScenarioRun, report: Report, slugs: Collection[str]) -> str:
    """Say why there was nothing to look at, empty where there was."""
    if not slugs:
        return "" if run.outcome in (Outcome.JUDGED, Outcome.FAILED) else why_not(run)
    verdicts = {report.verdicts[slug] for slug in slugs}
    if verdicts - {Verdict.UNEXERCISED, Verdict.UNDECIDED}:
        return ""
    if run.outcome is not Outcome.JUDGED:
        return why_not(run)
    if Verdict.UNDECIDED in verdicts:
        return "undecided: the response does not show it"
    return "unexercised: the response has nothing that these rules are about"
