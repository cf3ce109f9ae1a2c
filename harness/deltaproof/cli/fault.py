"""`deltaproof fault`: a recording broken on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from deltaproof.breaking import broken
from deltaproof.cli.files import (
    CASSETTES,
    STANDARD,
    Recorded,
    checked_output,
    entry_option,
    read_recorded,
    write_recording,
)
from deltaproof.errors import DeltaproofError
from deltaproof.exchange import Exchange
from deltaproof.faults import Fault, InapplicableError, chosen, is_pattern


@click.command(short_help="Break a recording on purpose.")
@click.argument("name", metavar="NAME[,NAME]…|PATTERN")
@click.argument("source", metavar="IN")
@click.option("-o", "--output", required=True, metavar="OUT", help="The cassette to write, or see above.")
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    metavar="N",
    help="Decides where there is a choice, such as which of two calls to break.",
)
@entry_option
def fault(name: str, source: str, *, output: str, seed: int, entry: int | None) -> None:
    """Break a recording on purpose: whatever the fault does not touch stays as it is, byte for byte.

    IN is a recording that `deltaproof check` reads, or - for standard input. OUT is a cassette with all exchanges of
    IN, broken where the fault applies; where OUT ends with .sse, one event stream with its request and headers beside
    it; or - for the bytes of one alone. Several faults are applied one after the other, in another order where only
    so each of them shows. For a pattern such as 'name-*', OUT is a folder with a cassette for each fault that applies.

    \b
        deltaproof fault name-split recording.yaml -o broken.yaml
        deltaproof fault name-null,cut-reset recording.sse -o broken.yaml
        deltaproof fault 'arguments-*' recording.yaml -o broken/

    Exit codes: 0 written; 2 nothing written, as no fault applies, two do not go together, or the usage is wrong.
    """  # noqa: D301 - click takes the control character as its mark
    faults = chosen(name)
    if not is_pattern(name):
        checked_output(output, source)
        _write(faults, read_recorded(source), source, output, seed, entry)
        return
    folder = Path(output)
    if output == STANDARD or folder.suffix or folder.is_file():
        raise DeltaproofError("for a pattern OUT is a folder", where=output, hint="Name one, such as broken/")
    recorded = read_recorded(source)
    applied = 0
    for one in faults:
        try:
            _write([one], recorded, source, str(folder / f"{one.name}.yaml"), seed, entry)
            applied += 1
        except InapplicableError as error:
            click.echo(f"left out: {error}", err=True)
    if not applied:
        raise InapplicableError(f"none of {len(faults)} faults applies", where=source)
    click.echo(f"{applied} of {len(faults)} faults apply; see {output}", err=True)


def _write(faults: Sequence[Fault], recorded: Recorded, source: str, output: str, seed: int, entry: int | None) -> None:
    """Write a recording with faults.

    Raises:
        InapplicableError: they apply to none of its exchanges.
    """
    changed: dict[int, Exchange] = {}
    refused: dict[int, InapplicableError] = {}
    names = ",".join(one.name for one in faults)
    for number, exchange in recorded.chosen(entry, source).items():
        try:
            told = {**exchange.provenance, "fault": names, **({"seed": str(seed)} if seed else {})}
            changed[number] = replace(broken(exchange, faults, seed=seed), provenance=told)
        except InapplicableError as error:
            refused[number] = error
    if not changed:
        raise next(iter(refused.values()))
    if Path(output).suffix.lower() in CASSETTES:
        written = [changed.get(one.entry, one) for one in recorded.kept]
    else:
        written = list(changed.values())
    write_recording(output, written, {})
    for number, why in refused.items():
        click.echo(f"{source}#{number} is as it was: {why.what}", err=True)
