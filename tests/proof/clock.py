"""An event loop whose time passes only while nothing happens, so that a replay in its own time takes none. No tests.

All sockets are real. What was written has arrived before the next write is due: each is a read of its own, though a
machine under load would have let some come together.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from selectors import SelectorKey
from typing import TypeVar, TypeVarTuple

T = TypeVar("T")
Taken = TypeVarTuple("Taken")

_GLANCE = 0.0002  # seconds in which what was written to a loopback socket arrives
_HANGS = 50_000.0  # seconds of the loop's own time, which nothing here comes near


class _Selector(selectors.SelectSelector):
    """Lets time pass where there is nothing to select."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.threads = 0  # that are at work: time waits for them

    def select(  # type: ignore[explicit-any]  # a SelectorKey has data of any type
        self, timeout: float | None = None
    ) -> list[tuple[SelectorKey, int]]:
        if timeout is None or self.threads:
            return super().select(None if timeout else timeout)
        ready = super().select(min(timeout, _GLANCE))
        if not ready:
            self.now += max(timeout, 0.0)
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._passing = _Selector()
        super().__init__(self._passing)

    def time(self) -> float:
        return self._passing.now

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Taken], T], *args: *Taken
    ) -> asyncio.Future[T]:
        work = super().run_in_executor(executor, func, *args)
        self._passing.threads += 1
        work.add_done_callback(self._worked)
        return work

    async def shutdown_default_executor(self, _timeout: float | None = None) -> None:
        """Wait for the threads, however much of the loop's own time that would be."""
        self._passing.threads += 1
        await super().shutdown_default_executor()

    def _worked(self, _: object) -> None:
        self._passing.threads -= 1


def run(coroutine: Coroutine[object, object, T]) -> T:
    """Run to the end, in no time but what the processor needs."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(asyncio.wait_for(coroutine, _HANGS))
