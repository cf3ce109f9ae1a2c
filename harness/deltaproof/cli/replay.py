"""`deltaproof replay`: recordings sent to an endpoint or through a gateway, shown by steps, or folded by clients."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deltaproof.accumulate.matrix import FailOn
from deltaproof.catalog import load
from deltaproof.cli import INTERRUPTED
from deltaproof.cli.accumulating import FORMATS, Folding, accumulator_options, fold_recordings
from deltaproof.cli.comparing import judged_at, name_below, news_of, write_comparison
from deltaproof.cli.modes import OF_REPLAY, Mode, listed, refuse_foreign
from deltaproof.cli.options import in_a_folder
from deltaproof.cli.through import Passing, pass_recordings, through_options
from deltaproof.passage.kinds import FailOn as PassageFailOn
from deltaproof.report.comparison import Compared, News, Outcome
from deltaproof.snapshot import ChangeKind, changes, shape_of
from deltaproof.verdict import DEFAULT_PROFILE, judge

if TYPE_CHECKING:
    from deltaproof.checking import Judged
    from deltaproof.drive.ask.reach import Reached
    from deltaproof.drive.ask.resend import Recorder, Resent, Sending
    from deltaproof.drive.http.target import Target

_WORDS = {Outcome.SAME: "as recorded", Outcome.UNSENT: "not sent"}
_TIMEOUT = 60.0
_UNSENT = News("", "its request is not in the recording")


@click.command(
    short_help="Send recordings to an endpoint or through a gateway, show them by steps, or let clients fold them."
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH…", type=click.Path(exists=True, path_type=Path))
@click.option("--to", "url", metavar="URL", help="The endpoint to send the recorded requests to.")
@click.option("--steps", is_flag=True, help="Print the message so far after each chunk of the recordings.")
@click.option(
    "--model",
    default="",
    metavar="NAME",
    help="The model to ask for, in place of the recorded one. With --to and --through.",
)
@click.option(
    "--api-key-env",
    metavar="NAME",
    help="The environment variable that holds the key. Without it none is sent; no key is sent over plain http to"
    " another machine. With --to and --through.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="How long the server may be silent: 60 seconds with --to, 20 with --through, without this.",
)
@click.option(
    "--record",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write what is sent and read to DIR, a cassette for each recording. With --to and --through.",
)
@click.option(
    "--profile",
    default=DEFAULT_PROFILE,
    show_default=True,
    metavar="NAME",
    help="What counts, and how much. With --to and --through.",
)
@click.option(
    "--provider",
    metavar="NAME",
    help="Whose known deviations to waive; they are shown as notes. With --to and --through.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="For a person, or as comparison.json, matrix.json and through.json in specs/schemas describe; a page, with"
    " --accumulator, and in markdown with --through.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, writable=True, allow_dash=True),
    default="-",
    metavar="FILE",
    callback=in_a_folder,
    help="Where the report goes instead of standard output. With --accumulator and --through.",
)
@through_options
@accumulator_options
@click.pass_context
def replay(  # noqa: PLR0913 - one per option
    context: click.Context,
    paths: tuple[Path, ...],
    *,
    url: str | None,
    steps: bool,
    model: str,
    api_key_env: str | None,
    timeout: float | None,
    record: Path | None,
    profile: str,
    provider: str | None,
    form: str,
    output: str,
    through: str | None,
    upstream_port: int | None,
    accumulators: tuple[str, ...],
    persistent: bool,
    limit: float,
    jobs: int | None,
    faults: str | None,
    seed: int,
    fail_on: str | None,
    baseline: Path | None,
    update_baseline: bool,
) -> None:
    """Send recordings to a live endpoint or through a gateway, show them step by step, or let client code fold them.

    \b
        deltaproof replay cassettes/vllm --to http://localhost:8000/v1 --model my-model
        deltaproof replay cassettes/empower/weather.yaml --steps
        deltaproof replay cassettes --accumulator openai --accumulator './my-client --fold'
        deltaproof replay cassettes --through http://localhost:4000/v1 --upstream-port 9000

    With --to each answer is judged and compared with its recording: verdict by verdict, and in shape, not in wording.
    New findings are told in full. With --steps nothing is sent. With --accumulator each recording is served over
    loopback to client code, and the message that it makes of it is held against the one that was sent. With --through
    each recording is what the gateway's upstream answers, and what comes out must mean what went in.

    Exit codes: 0 all is as recorded; 1 an outcome that --fail-on or --baseline refuses, a rule deviates that did not
    deviate so in the recording, an answer has another shape, or the server broke the connection without one; 2 wrong
    usage, nobody there, something unreadable, no recording with a request, no accumulator that can run, one that never
    asks for a stream, or a gateway that never asks its upstream; 130 Ctrl-C, after what is known so far was printed.
    """  # noqa: D301 - click takes the control character as its mark
    asked = {Mode.TO: url is not None, Mode.THROUGH: through is not None, Mode.STEPS: steps}
    modes = [mode for mode, is_asked in {**asked, Mode.ACCUMULATOR: bool(accumulators)}.items() if is_asked]
    if not modes:
        raise click.UsageError("give one of --to URL, --through URL, --steps and --accumulator NAME")
    if len(modes) > 1:
        raise click.UsageError(f"{listed(modes)} do not go together: give one of them")
    refuse_foreign(context, modes[0], OF_REPLAY)
    if through is not None:
        refusing = PassageFailOn(fail_on) if fail_on else None
        passing = Passing(
            through, upstream_port, model, api_key_env, timeout, jobs, faults, seed, refusing, record, profile, provider
        )
        pass_recordings(paths, passing, form, output)
    if accumulators:
        failing = FailOn(fail_on) if fail_on else None
        folding = Folding(accumulators, persistent, limit, jobs, faults, seed, failing, baseline, update_baseline)
        fold_recordings(paths, folding, form, output)
    if url is None:
        from deltaproof.cli.stepping import print_recordings

        print_recordings(paths)
        return
    from deltaproof.cassette.scrub_table import project_scrub
    from deltaproof.drive.ask.resend import Recorder, Sending, places
    from deltaproof.drive.http.target import read_target

    target = read_target(url, model, api_key_env, os.environ)
    recordings = judged_at(paths, profile, provider=provider).judged
    sending = Sending([one.exchange for one in recordings], load().profile(profile), provider, timeout or _TIMEOUT)
    names = {id(one.exchange): name_below(one, paths) for one in recordings}
    recorder = None
    if record is not None:
        recorder = Recorder(places(record, sending.recordings, names), model, project_scrub(Path()))
    compared, interrupted = send(sending, target, recordings, names, recorder)
    write_comparison(compared, form, _WORDS)
    sys.exit(INTERRUPTED if interrupted else exit_code(compared))


def send(
    sending: Sending,
    target: Target,
    recordings: Sequence[Judged],
    names: Mapping[int, str],
    recorder: Recorder | None,
) -> tuple[list[Compared], bool]:
    """Send what was recorded; return what came of each recording, and whether Ctrl-C ended it."""
    from deltaproof.drive.ask.resend import Resent, request_of, resend

    before = {id(one.exchange): one for one in recordings}
    compared = [
        Compared(names[id(one)], Outcome.UNSENT, (_UNSENT,))
        for one in sending.recordings
        if request_of(one, target.model) is None
    ]

    def tell(fact: Reached | Resent) -> None:
        if recorder is not None:
            recorder.take(fact)
        if isinstance(fact, Resent):
            compared.append(_compared(names[id(fact.recorded)], before[id(fact.recorded)], fact, sending))

    try:
        asyncio.run(resend(sending, target, tell))
    except KeyboardInterrupt:
        return compared, True
    return compared, False


def _compared(name: str, before: Judged, resent: Resent, sending: Sending) -> Compared:
    """Compare an answer with its recording; the plain answer that was recorded beside a stream was not asked for."""
    if resent.answer is None:
        kind = "worse" if resent.connected else ""
        return Compared(name, Outcome.UNANSWERED, (News(kind, resent.why),))
    then = before.judgement
    if before.exchange.answer is not None:
        then = judge(replace(before.exchange, answer=None), profile=sending.profile, provider=sending.provider)
    found = changes(shape_of(before.exchange, then), shape_of(resent.answer.exchange, resent.answer.judgement))
    outcome = Outcome.CHANGED if any(change.kind is not ChangeKind.VERDICT for change in found) else Outcome.SAME
    known = frozenset((finding.rule, finding.case) for finding in then.findings)
    answer = replace(resent.answer, exchange=replace(resent.answer.exchange, source=name, entry=0))
    return Compared(name, outcome, news_of(found), answer, known)


def exit_code(compared: Sequence[Compared]) -> int:
    """Return 1 where something changed or the server broke off, 2 where nobody was there or nothing sent, else 0."""
    if any(one.outcome is Outcome.CHANGED or any(news.kind == "worse" for news in one.news) for one in compared):
        return 1
    outcomes = {one.outcome for one in compared}
    return 2 if Outcome.UNANSWERED in outcomes or outcomes <= {Outcome.UNSENT} else 0
