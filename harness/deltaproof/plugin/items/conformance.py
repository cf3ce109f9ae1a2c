"""The conformance suite as tests: what pytest calls where an endpoint is named. The items are in suite.py."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING

import pytest

from deltaproof.catalog import Scenario, choose_scenarios, load_scenarios
from deltaproof.errors import UnknownNameError
from deltaproof.plugin.items.asking import asking
from deltaproof.plugin.items.baseline import CHECKS
from deltaproof.plugin.items.known import deviations
from deltaproof.plugin.items.named import SUITE, take_ids
from deltaproof.plugin.items.shares import SHARES
from deltaproof.plugin.items.suite import RulesItem, Terms
from deltaproof.plugin.settings import FAIL_ON, text_of

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

KEY = "deltaproof_suite"
"""Under which a report has what its item learned, so that it reaches the process that writes the baseline."""

Wanted = Sequence[tuple[Scenario, Sequence[str]]]
"""The scenarios to run, and the groups that are looked at in each."""


class ScenarioNode(pytest.Collector):
    """A scenario, and its groups."""

    scenario: Scenario
    groups: Sequence[str]
    terms: Terms

    def collect(self) -> Iterator[RulesItem]:
        """Yield an item for each group."""
        for group in self.groups:
            one: RulesItem = RulesItem.from_parent(self, name=group)
            one.scenario, one.groups, one.terms = self.scenario, (group,), self.terms
            yield one


class SuiteNode(pytest.Collector):
    """The suite, and its scenarios."""

    wanted: Wanted
    terms: Terms

    def collect(self) -> Iterator[ScenarioNode]:
        """Yield a node for each scenario."""
        for scenario, groups in self.wanted:
            node: ScenarioNode = ScenarioNode.from_parent(self, name=scenario.name)
            node.scenario, node.groups, node.terms = scenario, groups, self.terms
            yield node


class Conformance:
    """What pytest calls from the session's start to its end."""

    def __init__(self, config: pytest.Config) -> None:
        """Read what is set, and make sure that the endpoint is there; not where no test is to run.

        Raises:
            DeltaproofError: something is wrong with either.
        """
        self._wanted = wanted(take_ids(config))
        self._terms = Terms(asking(config), deviations(config), text_of(config, FAIL_ON))
        self._leads = not hasattr(config, "workerinput")  # xdist's workers leave to the controller what is done once
        if self._leads and not config.option.collectonly:
            self._terms.asking.open()
        self._mistaken = False
        self._written = ""

    def pytest_report_header(self) -> str:
        """Say what is tested, and by what."""
        plan, target = self._terms.asking.plan, self._terms.asking.target
        waived = f", waivers of {plan.provider}" if plan.provider else ""
        path = self._terms.deviations.path
        known = f", known deviations of {path.name}" if path else ""
        return f"deltaproof: {target.address('')} {target.model}, by {plan.profile.name}{waived}{known}"

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Add the suite to what a session consists of."""
        report = yield
        if isinstance(collector, pytest.Session) and report.passed:
            node: SuiteNode = SuiteNode.from_parent(collector, name=SUITE, nodeid=SUITE)
            node.wanted, node.terms = self._wanted, self._terms
            report.result = [*report.result, node]
        return report

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Find for each scenario the item that tells what it demands."""
        tellers: dict[str, RulesItem] = {}
        for item in session.items:
            if isinstance(item, RulesItem) and (item.name == CHECKS or item.scenario.name not in tellers):
                tellers[item.scenario.name] = item
        for item in tellers.values():
            item.groups = tuple(dict.fromkeys((CHECKS, *item.groups)))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put into an item's report what it has learned, and where it was skipped: at the scenario, not in here.

        Raises:
            pytest.UsageError: the endpoint could not be asked, through no fault of its own.
        """
        report = yield
        if isinstance(item, RulesItem) and call.when == "call":
            if item.mistaken and self._leads:
                raise pytest.UsageError(item.mistaken)  # which ends the run with a line; from a test it would fail that
            told = {"learned": sorted(item.learned), "gone": sorted(item.gone), "mistaken": bool(item.mistaken)}
            vars(report)[KEY] = told
            if isinstance(report.longrepr, tuple):
                path, line, _ = item.reportinfo()
                report.longrepr = (str(path), line + 1, report.longrepr[2])
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what an item has learned, in whatever process it ran."""
        match vars(report).get(KEY):
            case {"learned": list(learned), "gone": list(gone), "mistaken": bool(mistaken)}:
                scenario = report.nodeid.split("::")[1]
                self._mistaken |= mistaken
                self._terms.deviations.learned |= {(scenario, one) for one in learned}
                self._terms.deviations.gone |= {(scenario, one) for one in gone}

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the baseline, if it is to be written and nobody broke off the run."""
        if self._mistaken:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        known = self._terms.deviations
        if self._leads and known.updating and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            self._written = known.write()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what has become of the baseline."""
        if self._written:
            terminalreporter.write_sep("=", "known deviations")
            terminalreporter.write_line(self._written)

    def pytest_unconfigure(self) -> None:
        """Let go of the endpoint."""
        self._terms.asking.close()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
        """Keep a scenario's items in one worker under -n alone, so that it is asked once."""
        if config.getoption("dist") != "load":
            return None
        from deltaproof.plugin.items.scheduling import by_scenario

        return by_scenario(config, log)


def wanted(ids: Sequence[Sequence[str]]) -> Wanted:
    """Return the scenarios and groups that ids name: all for an empty one; names of scenarios may be patterns.

    Raises:
        UnknownNameError: there is no such scenario or group.
    """
    known = load_scenarios()
    groups: dict[str, set[str]] = {}
    for scenario, group, *more in ((*parts, "*", "*")[: max(2, len(parts))] for parts in ids):
        if more or group not in (*SHARES, "*"):
            what = "::".join((group, *more))
            raise UnknownNameError(f"a scenario has no group {what!r}", hint=f"It has {', '.join(SHARES)}")
        for one in choose_scenarios((scenario,), known):
            groups.setdefault(one.name, set()).update(SHARES if group == "*" else {group})
    return [
        (scenario, [group for group in SHARES if group in groups[name]])
        for name, scenario in known.items()
        if name in groups
    ]
