"""Facts about clients that leave while a recording is played to them in its own time."""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import replace

import pytest

from deltaproof.drive.http.connection import Connection
from deltaproof.drive.http.endpoint import LOOPBACK, listen, port_of
from deltaproof.drive.http.requests import Incoming
from deltaproof.drive.play.player import play
from deltaproof.drive.play.schedule import Plan, plan
from deltaproof.exchange import End, Exchange, Read
from tests.serve.rig import BODY, CHUNKED, PATIENCE, SSE, asking, recorded

HOUR = 3600.0
SILENT = recorded(SSE, CHUNKED, reads=(Read(0.0, 14), Read(HOUR, len(BODY) - 14)), ended=HOUR)


async def played_to_one_who_leaves(planned: Plan) -> None:
    """Play to a client that reads the first bytes, and then breaks its connection off; return when that ends."""
    over = asyncio.Event()

    async def answer(_: Incoming, connection: Connection) -> None:
        await play(planned, connection)
        over.set()

    server = await listen(answer, host=LOOPBACK, port=0)
    async with server:
        reader, writer = await asyncio.open_connection(LOOPBACK, port_of(server))
        writer.write(asking())
        await reader.readuntil(b"data: ")
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        await over.wait()


@pytest.mark.parametrize(
    "exchange",
    [
        pytest.param(SILENT, id="in mid-stream"),
        pytest.param(replace(SILENT, reads=(Read(0.0, len(BODY)),), end=End.CUT), id="before the connection ends"),
        pytest.param(replace(SILENT, reads=(Read(0.0, len(BODY)),), end=End.CLIENT_GONE), id="where one left before"),
        pytest.param(replace(SILENT, reads=(Read(0.0, len(BODY)),), end=End.TIMEOUT), id="where one gave up before"),
    ],
)
def test_play_ends_when_its_client_is_gone(exchange: Exchange) -> None:
    """At once, though the recording would be silent for an hour."""
    asyncio.run(asyncio.wait_for(played_to_one_who_leaves(plan(exchange)), PATIENCE))
