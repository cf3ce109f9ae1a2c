"""One exchange relayed: the client gets each read of the upstream's socket at once, as one write, and as it is.

Only after that is it looked at and kept. How it ended is found out here; what the client is told of it is not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from deltaproof.drive.http.connection import Connection
from deltaproof.drive.http.responses import Finished, Piece, ResponseTap, Seen
from deltaproof.drive.record.keeper import Passing
from deltaproof.drive.record.upstream import Upstream
from deltaproof.exchange import End, Head

_SOON = 0.002  # seconds after which what was asked is kept, or once the answer begins: that is not to wait for a file


@dataclass(frozen=True, slots=True)
class Relayed:
    """How an exchange ended, whether another may follow on the same connections, and whether anything was relayed."""

    end: End
    persistent: bool
    begun: bool


class Relay:
    """Takes what the upstream sends for one request.

    Attributes:
        done: how it ended, once it has.
    """

    def __init__(
        self, client: Connection, upstream: Upstream, tap: ResponseTap, keep: Callable[[], Passing], patience: float
    ) -> None:
        """Prepare; `keep` is called once the request is sent, the upstream may be silent for `patience` seconds."""
        self._client = client
        self._upstream = upstream
        self._patience = patience
        self._tap = tap
        self._keep = keep
        self._passing: Passing | None = None
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[Relayed] = self._loop.create_future()
        self._sent_at = self._heard_at = time.monotonic()
        self._begun = self._paused = self._said_all = False

    async def carry(self, request: bytes) -> Relayed:
        """Send a request, and relay its response until that ends."""
        client = self._client
        client.on_pause, client.on_resume, client.on_said_all = self._pause, self._resume, self._say_all
        self._upstream.send(request, self)
        self._say_all()
        opening = self._loop.call_later(_SOON, self._open)
        self._wait()
        try:
            return await self.done
        finally:
            opening.cancel()

    def leave(self) -> None:
        """End the exchange from the client's side."""
        self._end(End.CLIENT_GONE)

    # What the connection to the upstream calls:

    def sent(self) -> None:
        """Count times from here."""
        self._sent_at = self._heard_at = time.monotonic()

    def arrived(self, content: bytes) -> None:
        """Pass on what came with one read, then look at it."""
        self._client.write(content)
        self._heard_at = time.monotonic()
        self._begun = True
        self._take(self._tap.feed(content))

    def ended(self, end: End) -> None:
        """Note that the upstream ended the connection."""
        self._heard_at = time.monotonic()
        self._take(self._tap.close(end))

    def _say_all(self) -> None:
        """Let the upstream see what it would see of a client that has said all, and perhaps hung up."""
        if self._client.is_at_last and not self.done.done():
            self._said_all = True
            self._upstream.say_all()

    def _take(self, seen: Iterable[Seen]) -> None:
        """Keep what the response says."""
        at = self._heard_at - self._sent_at
        passing = self._open()
        for one in seen:
            match one:
                case Head():
                    passing.head(one)
                case Piece(content=content):
                    passing.piece(at, content)
                case Finished(end=end, persistent=persistent):
                    if self._said_all and end in (End.CUT, End.RESET):  # over a client that seemed to have hung up
                        end = End.CLIENT_GONE
                    passing.close(at, end)
                    self._upstream.release()
                    if not self.done.done():
                        self.done.set_result(Relayed(end, persistent, self._begun))

    def _open(self) -> Passing:
        """Begin to keep the exchange, unless that is done."""
        if self._passing is None:
            self._passing = self._keep()
        return self._passing

    def _end(self, end: End) -> None:
        """End the exchange from this side."""
        self._heard_at = time.monotonic()
        self._upstream.close()
        self._take(self._tap.close(end))

    def _wait(self) -> None:
        """Look again when the upstream has been silent for as long as it may be; one that is not read from is not."""
        silent = 0.0 if self._paused else time.monotonic() - self._heard_at
        if silent >= self._patience:
            self._end(End.TIMEOUT)
        elif not self.done.done():
            timer = self._loop.call_later(self._patience - silent, self._wait)
            self.done.add_done_callback(lambda _: timer.cancel())

    def _pause(self) -> None:
        self._paused = True
        self._upstream.pause()

    def _resume(self) -> None:
        self._paused = False
        self._heard_at = time.monotonic()
        self._upstream.resume()
