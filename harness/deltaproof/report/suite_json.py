"""A run of the suite as JSON, as `specs/schemas/run.json` describes it: a report, with the target and the scenarios."""

from __future__ import annotations

from dataclasses import asdict

from deltaproof.report.json_report import Document, document
from deltaproof.suite.outcome import Check, ScenarioRun, SuiteRun, Timing

_DIGITS = 6  # of a second


def suite_document(suite: SuiteRun) -> Document:
    """Return a run as the JSON object that `run --format json` prints; its keys and values are stable."""
    scenarios = []
    first = 0
    for run in suite.runs:
        scenarios.append(_scenario(run, first))
        first += len(run.judged)
    report = document(suite.report)
    return {
        "deltaproof": report["deltaproof"],
        "target": {
            "url": suite.url,
            "model": suite.model,
            "server": suite.server or None,
            "fingerprint": suite.fingerprint or None,
        },
        "interrupted": suite.interrupted,
        "scenarios": scenarios,
        **report,
    }


def _scenario(run: ScenarioRun, first: int) -> Document:
    decisive = run.decisive
    return {
        "name": run.scenario.name,
        "title": run.scenario.title,
        "status": run.outcome,
        "reason": decisive.reason or None,
        "blame": decisive.blame,
        "attempts": len(run.attempts),
        "checks": [_check(check) for check in run.checks],
        "timing": _timing(run.timing),
        "exchanges": list(range(first, first + len(run.judged))),
    }


def _check(check: Check) -> Document:
    if check.holds:
        return {"check": check.name, "holds": True}
    return {
        "check": check.name,
        "holds": False,
        "level": check.level,
        "blame": check.blame,
        "message": check.message,
        "text": check.text,
    }


def _timing(timing: Timing | None) -> Document | None:
    if timing is None:
        return None
    return {key: round(value, _DIGITS) if isinstance(value, float) else value for key, value in asdict(timing).items()}
