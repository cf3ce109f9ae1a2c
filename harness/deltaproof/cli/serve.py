"""`deltaproof serve`: recordings as an OpenAI-compatible endpoint."""

from __future__ import annotations

import asyncio
import gc
import re
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deltaproof.cassette import read_kept
from deltaproof.cassette.shelf import Shelf
from deltaproof.cli.listening import listening_options
from deltaproof.errors import DeltaproofError
from deltaproof.exchange import Exchange
from deltaproof.report.visible import visible
from deltaproof.split import How, Split

if TYPE_CHECKING:
    from deltaproof.drive.play.replay_server import Options

_FASTER = re.compile(r"x([0-9]+(?:\.[0-9]*)?|\.[0-9]+)")


def _speed(_context: click.Context, parameter: click.Parameter, told: str) -> float | None:
    """Read `real`, `none`, or x and a number: how many times as fast as recorded, None for as the client reads."""
    if told in ("real", "none"):
        return 1.0 if told == "real" else None
    number = _FASTER.fullmatch(told)
    if number is None or not float(number[1]):
        raise click.BadParameter(f"{told!r} is neither real, none nor xN such as x10 or x0.5", param=parameter)
    return float(number[1])


def _how(_context: click.Context, parameter: click.Parameter, told: str) -> How:
    """Read where bodies are split: a word, or how many bytes a piece has."""
    if told in list(Split):
        return Split(told)
    if not (told.isascii() and told.isdigit() and int(told)):
        raise click.BadParameter(f"{told!r} is neither {', '.join(Split)} nor a number of bytes", param=parameter)
    return int(told)


@click.command(short_help="Serve recordings as an OpenAI-compatible endpoint.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH…")
@listening_options("the recordings")
@click.option(
    "--timing",
    callback=_speed,
    default="real",
    show_default=True,
    metavar="real|xN|none",
    help="When each piece is sent: as recorded, N times as fast, or as fast as the client reads.",
)
@click.option(
    "--split",
    "how",
    callback=_how,
    default="recorded",
    show_default=True,
    metavar="|".join([*Split, "N"]),
    help="Where bodies are split: as recorded, after every event, everywhere, nowhere, within every character of"
    " several bytes, or into pieces of N bytes.",
)
@click.option(
    "--fault",
    metavar="NAME[,NAME]…",
    help="Break every stream in these ways where they apply; `deltaproof faults` lists them.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    metavar="N",
    help="Decides where a fault has a choice.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Exit 1 where a recording was never served, or served again, or a request was not recorded.",
)
def serve(
    paths: tuple[str, ...],
    *,
    port: int,
    host: str,
    timing: float | None,
    how: How,
    fault: str | None,
    seed: int,
    strict: bool,
) -> None:
    """Serve recordings as an OpenAI-compatible endpoint: the same bytes, in the same pieces, at the same times.

    \b
        deltaproof serve cassettes/
        OPENAI_BASE_URL=http://127.0.0.1:PORT/v1 my-agent

    PATH is anything that check reads. A request is answered by the recording of the same method, path and body, JSON
    compared by value; of several, each answers once, in order, and the last from then on. With the base URL
    http://HOST:PORT/scenario/NAME/v1 only what was recorded for that scenario, or is in the file NAME, answers, and in
    order whatever is asked. A recording whose request is not known answers any. All else is a 404 that names the
    closest recording.

    Ctrl-C ends it, and it tells what was never served. Exit codes: 0; 1 with --strict, as said there; 2 where nothing
    could be read or served.
    """  # noqa: D301 - the backspace is click's mark for lines to be left as they are
    from deltaproof.drive.http.endpoint import allow_connections
    from deltaproof.drive.play.replay_server import Options

    exchanges: Sequence[Exchange] = _exchanges(paths)
    if fault is not None:
        from deltaproof.cli.faulty import with_faults

        exchanges = with_faults(exchanges, paths, fault, timed=timing is not None, seed=seed)
    shelf = Shelf(exchanges)
    gc.collect()
    gc.freeze()  # what was read stays: looking through it again and again would hold streams up
    allow_connections()
    asyncio.run(_serve(shelf, Options(timing, how), host, port))
    sys.exit(int(_tell(shelf, strict=strict) and strict))


def _exchanges(paths: tuple[str, ...]) -> list[Exchange]:
    """Read what is to be served; whatever cannot be read ends it, since who asks for that would get something else."""
    exchanges: list[Exchange] = []
    for path in paths:
        for sighting in read_kept(Path(path)):
            if isinstance(sighting, DeltaproofError):
                raise sighting
            if isinstance(sighting, Exchange):
                exchanges.append(sighting)
    if not exchanges:
        raise DeltaproofError("nothing is recorded there", where=", ".join(paths))
    return exchanges


async def _serve(shelf: Shelf, options: Options, host: str, port: int) -> None:
    """Serve until somebody ends it."""
    from deltaproof.drive.play.replay_server import ReplayServer

    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # on Windows, where Ctrl-C raises instead
            loop.add_signal_handler(number, end.set)
    async with ReplayServer(shelf, options, host=host, port=port) as server:
        click.echo(f"listening on {server.base_url}", err=True)
        with suppress(asyncio.CancelledError):
            await end.wait()


def _tell(shelf: Shelf, *, strict: bool) -> bool:
    """Say on standard error what was not served as it was recorded; return whether there is anything."""
    lines = [f"never served: {_named(exchange)}" for exchange in shelf.unused]
    if strict:
        lines += [f"served {times:,} times: {_named(exchange)}" for exchange, times in shelf.repeated]
    lines += [f"not recorded, asked for {_times(times)}: {why}" for why, times in shelf.missed]
    for line in lines:
        click.echo(visible(line), err=True)
    return bool(lines)


def _named(exchange: Exchange) -> str:
    asked = f"{exchange.method} {exchange.url}".strip()
    return f"{exchange.source}#{exchange.entry}" + (f" {asked}" if asked else "")


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"
