"""`deltaproof replay --through`: recordings sent through a gateway, and what came out of it."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import click

from deltaproof.accumulate.outcome import Outcome
from deltaproof.catalog import load
from deltaproof.cli import INTERRUPTED

if TYPE_CHECKING:
    from deltaproof.drive.through.passing import Through
    from deltaproof.exchange import Exchange
    from deltaproof.faults import Fault
    from deltaproof.passage.kinds import FailOn
    from deltaproof.passage.passage import Given, Passages
    from deltaproof.passage.remarks import Remarked

F = TypeVar("F", bound=Callable[..., object])  # type: ignore[explicit-any]  # as click has it

FORMATS = ("text", "json", "markdown")
_JOBS = 4
_TIMEOUT = 20.0
_SHORTEST = 2.0
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Passing:
    """What the operator asked for: see the options of the same names; None where one was not given."""

    url: str
    upstream_port: int | None
    model: str
    api_key_env: str | None
    timeout: float | None
    jobs: int | None
    faults: str | None
    seed: int
    fail_on: FailOn | None
    record: Path | None
    profile: str
    provider: str | None


def through_options(command: F) -> F:  # type: ignore[explicit-any]  # as click has it
    """Add the options that name a gateway."""
    for option in reversed(
        (
            click.option(
                "--through",
                metavar="URL",
                help="The gateway to send the recordings through: their requests go to it, and it asks"
                " http://127.0.0.1:PORT/v1, which answers as recorded. Where that falls silent, the gateway has"
                " --timeout seconds to give up on it.",
            ),
            click.option(
                "--upstream-port",
                type=click.IntRange(1, 65535),
                metavar="PORT",
                help="Where the gateway expects its upstream. With --through.",
            ),
        )
    ):
        command = option(command)
    return command


def pass_recordings(paths: Sequence[Path], passing: Passing, form: str, output: str) -> None:
    """Send recordings through a gateway, report what came out, and exit."""
    from deltaproof.drive.http.target import read_target
    from deltaproof.drive.through.giving import Giving, given
    from deltaproof.drive.through.passing import Through
    from deltaproof.errors import RefusedError
    from deltaproof.faults import chosen
    from deltaproof.passage.kinds import FailOn
    from deltaproof.passage.marking import Markers
    from deltaproof.passage.remarks import fails, never_asked, remarked

    if passing.upstream_port is None:
        raise click.UsageError(
            "--through needs --upstream-port PORT: the gateway's upstream is http://127.0.0.1:PORT/v1"
        )
    if passing.timeout is not None and passing.timeout < _SHORTEST:
        raise click.UsageError(
            f"--timeout with --through is {_SHORTEST:g} seconds or more: the upstream itself waits for a second until"
            " its first fragment has come out"
        )
    target = read_target(passing.url, passing.model, passing.api_key_env, os.environ)
    if leads_to(target.url, passing.upstream_port):
        raise RefusedError(
            f"this is where the recordings are played (--upstream-port {passing.upstream_port}), and no gateway:"
            " nothing would take part",
            where=target.url,
            hint="Name the gateway's own port",
        )
    faults = chosen(passing.faults) if passing.faults is not None else ()
    profile = load().profile(passing.profile)
    giving = Giving(passing.model, profile, passing.provider, faults, passing.seed, Markers(token_hex(3)))
    going = tuple(given(_recordings(paths, passing), giving))
    through = Through(target, passing.upstream_port, going, giving, passing.jobs or _JOBS, passing.timeout or _TIMEOUT)
    _tell_idle(faults, going, passing.faults or "")
    passages, interrupted = carry_out(through, passing)
    found = remarked(passages.passages)
    _write(passages, found, form, output)
    if interrupted:
        sys.exit(INTERRUPTED)
    if never_asked(found):
        what = f"it never asked {passages.upstream}: is it configured with that upstream?"
        if passages.strays:
            what = f"nothing that it asked {passages.upstream} has the marker that was in the request's last message."
        click.echo(f"deltaproof: {passages.gateway}: {what} {_answered(found)}", err=True)
        sys.exit(2)
    sys.exit(int(fails(found, passing.fail_on or FailOn.ANY)))


def _tell_idle(faults: Sequence[Fault], going: Sequence[Given], words: str) -> None:
    """Say which faults that were named change nothing that is played."""
    from deltaproof.faults import is_pattern

    done = {one.fault for one in going}
    named = {name.strip() for name in words.split(",") if not is_pattern(name.strip())}
    for fault in faults:
        if fault.name not in done and fault.name in named:
            why = "it applies to none of the recordings, or changes times alone, which are not played"
            click.echo(f"left out: {fault.name}: {why}", err=True)


def leads_to(url: str, port: int) -> bool:
    """Tell whether a URL leads to what listens on a port of 127.0.0.1, whatever the machine is called in it."""
    parts = urlsplit(url)
    there = parts.port or (443 if parts.scheme == "https" else 80)
    if there != port or parts.hostname is None:
        return False
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(parts.hostname, there, type=socket.SOCK_STREAM)}
    except OSError:
        return False  # a name that nobody knows leads nowhere, which is told when it is asked
    return bool(found & {_LOOPBACK, "0.0.0.0", f"::ffff:{_LOOPBACK}"})  # noqa: S104 - connecting there is to loopback


def _answered(found: Sequence[Remarked]) -> str:
    """Say what a gateway did most, in place of asking."""
    errors = Counter(one.ruling.reason for one in found if one.ruling.outcome in (Outcome.ERROR, Outcome.NO_ANSWER))
    ((reason, times),) = errors.most_common(1) or [("", 0)]
    return f"What came of {times:,} of {len(found):,}: {reason}" if times else "It answers by itself"


def _recordings(paths: Sequence[Path], passing: Passing) -> list[tuple[str, Exchange]]:
    """Return what is recorded, with the names that the operator knows."""
    from deltaproof.cassette.scrub import plain
    from deltaproof.cli.comparing import judged_at, name_below, name_of

    judged = judged_at(paths, passing.profile, provider=passing.provider).judged
    names = [name_below(one, paths) for one in judged]
    if len(set(names)) < len(names):  # in several folders: below the one that all of them are in
        root = Path(os.path.commonpath([Path(one.exchange.source).parent for one in judged]))
        names = [name_of(one, root) for one in judged]
    return [(name, plain(one.exchange)) for name, one in zip(names, judged, strict=True)]


def carry_out(through: Through, passing: Passing) -> tuple[Passages, bool]:
    """Send all that is given; return what passed, and whether Ctrl-C ended it."""
    from deltaproof.cassette.scrub_table import project_scrub
    from deltaproof.drive.through.keeping import keep, places
    from deltaproof.drive.through.passing import Went, passages_of, send_through
    from deltaproof.passage.passage import Passages

    paths = places(passing.record, through.given) if passing.record is not None else []
    went = Went()
    started = time.monotonic()
    interrupted = False
    try:
        asyncio.run(send_through(through, went, lambda done: _told(done, len(through.given))))
    except KeyboardInterrupt:
        interrupted = True
    seconds = time.monotonic() - started
    if passing.record is not None:
        keep(paths, through, went, project_scrub(Path()))
    unsent = tuple(one.name for number, one in enumerate(through.given) if number not in went.came)
    why = f"since of the first {len(went.came)} none was answered" if went.given_up else "since it was interrupted"
    passages = Passages(
        gateway=through.target.address(""),
        upstream=f"http://127.0.0.1:{through.port}/v1",
        server=went.server,
        profile=passing.profile,
        provider=passing.provider,
        passages=passages_of(through, went),
        unsent=unsent,
        why_unsent=why if unsent else "",
        strays=went.strays,
        seconds=seconds,
    )
    return passages, interrupted


def _told(done: int, of: int) -> None:
    """Tell a person who waits how far it is."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{done:,} of {of:,}" if done < of else "\r\x1b[K", nl=False, err=True)


def _write(passages: Passages, found: Sequence[Remarked], form: str, output: str) -> None:
    """Write what came of a gateway in one of its forms to a file, or to standard output for "-"."""
    with click.open_file(output, "w", encoding="utf-8") as stream:
        match form:
            case "json":
                from deltaproof.report.json_report import json_text
                from deltaproof.report.through_json import through_document

                stream.write(json_text(through_document(passages, found)))
            case "markdown":
                from deltaproof.report.through_page import through_markdown

                stream.write(through_markdown(passages, found))
            case _:
                from deltaproof.report.terminal import console_for
                from deltaproof.report.through import print_through

                print_through(passages, found, console_for(stream))  # type: ignore[arg-type]  # click types it as IO[Any]
