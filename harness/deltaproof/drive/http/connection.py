"""One connection that a client opened: requests come in whole, one after the other, and bytes go out as told.

What to answer is not known here.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import sys
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from http import HTTPStatus
from typing import TypeAlias

from deltaproof.drive.http.requests import Incoming, RequestReader, Unintelligible

Answer: TypeAlias = Callable[[Incoming, "Connection"], Coroutine[None, None, None] | None]
"""Answers one request by writing to its connection, at once or in time; the next is taken when the answer is given."""

_LINGER_NONE = struct.pack("ii", 1, 0)  # close() then sends a reset
_MOST_WAITING = 64  # requests that a client may send ahead
_FLUSH = 1.0  # seconds at most that a client's system may take to acknowledge what it was sent
_GLANCE = 0.002  # seconds between two looks at what it has not acknowledged yet


class Connection(asyncio.Protocol):
    """One client's connection.

    Attributes:
        heard_at: when the client's last bytes came, by the loop's clock.
        gone: set once the connection is no more, whoever ended it.
        said_all: set once the client has closed its direction, or is gone. It may have hung up, or wait for its answer:
            that shows only when it is written to.
        on_pause, on_resume: called when the client reads too slowly to be written to, and when it has caught up.
        on_said_all: called when the client has closed its direction.
        on_gone: called when the connection is no more.
    """

    def __init__(self, answer: Answer, clock: Callable[[], float], high_water: int, live: set[Connection]) -> None:
        """Wait for the connection; `answer` is called for each request.

        `drain` waits where more bytes than `high_water` wait for a slow client. The connection is in `live` while it
        lives.
        """
        self._clock = clock
        self._high_water = high_water
        self._live = live
        self.heard_at = 0.0
        self.gone = asyncio.Event()
        self.said_all = asyncio.Event()
        self.on_pause: Callable[[], None] = _nothing
        self.on_resume: Callable[[], None] = _nothing
        self.on_said_all: Callable[[], None] = _nothing
        self.on_gone: Callable[[], None] = _nothing
        self._answer = answer
        self._loop = asyncio.get_running_loop()
        self._reader = RequestReader()
        self._requests: deque[Incoming | Unintelligible | None] = deque()  # None after the last
        self._transport: asyncio.Transport | None = None
        self._flows = asyncio.Event()
        self._flows.set()
        self._task: asyncio.Task[None] | None = None  # that answers a request
        self._invited = False  # whether a client that waits to be told so was told to send the body
        self._method = ""  # of the request that is being answered

    @property
    def closing(self) -> bool:
        """Whether nothing more can be written."""
        return self._transport is None or self._transport.is_closing()

    @property
    def is_at_last(self) -> bool:
        """Whether the client has said all, and no request follows the one that is being answered."""
        return self.said_all.is_set() and len(self._requests) <= 1  # which is the note that it has

    def write(self, *pieces: bytes | memoryview) -> None:
        """Send bytes, each piece with one system call where the client keeps up; nothing once the connection closes."""
        transport = self._transport
        if transport is not None and not transport.is_closing():
            for piece in pieces:
                transport.write(piece)

    @property
    def flows(self) -> bool:
        """Whether the client keeps up, so that there is nothing to drain."""
        return self._flows.is_set()

    async def drain(self) -> None:
        """Wait until the client has read most of what was written, or is gone."""
        await self._flows.wait()

    async def flush(self) -> None:
        """Wait until all that was written has reached the client's system, at most a second there, or it is gone.

        A reset after that takes nothing away from a client that still reads.
        """
        if self._transport is None:
            return
        self._transport.set_write_buffer_limits(high=0)
        await self._flows.wait()
        self._transport.set_write_buffer_limits(high=self._high_water)
        with suppress(TimeoutError):
            async with asyncio.timeout(_FLUSH):
                sock = self._transport.get_extra_info("socket")
                while not self.closing and _unacknowledged(sock):  # noqa: ASYNC110 - no system tells of this
                    await asyncio.sleep(_GLANCE)

    def close(self) -> None:
        """Close in order, once all is sent."""
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """Break the connection off; what is not sent yet is lost."""
        if self._transport is not None:
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
            self._transport.abort()

    async def end(self) -> None:
        """End the connection and what is being answered on it at once, whatever is not sent yet."""
        if self._task is not None:
            self._task.cancel()
        if self._transport is not None:
            self._transport.abort()
            await self.gone.wait()

    def respond(self, status: HTTPStatus, body: object) -> None:
        """Answer with JSON of our own; a HEAD with its head, since a body would be read as the next answer."""
        content = json.dumps(body).encode()
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(content)}\r\n\r\n"
        )
        self.write(head.encode() + (b"" if self._method == "HEAD" else content))

    def refuse(self, status: HTTPStatus, why: str, **members: object) -> None:
        """Answer with an error as OpenAI's API writes one, with members beside its message."""
        self.respond(
            status, {"error": {"message": why, "type": "deltaproof_error", "param": None, "code": None, **members}}
        )

    # What asyncio calls:

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to take requests."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError
        transport.set_write_buffer_limits(high=self._high_water)
        self._transport = transport
        self._live.add(self)

    def data_received(self, data: bytes) -> None:
        """Read requests; what a client sends too far ahead waits in its socket."""
        self.heard_at = self._clock()
        for incoming in self._reader.feed(data):
            self._requests.append(incoming)
            self._invited = False
        if len(self._requests) > _MOST_WAITING and self._transport is not None:
            self._transport.pause_reading()
        self._advance()

    def eof_received(self) -> bool:
        """Let a client that has said all still get its answers."""
        self.said_all.set()
        self._take(None)
        self.on_said_all()
        return True

    def pause_writing(self) -> None:
        """Note that the client does not keep up."""
        self._flows.clear()
        self.on_pause()

    def resume_writing(self) -> None:
        """Note that the client has caught up."""
        self._flows.set()
        self.on_resume()

    def connection_lost(self, _: Exception | None) -> None:
        """Note that the connection is no more."""
        self._live.discard(self)
        self.gone.set()
        self.said_all.set()
        self._flows.set()
        self._take(None)
        self.on_gone()

    def _take(self, incoming: Incoming | Unintelligible | None) -> None:
        self._requests.append(incoming)
        self._advance()

    def _advance(self) -> None:
        """Answer what waits, one after the other, unless that is being done."""
        while self._requests and self._task is None and not self.closing:
            match self._requests.popleft():
                case None:
                    self.close()
                case Unintelligible(status=status, why=why):
                    self.refuse(HTTPStatus(status), f"this is no HTTP request: {why}")
                    self.close()
                case Incoming() as incoming:
                    self._method = incoming.method
                    answering = self._answer(incoming, self)
                    if answering is not None:
                        self._task = self._loop.create_task(self._finish(answering, incoming))
                    elif not incoming.persistent:
                        self.close()
        if not self._requests and self._transport is not None:
            self._transport.resume_reading()
            self._invite()

    def _invite(self) -> None:
        """Tell a client that waits for it to send the body, once all that it asked for before is answered."""
        if self._task is None and not self._invited and self._reader.expects_continue:
            self._invited = True
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def _finish(self, answering: Coroutine[None, None, None], incoming: Incoming) -> None:
        """Answer in time; where that fails, no request can follow."""
        lives_on = False
        try:
            await answering
            lives_on = incoming.persistent
        finally:
            self._task = None
            if lives_on:
                self._advance()
            else:
                self.close()


def _unacknowledged(sock: socket.socket) -> int:
    """Return how many bytes are on their way to the other side, 0 where the system does not tell."""
    try:
        import fcntl
        import termios

        told = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4))
    except (ImportError, AttributeError, OSError):
        return 0
    return int.from_bytes(told, sys.byteorder)


def _nothing() -> None:
    """Take a notice that nobody waits for."""
