"""The one thread of a pytest process in which servers run: entered and left from tests. Serves nothing itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

import pytest

T = TypeVar("T")


class Served:
    """An event loop in a thread of its own, for tests that have none or another."""

    def __init__(self) -> None:
        """Start the thread."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="deltaproof", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[object, object, T]) -> T:
        """Run a coroutine there, and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def ask(self, coroutine: Coroutine[object, object, T]) -> T:
        """Run a coroutine there, and wait for it; where the wait is interrupted it goes no further."""
        asked = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return asked.result()
        except BaseException:
            asked.cancel()
            raise

    @contextmanager
    def entered(self, server: AbstractAsyncContextManager[T]) -> Iterator[T]:
        """Enter a server there for as long as the block runs; both ends are waited for, in one task."""
        return_value, end = self.run(self._enter(server))
        try:
            yield return_value
        finally:
            self.run(end())

    def close(self) -> None:
        """End the thread; all servers are left by then."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _enter(
        self, server: AbstractAsyncContextManager[T]
    ) -> tuple[T, Callable[[], Coroutine[object, object, None]]]:
        """Enter a server in a task that leaves it when it is told to; return what it gave, and how to tell."""
        leave = asyncio.Event()
        entered: asyncio.Future[T] = self._loop.create_future()

        async def hold() -> None:
            try:
                async with server as given:
                    entered.set_result(given)
                    await leave.wait()
            except BaseException as error:
                if entered.done():
                    raise
                entered.set_exception(error)

        task = self._loop.create_task(hold())

        async def end() -> None:
            leave.set()
            await task

        return await entered, end


_SERVED = pytest.StashKey[Served]()


def served(config: pytest.Config) -> Served:
    """Return the thread of this process, which ends with pytest; the first to ask starts it."""
    if _SERVED not in config.stash:
        config.stash[_SERVED] = Served()
        config.add_cleanup(config.stash[_SERVED].close)
    return config.stash[_SERVED]
