"""Asks an endpoint the scenarios, each once in a process, when the first of its tests runs. Reports nothing."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest

from deltaproof.catalog import Scenario, load, load_scenarios
from deltaproof.drive.http.target import Target, read_target
from deltaproof.drive.scenarios.ledger import Ledger
from deltaproof.drive.scenarios.run import Plan, Suite, reached_suite
from deltaproof.errors import DeltaproofError
from deltaproof.plugin.settings import API_KEY_ENV, MODEL, PROFILE, PROVIDER, TIMEOUT, URL, seconds_in, text_of
from deltaproof.suite.outcome import ScenarioRun


@dataclass(slots=True)
class Asking:
    """A connection to the endpoint, made when it is first needed, and what came of the scenarios so far."""

    target: Target
    plan: Plan
    _ledger: Ledger = field(init=False)
    _stack: AsyncExitStack = field(init=False, default_factory=AsyncExitStack)
    _runner: asyncio.Runner | None = None
    _suite: Suite | None = None

    def __post_init__(self) -> None:
        self._ledger = Ledger(self.target, self.plan)

    def open(self) -> Suite:
        """Make sure that the endpoint is there.

        Raises:
            UnreachableError: it is not, or does not open.
        """
        if self._suite is None:
            reached = reached_suite(self.target, self.plan, self._ledger.take)
            try:
                self._suite = self._loop().run(self._stack.enter_async_context(reached))
            except BaseException:
                self.close()
                raise
        return self._suite

    def run(self, scenario: Scenario) -> ScenarioRun:
        """Return what came of a scenario, asking if nobody has yet.

        Raises:
            UnreachableError: the endpoint is not there, does not open, or does not have the model.
        """
        if scenario.name not in self._ledger.runs:
            suite = self.open()
            self._loop().run(suite.run(scenario))
        return self._ledger.runs[scenario.name]

    def close(self) -> None:
        """Let go of the connection, if there is one."""
        if self._runner is not None:
            self._runner.run(self._stack.aclose())
            self._runner.close()
            self._runner = None

    def _loop(self) -> asyncio.Runner:
        # A loop of its own: that of the thread may belong to another plugin.
        self._runner = self._runner or asyncio.Runner(loop_factory=asyncio.new_event_loop)
        return self._runner


def asking(config: pytest.Config) -> Asking:
    """Return what asks the endpoint that is set.

    Raises:
        DeltaproofError: something that is set is wrong, or no model is.
    """
    catalog = load()
    url, model = text_of(config, URL), text_of(config, MODEL)
    provider = text_of(config, PROVIDER) or None
    if provider:
        catalog.provider(provider)
    if not model:
        raise DeltaproofError("no model is named", where=URL.option, hint=f"Add {MODEL.option} NAME")
    plan = Plan(
        scenarios=tuple(load_scenarios().values()),
        profile=catalog.profile(text_of(config, PROFILE)),
        provider=provider,
        repeat=1,
        concurrency=1,
        timeout=seconds_in(text_of(config, TIMEOUT)),
    )
    return Asking(read_target(url, model, text_of(config, API_KEY_ENV) or None, os.environ), plan)
