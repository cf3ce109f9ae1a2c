"""Runs a matrix: lets accumulators fold streams side by side, each stream served from a base URL of its own."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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


Tell = Callable[[Column, int, int], None]
"""Hears which accumulator has done how many streams, of how many."""


def run_matrix(
    streams: Sequence[Stream],
    clients: Sequence[Client],
    *,
    limit: float = LIMIT,
    jobs: int | None = None,
    tell: Tell = lambda _column, _done, _all: None,
) -> Matrix:
    """Let every client fold every stream; as many clients at once as there are processors, or `jobs`.

    A client's limit in seconds counts for each stream; until it is ready for its first one it may take longer.

    Raises:
        DeltaproofError: a command cannot be started.
    """
    return asyncio.run(_run(streams, clients, limit, jobs or os.cpu_count() or 1, tell))


async def _run(streams: Sequence[Stream], clients: Sequence[Client], limit: float, jobs: int, tell: Tell) -> Matrix:
    started = time.perf_counter()
    cells: dict[tuple[str, str], Cell] = {}
    left: Counter[str] = Counter()
    places = asyncio.Semaphore(jobs)
    asked: set[str] = set()
    async with serving() as served:

        async def drive(client: Client, driver: Driver) -> None:
            async with places:
                try:
                    for done, stream in enumerate(streams, 1):
                        case = await fold(stream.judged, served, driver, limit, stream.speed)
                        cell = Cell(case.ruling.outcome, case.ruling.reason, case.seconds, case.own)
                        cells[stream.name, client.column.name] = cell
                        left[client.column.name] += case.left
                        asked.update([client.column.name] * case.asked)
                        tell(client.column, done, len(streams))
                finally:
                    left[client.column.name] += await driver.close()

        try:
            async with asyncio.TaskGroup() as group:
                for client in clients:
                    if client.driver is not None:
                        group.create_task(drive(client, client.driver))
        except* DeltaproofError as several:
            raise several.exceptions[0] from None
    names = tuple(stream.name for stream in streams)
    faults = {stream.name: stream.fault for stream in streams if stream.fault}
    columns = tuple(client.column for client in clients)
    unasked = tuple(one.name for one in columns if not one.skipped and one.name not in asked)
    return Matrix(names, columns, cells, time.perf_counter() - started, +left, faults, unasked)
