"""One accumulator that is asked again and again, by code that waits for each answer. Chooses no streams."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import NamedTuple, Self

from deltaproof.accumulate.outcome import Ruling
from deltaproof.checking import Judged
from deltaproof.drive.accumulators.accumulator import Driver
from deltaproof.drive.accumulators.cases import LIMIT, Case, fold
from deltaproof.drive.accumulators.serving import Served, serving
from deltaproof.errors import DeltaproofError


class Seen(NamedTuple):
    """What came of a stream.

    Attributes:
        asked: whether the client asked for the stream at all; where not, what came did not come of the stream.
    """

    ruling: Ruling
    asked: bool


class Session:
    """An accumulator, and the server of what it folds: a context manager, which begins where it is entered."""

    def __init__(self, start: Callable[[], Driver], limit: float = LIMIT) -> None:
        """Take what makes a driver: one for all streams, and another where it broke; and its seconds for each."""
        self._start = start
        self._limit = limit
        self._driver: Driver | None = None
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._served: Served | None = None

    def __enter__(self) -> Self:
        """Serve from now on."""
        self._served = self._runner.run(self._stack.enter_async_context(serving()))
        return self

    def __exit__(self, *_: object) -> None:
        """End what was started."""
        try:
            self.start_anew()
            self._runner.run(self._stack.aclose())
        finally:
            self._runner.close()

    def start_anew(self) -> None:
        """Let another driver fold what comes next."""
        driver, self._driver = self._driver, None
        if driver is not None:
            self._runner.run(driver.close())

    def fold(self, judged: Judged, until: float | None = None) -> Seen | None:
        """Let the accumulator fold a stream; return what came of it, None where `until` came first.

        `until` is a time of `time.monotonic`.

        Raises:
            DeltaproofError: the command cannot be started.
        """
        if self._served is None:
            raise AssertionError
        served = self._served
        case = self._runner.run(self._within(judged, served, until))
        if case is None:
            return None
        if case.broke:
            self.start_anew()
        return Seen(case.ruling, case.asked)

    def ruled(self, judged: Judged) -> Ruling:
        """Let the accumulator fold a stream, in its own time, and return what came of it.

        Raises:
            DeltaproofError: the command cannot be started, or the client does not ask for the stream.
        """
        seen = self.fold(judged)
        if seen is None:
            raise AssertionError
        if not seen.asked:
            what = f"the accumulator does not ask for the stream: {seen.ruling.kind}, {seen.ruling.reason}"
            raise DeltaproofError(what, where=judged.exchange.source)
        return seen.ruling

    async def _within(self, judged: Judged, served: Served, until: float | None) -> Case | None:
        self._driver = driver = self._driver or self._start()
        left = None if until is None else max(0.0, until - time.monotonic())
        try:
            async with asyncio.timeout(left):
                return await fold(judged, served, driver, self._limit)
        except TimeoutError:
            return None
