"""The upstream of a gateway under test: answers each request with the recording that its marker names.

It holds still after the first fragment until that has come out of the gateway, or until its patience is over: what
comes out only then was held back, or the gateway was slow, which asking again with more patience tells. What comes out
is read elsewhere.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from itertools import accumulate, pairwise

from deltaproof.drive.http.connection import Connection
from deltaproof.drive.http.endpoint import LOOPBACK, listen
from deltaproof.drive.http.requests import Incoming
from deltaproof.drive.play.player import play
from deltaproof.drive.play.schedule import Finish, Plan, Write, plan
from deltaproof.errors import DeltaproofError
from deltaproof.exchange import Exchange, Read
from deltaproof.passage.fragments import first_fragment
from deltaproof.passage.marking import Markers
from deltaproof.passage.passage import Given
from deltaproof.split import Split, split

PATIENCE = 1.0
"""Seconds that the upstream waits for its first fragment to come out before it says more."""

_MOMENTS = 20
_A_SECOND = 2**20  # bytes that may take a gateway one second more

_CHAT = "/chat/completions"


@dataclass(slots=True)
class Course:
    """How far one passage is, as both ends of the gateway see it; times by the monotonic clock.

    Attributes:
        sent_at: when the gateway was asked for it.
        asked: how often the upstream was asked for it.
        asked_at: when it was asked first.
        wrote_at: when the first fragment was written.
        seen_at: when the first fragment had come out.
        over: set once the first fragment has come out, or nothing more can.
        held: whether it did not come out in time.
        slow: whether it did not at first, and did when it was asked for once more.
        patience: seconds that the upstream waits for it.
        on_silence: called when the upstream has said all, and is to be silent.
    """

    given: Given
    sent_at: float | None = None
    asked: int = 0
    asked_at: float | None = None
    wrote_at: float | None = None
    seen_at: float | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)
    held: bool = False
    slow: bool = False
    patience: float = PATIENCE
    on_silence: Callable[[], None] = lambda: None

    @property
    def added(self) -> float | None:
        """The seconds from writing the first fragment to having it, None where either did not happen."""
        return _between(self.wrote_at, self.seen_at)

    @property
    def asked_after(self) -> float | None:
        """The seconds from asking the gateway to its asking the upstream, None where either did not happen."""
        return _between(self.sent_at, self.asked_at)


def _between(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else max(0.0, second - first)


class Upstream:
    """Plays recordings to a gateway.

    Attributes:
        courses: of all passages, by number.
        alone: the passage that is under way without a marker, None where there is none.
        strays: what was asked that belongs to no passage, how often each.
    """

    def __init__(self, given: Sequence[Given], markers: Markers) -> None:
        """Take what is to be played, in the order of its numbers."""
        self.courses = [Course(one) for one in given]
        self.alone: Course | None = None
        self.strays: Counter[str] = Counter()
        self._markers = markers
        self._models = tuple(dict.fromkeys(_model(one) for one in given))
        self._live: set[Connection] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, port: int) -> None:
        """Listen for the gateway.

        Raises:
            DeltaproofError: the port cannot be listened on.
        """
        try:
            self._server = await listen(self.answer, host=LOOPBACK, port=port, live=self._live)
        except DeltaproofError as error:
            hint = "Choose another --upstream-port, and tell the gateway of it"
            raise DeltaproofError(error.what, where=error.where, hint=hint) from error

    async def close(self) -> None:
        """Listen no more, and break off what is being played."""
        if self._server is not None:
            self._server.close()
            await asyncio.gather(*(connection.end() for connection in tuple(self._live)))
            await self._server.wait_closed()

    def again(self, number: int, patience: float) -> Course:
        """Return a new course for a passage, with a marker of its own: what is in a gateway's cache does not count."""
        given, markers = self.courses[number].given, self._markers
        body = given.body.replace(markers.word(number).encode(), markers.word(len(self.courses)).encode())
        course = Course(replace(given, body=body), patience=patience)
        self.courses.append(course)
        return course

    def answer(self, incoming: Incoming, connection: Connection) -> Coroutine[None, None, None] | None:
        """Play what the marker in a request names; list the models of the recordings."""
        if incoming.method == "GET" and incoming.path.endswith("/models"):
            told = [{"id": name, "object": "model", "created": 0, "owned_by": "deltaproof"} for name in self._models]
            connection.respond(HTTPStatus.OK, {"object": "list", "data": told})
            return None
        course = self._course(incoming)
        if course is None:
            self.strays[f"{incoming.method} {incoming.path}"] += 1
            connection.refuse(HTTPStatus.BAD_REQUEST, "this request has no marker of a recording that is under way")
            return None
        course.asked += 1
        course.asked_at = course.asked_at or time.monotonic()
        return _play(course, connection, min(incoming.version, "1.1"))

    def _course(self, incoming: Incoming) -> Course | None:
        if incoming.method != "POST" or not incoming.path.endswith(_CHAT):
            return None
        for number in self._markers.numbers(incoming.body):
            if number < len(self.courses):
                return self.courses[number]
        return self.alone


