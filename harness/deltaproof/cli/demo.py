"""`deltaproof demo`: judges a real llama.cpp server on this machine."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from deltaproof.catalog import load, load_scenarios
from deltaproof.cli.options import progress_options
from deltaproof.verdict import DEFAULT_PROFILE

PATIENCE = 30.0  # seconds that the server may be silent


@click.command(short_help="Judge a real llama.cpp server on this machine.")
@click.option(
    "--profile", default=DEFAULT_PROFILE, show_default=True, metavar="NAME", help="What counts, and how much."
)
@click.option(
    "--record", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Keep what was sent and read."
)
@progress_options
def demo(profile: str, *, record: Path | None, overwrite: bool, quiet: bool) -> None:
    """Judge a real llama.cpp server on this machine.

    Makes a tiny model, starts llama.cpp's own HTTP server with it on a free loopback port, runs the suite of
    `deltaproof run` against it, and says in plain words what it does differently. Takes seconds and leaves no process.
    What is found does not make it fail: exit code 0. Needs the extra: pip install 'deltaproof[demo]'.
    """
    from deltaproof.cli import INTERRUPTED
    from deltaproof.cli.run import carry_out
    from deltaproof.drive.http.target import read_target
    from deltaproof.drive.llamacpp.llamacpp import running_llama_server
    from deltaproof.drive.scenarios.ledger import raise_if_recorded
    from deltaproof.drive.scenarios.run import Plan
    from deltaproof.report.plain_words import print_plain_words
    from deltaproof.report.suite import print_suite
    from deltaproof.report.terminal import console_for

    plan = Plan(
        scenarios=tuple(load_scenarios().values()),
        profile=load().profile(profile),
        provider=None,
        repeat=1,
        concurrency=1,
        timeout=PATIENCE,
    )
    if record is not None and not overwrite:
        raise_if_recorded(record, plan.scenarios)
    if not quiet:
        click.echo("Making a tiny model and starting llama.cpp's server with it …", err=True)
    with running_llama_server() as server:
        suite = carry_out(plan, read_target(server.base_url, server.model, None, {}), record, quiet=quiet)
    console = console_for()
    print_suite(suite, console)
    if suite.interrupted:
        sys.exit(INTERRUPTED)
    console.print()
    print_plain_words(suite, server.version, console)
