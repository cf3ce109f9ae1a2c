"""The suite against a target: which scenario when, how often, and what is told while it runs. Prints nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from deltaproof.catalog import Profile, Scenario
from deltaproof.drive.ask.bench import Bench
from deltaproof.drive.ask.reach import Admission, Reached, reach
from deltaproof.drive.ask.wire import Wire
from deltaproof.drive.http.target import Target
from deltaproof.drive.http.trouble import Trouble
from deltaproof.drive.scenarios.attempt import attempt
from deltaproof.errors import DeltaproofError
from deltaproof.exchange import Exchange
from deltaproof.suite.outcome import Attempt, Outcome, ScenarioRun

TRIES = 3
"""How often a scenario is tried until the model does what it is for."""

_GONE = frozenset({Trouble.NO_HOST, Trouble.REFUSED, Trouble.NO_ROUTE, Trouble.NO_TLS, Trouble.TLS, Trouble.SILENT})
_GONE_AFTER = 2  # scenarios without a response, one after the other


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run and how.

    Attributes:
        scenarios: in this order.
        profile, provider: by which to judge.
        repeat: how often each is run; within each, up to `TRIES` times until it is exercised.
        concurrency: how many run at once.
        timeout: seconds that the server may be silent.
    """

    scenarios: tuple[Scenario, ...]
    profile: Profile
    provider: str | None
    repeat: int
    concurrency: int
    timeout: float


@dataclass(frozen=True, slots=True)
class Begun:
    """A scenario begins."""

    scenario: Scenario


Fact: TypeAlias = Reached | Begun | ScenarioRun
"""What is told while the suite runs: that the endpoint is there, that a scenario begins, what came of it."""


@dataclass(slots=True)
class Suite:
    """The suite against a target that is there, scenario by scenario."""

    target: Target
    plan: Plan
    tell: Callable[[Fact], None]
    wire: Wire
    admission: Admission
    unanswered: int = field(default=0)  # scenarios in a row without a response

    async def run(self, scenario: Scenario) -> None:
        """Run one scenario and tell what came of it; where the server has gone, that it was not run.

        Raises:
            UnreachableError: the endpoint does not open, or does not have the model, and has accepted nothing so far.
        """
        if self.unanswered >= _GONE_AFTER:
            skipped = Attempt(Outcome.SKIPPED, "not run: the server no longer answers")
            self.tell(ScenarioRun(scenario, (skipped,)))
            return
        self.tell(Begun(scenario))
        bench = Bench(self.wire, self.target.model, self.plan.profile, self.plan.provider, self.admission.take)
        attempts: list[Attempt] = []
        try:
            for _ in range(self.plan.repeat):
                await self._repetition(scenario, bench, attempts)
                if attempts[-1].outcome is Outcome.UNSUPPORTED:
                    break
        except asyncio.CancelledError:
            attempts.append(Attempt(Outcome.SKIPPED, "interrupted", kept=_kept(bench, attempts)))
            self.tell(ScenarioRun(scenario, tuple(attempts)))
            raise
        gone = bench.troubles and bench.troubles[-1] in _GONE
        self.unanswered = self.unanswered + 1 if gone else 0
        self.tell(ScenarioRun(scenario, tuple(attempts)))

    async def _repetition(self, scenario: Scenario, bench: Bench, attempts: list[Attempt]) -> None:
        """Try a scenario until the model does what it is for."""
        for _ in range(TRIES):
            tried = await attempt(scenario, bench)
            attempts.append(replace(tried, kept=_kept(bench, attempts)))
            if tried.outcome is not Outcome.UNEXERCISED:
                return


@asynccontextmanager
async def reached_suite(target: Target, plan: Plan, tell: Callable[[Fact], None]) -> AsyncIterator[Suite]:
    """Reach a target, tell so, and yield what runs scenarios against it for as long as the block lasts.

    Raises:
        UnreachableError: there is no such endpoint, or it does not open.
    """
    async with Wire(target, timeout=plan.timeout) as wire:
        reached = await reach(wire, target)
        tell(reached)
        yield Suite(target, plan, tell, wire, Admission(target, reached))


async def run_suite(target: Target, plan: Plan, tell: Callable[[Fact], None]) -> None:
    """Run a plan against a target, and tell what happens as it does.

    A task that is cancelled tells what is known of the scenarios that it was in the middle of.

    Raises:
        UnreachableError: there is no such endpoint, or it does not open; no scenario was run.
    """
    async with reached_suite(target, plan, tell) as suite:
        left = iter(plan.scenarios)

        async def work() -> None:
            for scenario in left:
                await suite.run(scenario)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(plan.concurrency):
                    group.create_task(work())
        except* DeltaproofError as errors:
            raise _first(errors) from None


def _kept(bench: Bench, attempts: list[Attempt]) -> tuple[Exchange, ...]:
    """Return what was sent and read since the last attempt."""
    before = sum(len(one.kept) for one in attempts)
    return tuple(bench.kept[before:])


def _first(errors: BaseExceptionGroup[DeltaproofError]) -> DeltaproofError:
    one: BaseException = errors
    while isinstance(one, BaseExceptionGroup):
        one = one.exceptions[0]
    return one if isinstance(one, DeltaproofError) else DeltaproofError(str(one))
