"""`deltaproof shrink`: the smallest recording that still shows a finding, or what a client makes wrong of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import click

from deltaproof.catalog import Level, load
from deltaproof.cli.accumulating import raise_unless_persistent_fits
from deltaproof.cli.files import (
    STANDARD,
    checked_output,
    entry_option,
    raise_if_there,
    read_recorded,
    write_recording,
)
from deltaproof.cli.modes import refuse_foreign
from deltaproof.cli.shrinking import Client, Guard, raise_unless_cassette, shrink_for_client, test_of, write_test
from deltaproof.errors import DeltaproofError, UnknownNameError
from deltaproof.exchange import Exchange
from deltaproof.shrink import NOTHING_NEW, Shrunk, aim_at
from deltaproof.shrink import shrink as make_smaller
from deltaproof.verdict import DEFAULT_PROFILE, Finding, judge

_STRICTEST = "openai-strict"
_OF_CLIENTS = {"--persistent": ("--accumulator",), "--limit": ("--accumulator",)}


@dataclass(frozen=True, slots=True)
class _Aim:
    """What is to be shown, and by which exchange it is."""

    exchange: Exchange
    finding: Finding


@click.command(short_help="Make a recording as small as it can be while it shows a finding, or a client's mistake.")
@click.argument("source", metavar="FILE")
@click.option(
    "--rule", metavar="RULE[.CASE]", help="The finding to keep: a rule, or a case of it. Without it, the gravest one."
)
@click.option(
    "--accumulator",
    "accumulators",
    multiple=True,
    metavar="NAME|COMMAND",
    help="Keep what this client makes wrong of it, in place of a finding: a name that `deltaproof accumulators` lists,"
    " or a command, as docs/accumulators.md has it.",
)
@click.option("--persistent", is_flag=True, help="The command answers many cases in one process. With --accumulator.")
@click.option(
    "--limit",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="S",
    help="How long the client may take for one stream. With --accumulator.",
)
@entry_option
@click.option("-o", "--output", metavar="OUT", help="The cassette to write; FILE.shrunk.yaml without it.")
@click.option("--overwrite", is_flag=True, help="Replace the cassette and the test that are there.")
@click.option("--pytest", "with_test", is_flag=True, help="Write a test beside it that shows it by itself.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    metavar="S",
    help="How long to try, the client's time included; what is smallest until then is written.",
)
@click.option("--loose", is_flag=True, help="Take what is smaller even if it brings findings that FILE has not.")
@click.option(
    "--profile", default=DEFAULT_PROFILE, show_default=True, metavar="NAME", help="What counts, and how much."
)
@click.option("--provider", metavar="NAME", help="Whose known deviations to waive; they are shown as notes.")
@click.pass_context
def shrink(  # noqa: PLR0913 - one for each option
    context: click.Context,
    source: str,
    *,
    rule: str | None,
    accumulators: tuple[str, ...],
    persistent: bool,
    limit: float,
    entry: int | None,
    output: str | None,
    overwrite: bool,
    with_test: bool,
    seconds: float,
    loose: bool,
    profile: str,
    provider: str | None,
) -> None:
    """Make a recording as small as it can be while it shows something: fewer events, then fields, then shorter texts.

    That is a finding, or with --accumulator what a client makes wrong of it: the same outcome, about the same. FILE is
    a recording that `deltaproof check` reads, or - for standard input. Of several exchanges the one with the gravest is
    taken, or the first that deviates from RULE. OUT is a cassette, or as of `deltaproof fault`. What is left has no
    finding that FILE has not. The same FILE makes the same OUT, if there is time enough.

    \b
        deltaproof shrink recording.yaml
        deltaproof shrink recording.sse --rule tool-call-open-name.split -o small.yaml --pytest
        deltaproof shrink recording.yaml --accumulator guide-loop --pytest

    The test of a finding passes for as long as it is found. The test of a client fails for as long as it is wrong.

    Exit codes: 0 written; 1 written, but the client does not make the same of it each time; 2 nothing written, as the
    finding is not there, the client is right or not the same each time, or the usage is wrong.
    """  # noqa: D301 - click takes the control character as its mark
    if len(accumulators) > 1:
        raise click.UsageError("give one --accumulator: what each makes wrong has a smallest stream of its own")
    accumulator = accumulators[0] if accumulators else None
    if rule is not None and accumulator is not None:
        raise click.UsageError("give --rule or --accumulator, not both")
    refuse_foreign(context, "--accumulator" if accumulator is not None else "--rule", _OF_CLIENTS)
    if accumulator is not None:
        raise_unless_persistent_fits([accumulator], persistent=persistent)
    if rule is not None:
        _raise_unless_known(rule)
    output = checked_output(output or _beside(source), source)
    if with_test and output == STANDARD:
        raise DeltaproofError("a test stands beside a file", where=output, hint="Name one with -o")
    if not overwrite and output != STANDARD:
        raise_if_there(Path(output), "a recording")
        if with_test:
            raise_if_there(test_of(output), "a test")
    exchanges = read_recorded(source).chosen(entry, source)
    guarded = frozenset() if loose else NOTHING_NEW
    if accumulator is not None:
        client = Client(accumulator, persistent, limit)
        guard = Guard(profile, provider, guarded)
        sys.exit(shrink_for_client(exchanges, client, guard, output, with_test=with_test, seconds=seconds))
    aim = _aim(exchanges, source, rule, profile, provider)
    still_shows = aim_at(
        aim.exchange,
        aim.finding.rule,
        aim.finding.case,
        profile=profile,
        provider=provider,
        guarded=guarded,
    )
    until = time.monotonic() + seconds
    shrunk = make_smaller(aim.exchange, still_shows, go_on=lambda: time.monotonic() < until)
    told = {**shrunk.exchange.provenance, "shrunk": f"{aim.finding.rule}.{aim.finding.case}"}
    small = replace(shrunk.exchange, provenance=told)
    write_recording(output, [small], {})
    written = [output]
    if with_test:
        written.append(_write_test(small, aim.finding, output, profile, provider))
    _tell(aim, shrunk, written, profile)


def _beside(source: str) -> str:
    """Return what to call what is made of a file."""
    return "shrunk.yaml" if source == STANDARD else f"{Path(source).stem}.shrunk.yaml"


def _aim(exchanges: Mapping[int, Exchange], source: str, rule: str | None, profile: str, provider: str | None) -> _Aim:
    """Return the gravest finding, or the gravest of a rule, and the first exchange that has it."""
    slug, _, case = (rule or "").partition(".")
    aims = [
        _Aim(exchange, finding)
        for exchange in exchanges.values()
        for finding in judge(exchange, profile=profile, provider=provider).findings
    ]
    wanted = [aim for aim in aims if slug in {"", aim.finding.rule} and case in {"", aim.finding.case}]
    if wanted:
        return min(wanted, key=lambda aim: list(Level).index(aim.finding.level))
    if not slug:
        raise DeltaproofError(f"there is no finding by {profile}", where=source)
    shown = list(dict.fromkeys(f"{aim.finding.rule}.{aim.finding.case}" for aim in aims))
    hint = f"It deviates from {', '.join(shown)}" if shown else f"There is no finding by {profile}"
    strictly = [one for exchange in exchanges.values() for one in judge(exchange, profile=_STRICTEST).findings]
    if any(one.rule == slug and case in {"", one.case} for one in strictly):
        hint = f"By {_STRICTEST} it does: --profile {_STRICTEST}"
    raise DeltaproofError(f"it does not deviate from {rule} by {profile}", where=source, hint=hint)


def _raise_unless_known(rule: str) -> None:
    slug, _, case = rule.partition(".")
    cases = load().page(slug).cases
    if case and case not in cases:
        raise UnknownNameError(f"{slug} has no case {case!r}", hint=f"Known: {', '.join(cases)}")


def _write_test(small: Exchange, finding: Finding, output: str, profile: str, provider: str | None) -> str:
    """Write a test beside a recording, and return its name; a recording that only a cassette keeps is read from it."""
    from deltaproof.report.reproducer import is_told_by_its_body, test_text

    is_by_itself = is_told_by_its_body(small)
    if not is_by_itself:
        raise_unless_cassette(output)
    text = test_text(small, finding, profile, provider, "" if is_by_itself else Path(output).name)
    return write_test(test_of(output), text)


def _tell(aim: _Aim, shrunk: Shrunk, written: list[str], profile: str) -> None:
    """Say what came of it: to standard output, or beside what stands there."""
    from deltaproof.report.shrunk_text import kept_finding, print_shrunk
    from deltaproof.report.terminal import console_for

    console = console_for(sys.stderr if STANDARD in written else sys.stdout)
    print_shrunk(aim.exchange, shrunk, kept_finding(aim.finding, profile), written, console)
