"""Listening for the connections that clients open. What happens on a connection is not known here."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from contextlib import suppress

from deltaproof.drive.http.connection import Answer, Connection
from deltaproof.errors import DeltaproofError

LOOPBACK = "127.0.0.1"

HIGH_WATER = 2**20
"""Bytes that may wait for a slow client, if nothing else is said."""


async def listen(
    answer: Answer, *, host: str, port: int, high_water: int = HIGH_WATER, live: set[Connection] | None = None
) -> asyncio.Server:
    """Listen for clients on a port, 0 for any that is free; `live` then has the connections that there are.

    Raises:
        DeltaproofError: the address cannot be listened on.
    """
    clock = _Clock()
    connections = set() if live is None else live
    try:
        return await asyncio.get_running_loop().create_server(
            lambda: Connection(answer, clock, high_water, connections), host, port, backlog=2048
        )
    except (OSError, OverflowError) as error:
        raise _unlistenable(error, host, port) from error


def _unlistenable(error: OSError | OverflowError, host: str, port: int) -> DeltaproofError:
    """Say why an address cannot be listened on, and whether its port or its host is to blame."""
    match error:
        case socket.gaierror():
            why, blame = "no machine of this name is known", "host"
        case OSError(errno=int(number)) if number != 0:
            why, blame = os.strerror(number), "host" if number == errno.EADDRNOTAVAIL else "port"
        case OSError():  # since Python 3.13 asyncio has no number for the address that none of this machine's is
            why, blame = os.strerror(errno.EADDRNOTAVAIL), "host"
        case _:
            why, blame = str(error), "port"
    if blame == "host":
        return DeltaproofError(
            f"it cannot be listened on: {why}", where=host, hint="Choose an address of this machine as --host"
        )
    return DeltaproofError(
        f"it cannot be listened on: {why}",
        where=f"{host}:{port}",
        hint="Choose another --port, or none for any that is free",
    )


def allow_connections() -> None:
    """Allow as many connections as the system lets us have: by default that is often about a thousand files."""
    with suppress(ImportError, OSError, ValueError):  # not on Windows; no limit to take on macOS
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def port_of(server: asyncio.Server) -> int:
    """Return the port that a server listens on."""
    port: int = server.sockets[0].getsockname()[1]
    return port


class _Clock:
    """The loop's time, read once for all that the loop found ready together: what was read last came no later."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._now: float | None = None

    def __call__(self) -> float:
        """Return the time at which the loop stopped waiting, or shortly after."""
        if self._now is None:
            self._now = self._loop.time()
            self._loop.call_soon(self._forget)
        return self._now

    def _forget(self) -> None:
        self._now = None
