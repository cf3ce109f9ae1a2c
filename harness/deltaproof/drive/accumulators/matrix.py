"""Runs a matrix: lets accumulators fold streams side by side, each stream served from a base URL of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from types import FrameType

from deltaproof.accumulate.matrix import Cell, Column, Matrix
from deltaproof.checking import Judged
from deltaproof.drive.accumulators.accumulator import Driver
from deltaproof.drive.accumulators.cases import LIMIT, fold
from deltaproof.drive.accumulators.serving import serving
from deltaproof.errors import DeltaproofError


@dataclass(frozen=True, slots=True)
class Client:
    """An accumulator to run, or one that cannot run: `driver` is None where its column says why."""

    column: Column
    driver: Driver | None


@dataclass(frozen=True, slots=True)
class Stream:
    """A judged stream.

    Attributes:
        name: what the operator calls it.
        fault: the name of the fault that was done to it, empty where none was.
        speed: at which it is played; None for as fast as a client reads.
    """

    name: str
    judged: Judged
    fault: str = ""
    speed: float | None = None


@dataclass(slots=True)
class Folded:
    """What has come of a matrix so far; whoever gives one to `run_matrix` has it also where that is interrupted.

    Attributes:
        cells: by stream and accumulator.
        left: how many processes each accumulator left behind.
        asked: the accumulators that asked for a stream.
        started: when the first stream was given, by the clock that counts seconds.
    """

    cells: dict[tuple[str, str], Cell] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)
    asked: set[str] = field(default_factory=set)
    started: float = field(default_factory=time.perf_counter)


Tell = Callable[[Column, int, int], None]
"""Hears which accumulator has done how many streams, of how many."""


def run_matrix(
    streams: Sequence[Stream],
    clients: Sequence[Client],
    *,
    limit: float = LIMIT,
    jobs: int | None = None,
    tell: Tell = lambda _column, _done, _all: None,
    folded: Folded | None = None,
) -> Matrix:
    """Let every client fold every stream; as many clients at once as there are processors, or `jobs`.

    A client's limit in seconds counts for each stream; until it is ready for its first one it may take longer. What
    comes is put into `folded` as it comes.

    Raises:
        DeltaproofError: a command cannot be started.
    """
    so_far = Folded() if folded is None else folded
    asyncio.run(_undisturbed(_run(streams, clients, limit, jobs or os.cpu_count() or 1, tell, so_far)))
    return matrix_of(streams, clients, so_far)


async def _run(
    streams: Sequence[Stream], clients: Sequence[Client], limit: float, jobs: int, tell: Tell, folded: Folded
) -> None:
    places = asyncio.Semaphore(jobs)
    async with serving() as served:

        async def drive(client: Client, driver: Driver) -> None:
            async with places:
                try:
                    for done, stream in enumerate(streams, 1):
                        case = await fold(stream.judged, served, driver, limit, stream.speed)
                        cell = Cell(case.ruling.outcome, case.ruling.reason, case.seconds, case.own, broke=case.broke)
                        folded.cells[stream.name, client.column.name] = cell
                        folded.left[client.column.name] += case.left
                        folded.asked.update([client.column.name] * case.asked)
                        tell(client.column, done, len(streams))
                finally:
                    folded.left[client.column.name] += await driver.close()

        try:
            async with asyncio.TaskGroup() as group:
                for client in clients:
                    if client.driver is not None:
                        group.create_task(drive(client, client.driver))
        except* DeltaproofError as several:
            raise several.exceptions[0] from None


async def _undisturbed(work: Awaitable[None]) -> None:
    """Let the first Ctrl-C end some work, in order and with what it has started, however many more come meanwhile.

    It stands within what asyncio runs, whose own answer to the first it leaves as it is.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        await work
        return

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        before(number, frame)

    signal.signal(signal.SIGINT, end)
    try:
        await work
    finally:
        signal.signal(signal.SIGINT, before)


def matrix_of(streams: Sequence[Stream], clients: Sequence[Client], folded: Folded) -> Matrix:
    """Return what has come of streams in clients: streams that some client has not had yet are left out.

    A client that has folded none counts as skipped.
    """
    begun = {column for _, column in folded.cells}
    columns = tuple(
        column if column.skipped or column.name in begun else replace(column, skipped="it had folded none yet")
        for column in (client.column for client in clients)
    )
    ran = [column.name for column in columns if not column.skipped]
    whole = [stream for stream in streams if all((stream.name, name) in folded.cells for name in ran)]
    names = {stream.name for stream in whole}
    return Matrix(
        streams=tuple(stream.name for stream in whole),
        columns=columns,
        cells={key: cell for key, cell in folded.cells.items() if key[0] in names},
        seconds=time.perf_counter() - folded.started,
        left=+folded.left,
        faults={stream.name: stream.fault for stream in whole if stream.fault},
        unasked=tuple(name for name in ran if name not in folded.asked),
    )
