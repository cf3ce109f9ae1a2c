"""What is known of a run of the suite while it runs, and its recordings. Sends nothing and judges nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from deltaproof.cassette import write_cassette
from deltaproof.cassette.scrub_rules import Scrub
from deltaproof.catalog import Scenario
from deltaproof.drive.ask.reach import Reached, provenance
from deltaproof.drive.http.target import Target
from deltaproof.drive.scenarios.run import Begun, Fact, Plan
from deltaproof.errors import RefusedError
from deltaproof.suite.chunks import fingerprint
from deltaproof.suite.outcome import Attempt, Outcome, ScenarioRun, SuiteRun


@dataclass(slots=True)
class Ledger:
    """Collects what is told of a run."""

    target: Target
    plan: Plan
    reached: Reached = field(default_factory=Reached)
    runs: dict[str, ScenarioRun] = field(default_factory=dict)

    def take(self, fact: Fact) -> None:
        """Note one fact."""
        match fact:
            case Reached():
                self.reached = fact
            case ScenarioRun():
                self.runs[fact.scenario.name] = fact
            case Begun():
                pass

    def suite(self, *, interrupted: bool) -> SuiteRun:
        """Return what is known so far; what was not run is there as skipped."""
        missing = Attempt(Outcome.SKIPPED, "not run: interrupted")
        runs = tuple(
            self.runs.get(scenario.name) or ScenarioRun(scenario, (missing,)) for scenario in self.plan.scenarios
        )
        return SuiteRun(
            url=self.target.url,
            model=self.target.model,
            server=self.reached.server,
            fingerprint=next(
                (told for run in runs for judged in run.judged if (told := fingerprint(judged.exchange))), ""
            ),
            profile=self.plan.profile.name,
            provider=self.plan.provider,
            runs=runs,
            interrupted=interrupted,
        )


def raise_if_recorded(folder: Path, scenarios: Iterable[Scenario]) -> None:
    """Raise where a folder has a recording of any of these scenarios.

    Raises:
        RefusedError: it has.
    """
    there = [path for scenario in scenarios if os.path.lexists(path := _path(folder, scenario))]
    if there:
        more = f", and {len(there) - 1} more are" if len(there) > 1 else ""
        raise RefusedError(
            f"a recording is there already{more}", where=str(there[0]), hint="Name another folder, or add --overwrite"
        )


def _path(folder: Path, scenario: Scenario) -> Path:
    return folder / f"{scenario.name}.yaml"


@dataclass(slots=True)
class Recorder:
    """Writes what was sent and read for each scenario into `FOLDER/SCENARIO.yaml`, as soon as it has ended."""

    folder: Path
    target: Target
    scrub: Scrub
    server: str = ""

    def take(self, fact: Fact) -> None:
        """Write one scenario's recording.

        Raises:
            DeltaproofError: it cannot be written.
        """
        match fact:
            case Reached():
                self.server = fact.server
            case ScenarioRun():
                self._write(fact)
            case Begun():
                pass

    def _write(self, run: ScenarioRun) -> None:
        exchanges = [exchange for attempt in run.attempts for exchange in attempt.kept]
        if exchanges:
            told = provenance(self.server, self.target.model)
            write_cassette(_path(self.folder, run.scenario), exchanges, provenance=told, scrub=self.scrub)
