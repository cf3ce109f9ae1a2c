"""Plays one recorded exchange to one connection, in its own time or as fast as the client reads. Chooses none."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from deltaproof.drive.endpoint import Connection
from deltaproof.drive.schedule import FEW, SMALL, Finish, Plan

AS_RECORDED = 1.0
"""The speed of the recording; at 2.0 it takes half the time, at None as little as the client allows."""

HOLDING = 600.0
"""Seconds for which a connection is held open at most where the recorded server was silent until its client gave up."""

LEAVING = 2.0
"""Seconds that a client has to leave where the recorded one left."""

_PIECE = SMALL  # bytes handed to the socket at once, so that of what a slow client does not take no more is copied
_TURN = FEW  # writes, after which other connections have their turn


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
    for number, write in enumerate(plan.writes, 1):
        if number % _TURN == 0:
            await asyncio.sleep(0)
        if len(write.content) <= _PIECE:
            connection.write(write.content)
            if not connection.flows:
                await connection.drain()
        else:
            await _send(write.content, connection)


async def _in_time(plan: Plan, connection: Connection, speed: float) -> None:
    """Write when it is time; where the client reads too slowly for that, as fast as it reads."""
    loop = asyncio.get_running_loop()
    started = connection.heard_at
    for write in plan.writes:
        if (delay := started + write.at / speed - loop.time()) > 0:
            await asyncio.sleep(delay)
        if connection.closing:
            return
        await _send(write.content, connection)
    if plan.finish is not Finish.KEEP and (delay := started + plan.at / speed - loop.time()) > 0:
        await asyncio.sleep(delay)


async def _send(content: bytes, connection: Connection) -> None:
    """Write bytes with one system call, unless there are so many that the client takes them in pieces."""
    if len(content) <= _PIECE:
        connection.write(content)
        await connection.drain()
        return
    rest = memoryview(content)
    while rest and not connection.closing:
        connection.write(rest[:_PIECE])
        rest = rest[_PIECE:]
        await connection.drain()


async def _wait(connection: Connection, seconds: float) -> None:
    """Wait for the client to leave."""
    with suppress(TimeoutError):
        await asyncio.wait_for(connection.said_all.wait(), seconds)
