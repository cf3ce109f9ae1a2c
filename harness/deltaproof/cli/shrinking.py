"""`deltaproof shrink --accumulator`: the smallest recording of which a client still makes the same mistake."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from deltaproof.catalog import Level
from deltaproof.checking import Judged
from deltaproof.cli.files import CASSETTES, STANDARD, write_recording
from deltaproof.errors import DeltaproofError
from deltaproof.exchange import Exchange
from deltaproof.shrink import Shrunk, knowing, shrink
from deltaproof.verdict import judge

if TYPE_CHECKING:
    from deltaproof.accumulate.outcome import Ruling
    from deltaproof.drive.accumulators.accumulator import Driver
    from deltaproof.drive.accumulators.mistakes import Again, Mistake


@dataclass(frozen=True, slots=True)
class Client:
    """Which client is to fold, and how: see the options of the same names."""

    accumulator: str
    persistent: bool
    limit: float


@dataclass(frozen=True, slots=True)
class Guard:
    """Which findings must not be new: of which levels, by whose judgement."""

    profile: str
    provider: str | None
    levels: Container[Level]

    def of(self, exchange: Exchange) -> Callable[[Exchange], bool]:
        """Return what tells whether a part of an exchange has none that is new."""
        is_known = knowing(exchange, profile=self.profile, provider=self.provider, guarded=self.levels)
        return lambda part: is_known(judge(part, profile=self.profile, provider=self.provider).findings)


@dataclass(frozen=True, slots=True)
class _Done:
    """What a client makes wrong of a recording, and what came of making that smaller."""

    mistake: Mistake
    shrunk: Shrunk
    small: Exchange
    ruling: Ruling
    again: Again
    by_itself: Exchange | None


def shrink_for_client(
    exchanges: Mapping[int, Exchange], client: Client, guard: Guard, output: str, *, with_test: bool, seconds: float
) -> int:
    """Make a recording smaller, write it, and say so; return the exit code.

    Raises:
        DeltaproofError: the client cannot run, is right, or does not make the same of it each time.
    """
    from deltaproof.drive.accumulators.chosen import one_that_runs

    column, start = one_that_runs(client.accumulator, persistent=client.persistent)
    done = _shrunk(exchanges, client, guard, start, column.label, seconds)
    if with_test and done.by_itself is None:
        raise_unless_cassette(output)
    write_recording(output, [done.small], {})
    written = [output]
    if with_test:
        written.append(_write_test(done, client, column.label, output))
    _tell(done, column.label, written)
    return 0 if done.again.is_steady else 1


def _shrunk(
    exchanges: Mapping[int, Exchange],
    client: Client,
    guard: Guard,
    start: Callable[[], Driver],
    label: str,
    seconds: float,
) -> _Done:
    from deltaproof.drive.accumulators.mistakes import find_mistake, look_again, showing
    from deltaproof.drive.accumulators.session import Session
    from deltaproof.report.client_reproducer import told_by_itself

    until = time.monotonic() + seconds
    with Session(start, client.limit) as session:
        mistake = find_mistake(session, [Judged(one, judge(one)) for one in exchanges.values()])
        whole = mistake.judged.exchange
        still_shows = showing(session, mistake, until, guard.of(whole))
        shrunk = shrink(whole, still_shows, go_on=lambda: time.monotonic() < until)
        told = {**shrunk.exchange.provenance, "shrunk": f"{label}: {mistake.ruling.kind}"}
        small = replace(shrunk.exchange, provenance=told)
        ruling, again = look_again(session, small, mistake.ruling)
        forms = told_by_itself(small)
        by_itself = next((one for one in forms if look_again(session, one, mistake.ruling)[1].is_steady), None)
    return _Done(mistake, shrunk, small, ruling, again, by_itself)


def _write_test(done: _Done, client: Client, label: str, output: str) -> str:
    """Write a test beside a recording, and return its name; what cannot stand in it is read from the cassette."""
    from deltaproof.drive.accumulators.chosen import is_command
    from deltaproof.report.client_reproducer import Folded, client_test_text

    test = test_of(output)
    by_command = is_command(client.accumulator)
    folder = Path(os.path.relpath(Path.cwd(), test.parent.resolve())).as_posix() if by_command else ""
    known = "" if by_command else label
    folded = Folded(client.accumulator, client.persistent, client.limit, known, folder, done.ruling)
    cassette = "" if done.by_itself is not None else Path(output).name
    return write_test(test, client_test_text(done.by_itself or done.small, folded, cassette))


def _tell(done: _Done, label: str, written: list[str]) -> None:
    """Say what came of it: to standard output, or beside what stands there."""
    from deltaproof.report.shrunk_text import kept_mistake, print_shrunk
    from deltaproof.report.terminal import console_for

    console = console_for(sys.stderr if STANDARD in written else sys.stdout)
    kept = kept_mistake(done.ruling, label, done.again.looks, done.again.others)
    print_shrunk(done.mistake.judged.exchange, done.shrunk, kept, written, console)


def raise_unless_cassette(output: str) -> None:
    """Raise where a test has to read what only a cassette keeps, and a recording is to be something else."""
    if Path(output).suffix.lower() not in CASSETTES:
        raise DeltaproofError(
            "only a cassette keeps all of it for a test", where=output, hint="Choose a name that ends with .yaml"
        )


def test_of(output: str) -> Path:
    """Return where the test of a recording stands: beside it."""
    from deltaproof.report.reproducer import test_name

    return Path(output).with_name(test_name(output))


def write_test(test: Path, text: str) -> str:
    """Write a test, and return its name.

    Raises:
        DeltaproofError: the system refuses.
    """
    try:
        test.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DeltaproofError(f"the test cannot be written: {error.strerror or error}", where=str(test)) from None
    return str(test)
