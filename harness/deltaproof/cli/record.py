"""`deltaproof record`: a proxy before an upstream that keeps and judges what passes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deltaproof.cassette.modes import RecordMode
from deltaproof.catalog import Level
from deltaproof.cli.check import write_report
from deltaproof.cli.listening import listening_options
from deltaproof.cli.options import judging_options, named_profile, timeout_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from deltaproof.cli.log import Log

_TURN = 0.0005  # seconds that writing a cassette may keep what passes waiting, where Python allows for 0.005


@click.command(
    short_help="Record what passes between clients and an endpoint.",
    context_settings={"allow_interspersed_args": False},
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND ARGS…]")
@click.option("--upstream", required=True, metavar="URL", help="The endpoint's base URL, which usually ends in /v1.")
@click.option(
    "--out",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the cassettes go: DIR/cassette.yaml, and DIR/NAME.yaml for clients of /scenario/NAME/v1.",
)
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in RecordMode]),
    default=RecordMode.ALL.value,
    show_default=True,
    help="As vcrpy has them, for each cassette. all: asks the upstream always, and adds what comes. once: if the"
    " cassette was there at the start, answers from it alone. new_episodes: answers from it what is there, and adds"
    " what is not. none: never asks the upstream. rewrite: as all, and what was there goes when something new is kept.",
)
@listening_options("the upstream")
@timeout_option("How long the upstream may be silent.", 600.0)
@judging_options
def record(  # noqa: PLR0913 - one per option
    command: tuple[str, ...],
    *,
    upstream: str,
    folder: Path,
    mode: str,
    port: int,
    host: str,
    timeout: float,
    profile: str,
    provider: str | None,
    form: str,
    output: str,
    fail_on: str,
) -> None:
    """Record what passes between clients and an endpoint: a proxy that relays every byte at once, and keeps it.

    \b
        deltaproof record --upstream https://api.example.com/v1 --out cassettes/ -- pytest
        deltaproof record --upstream http://localhost:8000/v1 --out cassettes/ --port 8001

    COMMAND runs with OPENAI_BASE_URL set to the proxy, and ends the recording; without one, Ctrl-C does. Keys come from
    the client, and are scrubbed in what is kept, as is what [tool.deltaproof.scrub] of pyproject.toml adds. Findings
    are shown on standard error as they happen; at the end comes the report of `check`.

    Exit codes: COMMAND's own where it failed; 2 for what could not be kept, for requests that --mode neither answers
    nor records, for an upstream that could not be reached, and for a COMMAND that asked for nothing; 1 for findings at
    or above --fail-on; else 0.
    """  # noqa: D301 - the backspace is click's mark for lines to be left as they are
    from deltaproof.cassette.scrub import Cleaner
    from deltaproof.cassette.scrub_table import project_scrub
    from deltaproof.cli.log import Log
    from deltaproof.drive.record import session
    from deltaproof.drive.record.proxy import Place
    from deltaproof.drive.record.upstream import read_origin
    from deltaproof.drive.record.watch import Judging

    scrub = project_scrub(Path())
    plan = session.Plan(
        origin=read_origin(upstream),
        folder=folder,
        mode=RecordMode(mode),
        scrub=scrub,
        place=Place(host, port),
        judging=Judging(named_profile(profile, provider), provider, Cleaner(scrub)),
        patience=timeout,
        command=command,
    )
    sys.setswitchinterval(_TURN)
    with _printing() as show:
        log = Log(profile, provider, show)
        code = asyncio.run(session.record(plan, log.take))
    write_report(log.report(), form, output)
    for error in log.lost:
        click.echo(f"deltaproof: {error}", err=True)
    sys.exit(code or exit_code(log, fail_on))


def exit_code(log: Log, fail_on: str) -> int:
    """Return 2 where something was not kept, read or recorded, 1 where findings reach `fail_on`, else 0."""
    report = log.report()
    if log.lost or log.missed or report.unreadable:
        return 2
    return int(fail_on != "never" and report.reaches(Level(fail_on)))


@contextmanager
def _printing() -> Iterator[Callable[[str], None]]:
    """Write lines to standard error from a thread of its own: a terminal that is stopped does not stop what passes."""
    with ThreadPoolExecutor(1, thread_name_prefix="printing") as printer:

        def show(line: str) -> None:
            printer.submit(click.echo, line, err=True)

        yield show
