"""What came out of a gateway written as cassettes: where, and how. Sends and judges nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from deltaproof.cassette import write_cassette
from deltaproof.cassette.scrub_rules import Scrub
from deltaproof.drive.ask.reach import provenance
from deltaproof.drive.through.passing import Through, Went
from deltaproof.errors import RefusedError
from deltaproof.exchange import Exchange
from deltaproof.passage.passage import Given


def places(folder: Path, given: Sequence[Given]) -> list[Path]:
    """Return where what comes of each recording is to be written: `name+fault.yaml`, entries of one file together.

    Raises:
        RefusedError: something is there already.
    """
    paths = [_place(folder, one.name) for one in given]
    for path in dict.fromkeys(paths):
        if os.path.lexists(path):
            raise RefusedError("a recording is there already", where=str(path), hint="Name another folder")
    return paths


def _place(folder: Path, name: str) -> Path:
    recording, _, fault = name.partition(" + ")
    path = Path(recording.partition("#")[0])
    below = [part for part in path.parent.parts if part not in (path.anchor, "..")]
    return folder.joinpath(*below, f"{path.stem}{f'+{fault}' if fault else ''}.yaml")


def keep(paths: Sequence[Path], through: Through, went: Went, scrub: Scrub) -> None:
    """Write what came out as it was read; of what was not sent there is nothing to write.

    Raises:
        DeltaproofError: it cannot be written.
    """
    together: dict[Path, list[Exchange]] = {}
    for number, exchange in sorted(went.kept.items()):
        request: Mapping[str, object] | None = through.given[number].judged.exchange.request
        together.setdefault(paths[number], []).append(replace(exchange, request=request))
    for path, exchanges in together.items():
        write_cassette(path, exchanges, provenance=provenance(went.server, through.target.model), scrub=scrub)
