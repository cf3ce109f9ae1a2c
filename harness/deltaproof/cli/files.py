"""What the verbs that make recordings of recordings share: the entries of a file, and where the new one goes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from deltaproof.cassette import Sighting, read_bytes, read_kept, read_path, write_cassette
from deltaproof.cassette.scrub import plain
from deltaproof.cassette.scrub_table import project_scrub
from deltaproof.cassette.sift import NO_STREAM
from deltaproof.cassette.stream_file import write_stream
from deltaproof.errors import DeltaproofError, RefusedError, UnreadableError
from deltaproof.exchange import End, Exchange, Skipped

STREAM, CASSETTES = ".sse", (".yaml", ".yml")
STANDARD = "-"

entry_option = click.option(
    "--entry", type=click.IntRange(min=0), metavar="N", help="The exchange of the file to take, from 0."
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The exchanges of a file.

    Attributes:
        kept: all of them, as they stand there.
        streams: those of them that are judged, their content encodings undone, by entry.
    """

    kept: tuple[Exchange, ...]
    streams: Mapping[int, Exchange]

    def chosen(self, entry: int | None, source: str) -> Mapping[int, Exchange]:
        """Return the streams that are meant: all, or the one that was named.

        Raises:
            DeltaproofError: there is none.
        """
        if entry is None:
            return self.streams
        if entry not in self.streams:
            known = ", ".join(map(str, self.streams))
            raise DeltaproofError(f"entry {entry} is no streamed chat completion", where=source, hint=f"Known: {known}")
        return {entry: self.streams[entry]}


def read_recorded(source: str) -> Recorded:
    """Read a file, or standard input for "-".

    Raises:
        UnreadableError: it cannot be read, or there is no streamed chat completion in it.
    """
    if source == STANDARD:
        content = sys.stdin.buffer.read()
        streams = {one.entry: one for one in _exchanges(read_bytes(content, source))}
        kept = tuple(streams.values())
    else:
        path = Path(source)
        if path.is_dir():
            raise UnreadableError("it is a folder", where=source, hint="Name one recording in it")
        streams = {one.entry: one for one in _exchanges(read_path(path))}
        kept = tuple(_exchanges(read_kept(path)))
    if not streams:
        raise UnreadableError("there is no streamed chat completion in it", where=source)
    return Recorded(kept, {entry: plain(one) for entry, one in streams.items()})


def checked_output(output: str, source: str) -> str:
    """Return the name of a file to write to, if it is one of a recording and not that of what is read.

    Raises:
        DeltaproofError: it is not.
    """
    path = Path(output)
    if output != STANDARD and path.suffix.lower() not in (STREAM, *CASSETTES):
        raise DeltaproofError("this is no name of a recording", where=output, hint="End it with .yaml, or .sse")
    if STANDARD not in {output, source} and path.resolve() == Path(source).resolve():
        raise DeltaproofError("the recording would be replaced", where=output, hint="Choose another name")
    return output


def raise_if_there(path: Path, what: str) -> None:
    """Raise where there is a file already; `what` it would be, with its article.

    Raises:
        RefusedError: there is one.
    """
    if os.path.lexists(path):
        raise RefusedError(f"{what} is there already", where=str(path), hint="Name another with -o, or add --overwrite")


def write_recording(output: str, exchanges: Sequence[Exchange], provenance: Mapping[str, str]) -> None:
    """Write exchanges to a cassette, or one to an event stream: a .sse file, or the body alone for "-".

    Raises:
        DeltaproofError: there are several, and only one has a place there; or the system refuses.
    """
    path = Path(output)
    if path.suffix.lower() in CASSETTES:
        write_cassette(path, exchanges, provenance=provenance, scrub=project_scrub(Path()))
        _tell_passed_over(path)
        return
    if len(exchanges) > 1:
        raise DeltaproofError(
            f"{len(exchanges)} exchanges do not go into one event stream",
            where=output,
            hint="Name one with --entry, or write a cassette, a name with .yaml",
        )
    (exchange,) = exchanges
    if output == STANDARD:
        sys.stdout.buffer.write(exchange.body)
    else:
        write_stream(path, exchange, scrub=project_scrub(Path()))
    if exchange.end is not End.EOF:
        click.echo(f"{output}: that the stream ends by {exchange.end} is kept in a cassette only", err=True)


def _tell_passed_over(path: Path) -> None:
    """Say what `check` passes over in a cassette: what is no stream, where no request says that one was asked for."""
    for one in read_path(path):
        if isinstance(one, Skipped) and one.reason == NO_STREAM:
            hint = "put the request beside what it is made of, as NAME.request.json"
            click.echo(f"{path}#{one.entry} is not judged: {one.reason}; {hint}", err=True)


def _exchanges(sightings: Iterator[Sighting]) -> Iterator[Exchange]:
    for one in sightings:
        if isinstance(one, UnreadableError):
            raise one
        if isinstance(one, Exchange):
            yield one
