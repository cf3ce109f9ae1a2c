"""The conformance suite against a server that runs, written as cassettes with where they are from. Starts nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deltaproof.cassette.write import write_cassette
from deltaproof.catalog import choose_scenarios, load, load_scenarios
from deltaproof.drive.http.target import read_target
from deltaproof.drive.scenarios.run import Fact, Plan, run_suite
from deltaproof.suite.outcome import ScenarioRun

PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs: what it is, where it listens, what it serves; `note` says what a reader has to know."""

    server: str
    version: str
    base_url: str
    model: str
    note: str = ""

    def provenance(self) -> dict[str, str]:
        """Return what a cassette says of where it is from, beyond what every exchange says itself."""
        told = {"server": self.server, "version": self.version, "model": self.model, "note": self.note}
        return {name: words for name, words in told.items() if words}


def record(served: Served, folder: Path, scenarios: Sequence[str] = ()) -> None:
    """Run scenarios, all of them where none is named, and write what was sent and read to FOLDER/SCENARIO.yaml.

    Names are patterns such as `tool-choice-*`.
    """
    plan = Plan(
        scenarios=choose_scenarios(tuple(scenarios), load_scenarios()),
        profile=load().profile("de-facto"),
        provider=None,
        repeat=1,
        concurrency=1,
        timeout=PATIENCE,
    )

    def tell(fact: Fact) -> None:
        if not isinstance(fact, ScenarioRun):
            return
        name, attempts = fact.scenario.name, fact.attempts
        print(f"{folder.name}/{name}: {attempts[-1].outcome} {attempts[-1].reason}".rstrip())
        if kept := [exchange for attempt in attempts for exchange in attempt.kept]:
            write_cassette(folder / f"{name}.yaml", kept, provenance=served.provenance())

    asyncio.run(run_suite(read_target(served.base_url, served.model, None, {}), plan, tell))