def _model(given: Given) -> str:
    model = (given.judged.exchange.request or {}).get("model")
    return model if isinstance(model, str) else "recorded"


async def _play(course: Course, connection: Connection, version: str) -> None:
    """Play a recording; where its first fragment is not all of it, wait there until that has come out."""
    exchange = course.given.judged.exchange
    first = first_fragment(exchange.body)
    end = first.end if first is not None else 0
    planned, count = _planned(exchange, end, version)
    await play(_part(planned, planned.writes[:count], Finish.KEEP), connection, None)
    if end and course.wrote_at is None and _is_stream(exchange):
        course.wrote_at = time.monotonic()
        if end < len(exchange.body):
            await _wait(course.over, course.patience * (1 + end / _A_SECOND))
            course.held = not course.over.is_set()
    await play(_part(planned, planned.writes[count:], Finish.KEEP), connection, None)
    if planned.finish is Finish.HOLD:
        course.on_silence()
    if not connection.closing:
        await play(_part(planned, (), planned.finish), connection, None)


def _is_stream(exchange: Exchange) -> bool:
    """Tell whether a gateway is to pass a body on as it comes: what calls itself a JSON document may be read whole."""
    kind = (exchange.head and exchange.head.get("content-type")) or ""
    return kind.partition(";")[0].strip().lower() != "application/json"


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, moment by moment: where this process is kept from running, one of them is lost at most."""
    for _ in range(_MOMENTS):
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), seconds / _MOMENTS)
        if event.is_set():
            return


def _planned(exchange: Exchange, end: int, version: str) -> tuple[Plan, int]:
    """Plan to play an exchange, each read written by itself; return how many writes go up to an offset of its body.

    What was recorded without its reads is written event by event: then no offset of an event's end is inside a write.
    """
    if exchange.reads:
        reads = tuple(_reads(exchange, end))
        planned = plan(replace(exchange, reads=reads), Split.RECORDED, version)
    else:
        reads = split(exchange, Split.EVENT).reads
        planned = plan(exchange, Split.EVENT, version)
    ends = accumulate(read.size for read in reads)
    last = max((read.at for read, size in zip(reads, ends, strict=True) if size <= end), default=-math.inf)
    return planned, sum(write.at <= last for write in planned.writes)


def _part(planned: Plan, writes: tuple[Write, ...], finish: Finish) -> Plan:
    """Return a part of a plan, each write by itself."""
    return Plan(writes, finish, planned.at, tuple(write.content for write in writes), is_small=False)


def _reads(exchange: Exchange, end: int) -> Iterator[Read]:
    """Yield the reads of an exchange, one of which ends at an offset, at times that keep them apart."""
    recorded = accumulate(read.size for read in exchange.reads)
    ends = sorted({0, end, *recorded, len(exchange.body)})
    for number, (low, high) in enumerate(pairwise(ends)):
        yield Read(float(number), high - low)
