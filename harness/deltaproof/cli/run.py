"""`deltaproof run`: the conformance suite against a live endpoint."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deltaproof.catalog import Level, choose_scenarios, load_scenarios
from deltaproof.cli import INTERRUPTED
from deltaproof.cli.options import judging_options, named_profile, progress_options, timeout_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from deltaproof.drive.http.target import Target
    from deltaproof.drive.scenarios.run import Fact, Plan
    from deltaproof.suite.outcome import SuiteRun


def _list(context: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's signature
    """List the scenarios and exit, where that is wanted."""
    if wanted and not context.resilient_parsing:
        for scenario in load_scenarios().values():
            click.echo(f"{scenario.name:24} {scenario.title}")
        context.exit()


@click.command(short_help="Run the conformance suite against a live endpoint.")
@click.argument("url")
@click.option("--model", required=True, metavar="NAME", help="The model to ask for.")
@click.option(
    "--api-key-env",
    metavar="NAME",
    help="The environment variable that holds the key. Without it none is sent; no key is sent over plain http to"
    " another machine.",
)
@click.option(
    "--scenario",
    multiple=True,
    metavar="PATTERN",
    help="Which scenarios to run, such as 'tool-choice-*'; may be given several times. All without it.",
)
@click.option(
    "--repeat", type=click.IntRange(min=1), default=1, show_default=True, metavar="K", help="How often to run each."
)
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="How many to run at once; more than one makes the times say less.",
)
@timeout_option(
    "How long the server may be silent. A whole response may take ten times as long, a connection and a TLS handshake"
    " 5 seconds at most.",
    60.0,
)
@click.option(
    "--record",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write what is sent and read to DIR/SCENARIO.yaml, byte for byte, also where a stream breaks. Nothing is sent"
    " where one of these files is there already.",
)
@progress_options
@click.option("--list", is_flag=True, is_eager=True, expose_value=False, callback=_list, help="List the scenarios.")
@judging_options
def run(  # noqa: PLR0913 - one per option
    url: str,
    *,
    model: str,
    api_key_env: str | None,
    scenario: tuple[str, ...],
    repeat: int,
    concurrency: int,
    timeout: float,
    record: Path | None,
    overwrite: bool,
    quiet: bool,
    profile: str,
    provider: str | None,
    form: str,
    output: str,
    fail_on: str,
) -> None:
    """Run the conformance suite against a live endpoint: each scenario a request, each stream judged by every rule.

    \b
        deltaproof run http://localhost:8000/v1 --model my-model
        deltaproof run https://api.example.com/v1 --model m --api-key-env EXAMPLE_KEY --record evidence/

    A scenario is JUDGED, FAILED (the server did not do what it demands), UNSUPPORTED (an optional feature, properly
    refused), UNEXERCISED (the model did not do what it is for, in three attempts), UNREACHABLE or SKIPPED.

    Exit codes: 0 clean; 1 findings or failed checks at or above --fail-on; 2 wrong usage, nobody there, or, without
    such findings, scenarios unreachable or skipped; 130 Ctrl-C, after what is known so far was printed.
    """  # noqa: D301 - the backspace is click's mark for lines to be left as they are
    from deltaproof.drive.http.target import read_target
    from deltaproof.drive.scenarios.ledger import raise_if_recorded
    from deltaproof.drive.scenarios.run import Plan

    plan = Plan(
        scenarios=choose_scenarios(scenario, load_scenarios()),
        profile=named_profile(profile, provider),
        provider=provider,
        repeat=repeat,
        concurrency=concurrency,
        timeout=timeout,
    )
    target = read_target(url, model, api_key_env, os.environ)
    if record is not None and not overwrite:
        raise_if_recorded(record, plan.scenarios)
    suite = carry_out(plan, target, record, quiet=quiet)
    write_suite(suite, form, output)
    sys.exit(exit_code(suite, fail_on))


def carry_out(plan: Plan, target: Target, record: Path | None, *, quiet: bool) -> SuiteRun:
    """Run a plan against a target, showing how far it is unless `quiet`; Ctrl-C ends it with what is known so far."""
    from deltaproof.cassette.scrub_table import project_scrub
    from deltaproof.cli.progress import progress, silent
    from deltaproof.drive.scenarios.ledger import Ledger, Recorder
    from deltaproof.drive.scenarios.run import run_suite

    ledger = Ledger(target, plan)
    listeners: list[Callable[[Fact], None]] = [ledger.take]
    if record is not None:
        listeners.append(Recorder(record, target, project_scrub(Path())).take)

    interrupted = False
    with nullcontext(silent) if quiet else progress(len(plan.scenarios)) as show:
        listeners.append(show)

        def tell(fact: Fact) -> None:
            for listener in listeners:
                listener(fact)

        try:
            asyncio.run(run_suite(target, plan, tell))
        except KeyboardInterrupt:
            interrupted = True
    return ledger.suite(interrupted=interrupted)


def write_suite(suite: SuiteRun, form: str, output: str) -> None:
    """Write a run in one of its forms to a file, or to standard output for "-"."""
    with click.open_file(output, "w", encoding="utf-8") as stream:
        if form == "json":
            from deltaproof.report.json_report import json_text
            from deltaproof.report.suite_json import suite_document

            stream.write(json_text(suite_document(suite)))
        else:
            from deltaproof.report.suite import print_suite
            from deltaproof.report.terminal import console_for

            print_suite(suite, console_for(stream))  # type: ignore[arg-type]  # click types it as IO[Any]


def exit_code(suite: SuiteRun, fail_on: str) -> int:
    """Return 130 for a run that was interrupted, 1 for what reaches `fail_on`, 2 for one not complete, else 0."""
    from deltaproof.suite.outcome import Outcome

    if suite.interrupted:
        return INTERRUPTED
    if fail_on != "never" and suite.reaches(Level(fail_on)):
        return 1
    return 2 if suite.outcomes[Outcome.UNREACHABLE] or suite.outcomes[Outcome.SKIPPED] else 0
