"""Plays one recorded exchange to one connection, in its own time or as fast as the client reads. Chooses none."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress

from deltaproof.drive.http.connection import Connection
from deltaproof.drive.play.schedule import FEW, Finish, Plan

AS_RECORDED = 1.0
"""The speed of the recording; at 2.0 it takes half the time, at None as little as the client allows."""

HOLDING = 600.0
"""Seconds for which a connection is held open at most where the recorded server was silent until its client gave up."""

LEAVING = 2.0
"""Seconds that a client has to leave where the recorded one left."""


async def play(plan: Plan, connection: Connection, speed: float | None = AS_RECORDED) -> None:
    """Write what a plan tells, and end as it tells; stop where the client is gone.

    Times count from when the client was last heard of. On return the connection is closed if the recording says so.
    """
    if speed is None:
        await _at_once(plan, connection)
    else:
        await _in_time(plan, connection, speed)
    match plan.finish:
        case Finish.KEEP:
            return
        case Finish.CLOSE:
            pass
        case Finish.RESET:
            await connection.flush()
            connection.reset()
        case Finish.HOLD:
            await _wait(connection, HOLDING)
        case Finish.LEAVE:
            await _wait(connection, LEAVING)
    connection.close()


def play_at_once(plan: Plan, connection: Connection) -> bool:
    """Write a small plan, waiting for nothing; return whether it was written."""
    if not plan.is_small or not connection.flows:
        return False
    connection.write(*plan.contents)
    return True


async def _at_once(plan: Plan, connection: Connection) -> None:
    """Write as fast as the client reads."""
    for number, content in enumerate(plan.contents, 1):
        if number % FEW == 0:
            await asyncio.sleep(0)
        if connection.closing:
            return
        connection.write(content)
        if not connection.flows:
            await connection.drain()


async def _in_time(plan: Plan, connection: Connection, speed: float) -> None:
    """Write when it is time; where the client reads too slowly for that, as fast as it reads."""
    loop = asyncio.get_running_loop()
    timed = _Timed(plan, connection, speed, loop)
    connection.on_gone = timed.stop
    try:
        while timed.left and not connection.closing:
            await timed.write()
            await connection.drain()
    finally:
        timed.stop()
    if plan.finish is not Finish.KEEP and (delay := timed.due(plan.at) - loop.time()) > 0:
        with suppress(TimeoutError):
            await asyncio.wait_for(connection.gone.wait(), delay)


class _Timed:
    """Writes that wait for their time on the loop's timers, which costs half of what a task costs that sleeps."""

    def __init__(self, plan: Plan, connection: Connection, speed: float, loop: asyncio.AbstractEventLoop) -> None:
        self.left = deque(plan.writes)
        self._connection = connection
        self._started = connection.heard_at
        self._speed = speed
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._stopped: asyncio.Future[None] | None = None

    def due(self, at: float) -> float:
        """Return when something is due, by the loop's clock."""
        return self._started + at / self._speed

    async def write(self) -> None:
        """Write until all is written, the client does not keep up, or it is gone."""
        self._stopped = self._loop.create_future()
        self._step()
        await self._stopped

    def stop(self) -> None:
        """Write no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._end()

    def _step(self) -> None:
        connection = self._connection
        while self.left and connection.flows and not connection.closing:
            when = self.due(self.left[0].at)
            if when > self._loop.time():
                self._timer = self._loop.call_at(when, self._step)
                return
            connection.write(self.left.popleft().content)
        self._end()

    def _end(self) -> None:
        if self._stopped is not None and not self._stopped.done():
            self._stopped.set_result(None)


async def _wait(connection: Connection, seconds: float) -> None:
    """Wait for the client to leave."""
    with suppress(TimeoutError):
        await asyncio.wait_for(connection.said_all.wait(), seconds)
