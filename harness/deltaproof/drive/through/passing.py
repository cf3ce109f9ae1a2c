"""Recordings sent through a gateway, several at once: sends, reads, and tells what came of each. Compares nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from deltaproof.accumulate.answers import Broken
from deltaproof.accumulate.answers import Trouble as NoAnswer
from deltaproof.cassette import readable
from deltaproof.cassette.coding import Decoding, names
from deltaproof.checking import Judged
from deltaproof.drive.ask.reach import raise_if_closed
from deltaproof.drive.ask.wire import Answered, Ask, Unanswered, Wire
from deltaproof.drive.http.target import Target
from deltaproof.drive.http.trouble import Trouble
from deltaproof.drive.through.giving import Giving
from deltaproof.drive.through.upstream import PATIENCE, Course, Upstream
from deltaproof.errors import UnreachableError, UnreadableError
from deltaproof.exchange import End, Exchange, Head
from deltaproof.passage.fragments import FirstFragment
from deltaproof.passage.passage import Given, Passage
from deltaproof.verdict import judge

AGAIN = 5.0
"""Seconds that the upstream waits for a first fragment where it is asked for once more, by itself."""

_ENOUGH = 5  # held back in a row when asked for once more, or without an answer from the start: then so are the others


@dataclass(frozen=True, slots=True)
class Through:
    """What to send and how.

    Attributes:
        target: the gateway.
        port: where its upstream listens.
        given: what to send, in the order of the numbers in their markers.
        giving: how it was made ready.
        jobs: how many requests are under way at once.
        timeout: seconds that the gateway may be silent, also after its upstream has fallen silent for good.
    """

    target: Target
    port: int
    given: Sequence[Given]
    giving: Giving
    jobs: int
    timeout: float


@dataclass(slots=True)
class Went:
    """What has passed so far.

    Attributes:
        server: what the gateway says that it is.
        came: by number, how each passage went, and what came out: as sent, and to be judged; the second is why not.
        kept: by number, all that was read, as sent.
        strays: what the upstream was asked that belongs to no passage, how often each.
        given_up: whether the rest was not sent, since nothing came of the first few.
    """

    server: str = ""
    came: dict[int, tuple[Course, Exchange | Broken]] = field(default_factory=dict)
    kept: dict[int, Exchange] = field(default_factory=dict)
    strays: dict[str, int] = field(default_factory=dict)
    given_up: bool = False


async def send_through(through: Through, went: Went, tell: Callable[[int], None]) -> None:
    """Send all that is given through the gateway; `went` has what came of it, also where this is interrupted.

    What has no marker goes alone, after all others. Where the first few wait in vain, the rest is not sent. What was
    held back is asked for once more, alone and with more patience: a busy machine holds nothing back. `tell` hears how
    many are done.

    Raises:
        UnreachableError: no gateway is there, or it wants a key.
        DeltaproofError: the upstream's port cannot be listened on.
    """
    upstream = Upstream(through.given, through.giving.markers)
    await upstream.listen(through.port)
    try:
        async with Wire(through.target, timeout=through.timeout) as wire:
            went.server = await _find(wire, through.target)
            sender = _Sender(through, wire, upstream, went, tell)
            marked = [course.given.marked for course in upstream.courses]
            await sender.send([number for number, has_marker in enumerate(marked) if has_marker], through.jobs)
            await sender.send([number for number, has_marker in enumerate(marked) if not has_marker], 1)
            await sender.ask_again()
    finally:
        went.strays.update(upstream.strays)
        await upstream.close()


async def _find(wire: Wire, target: Target) -> str:
    """Return what the gateway says that it is.

    Raises:
        UnreachableError: nothing is there that takes connections, or it wants a key.
    """
    answer = await wire.send(Ask("/models"), lambda _: None)
    if isinstance(answer, Unanswered):
        if not answer.connected:
            raise UnreachableError(answer.why, where=target.url, hint="Is the gateway running, and on this port?")
        return ""
    head = answer.readable.head
    if head is not None and head.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise_if_closed(target, answer.readable)
    return (head and head.get("server")) or ""


@dataclass(slots=True)
class _Sender:
    through: Through
    wire: Wire
    upstream: Upstream
    went: Went
    tell: Callable[[int], None]

    async def send(self, numbers: Iterable[int], jobs: int) -> None:
        """Send some, so many at once."""
        left = iter(numbers)

        async def work() -> None:
            for number in left:
                if self._is_hopeless():
                    self.went.given_up = True
                    return
                await self._pass(number)
                self.tell(len(self.went.came))

        async with asyncio.TaskGroup() as group:
            for _ in range(jobs):
                group.create_task(work())

    def _is_hopeless(self) -> bool:
        """Tell whether nothing has come so far of more than a few."""
        came = self.went.came
        return len(came) >= _ENOUGH and all(
            isinstance(what, Broken) and what.trouble is NoAnswer.HUNG for _, what in came.values()
        )

    async def ask_again(self) -> None:
        """Ask once more for what was held back, one by one, until that is beyond doubt."""
        patience = max(PATIENCE, min(AGAIN, self.through.timeout - PATIENCE))
        confirmed = 0
        held = [number for number, (course, _) in self.went.came.items() if course.held and course.seen_at is not None]
        for number in sorted(held):
            again = self.upstream.again(number, patience)
            await self._send(again)
            if again.held or again.wrote_at is None or again.seen_at is None:
                confirmed += 1
            else:
                course, _ = self.went.came[number]
                course.held, course.slow, confirmed = False, True, 0
            if confirmed == _ENOUGH:
                return

    async def _pass(self, number: int) -> None:
        course = self.upstream.courses[number]
        answer, kept = await self._send(course)
        self.went.kept[number] = _sharing(kept, course.given.judged.exchange.body)
        self.went.came[number] = course, _came(answer, self.went.kept[number], self.through.timeout)

    async def _send(self, course: Course) -> tuple[Answered | Unanswered | None, Exchange]:
        """Send one; return what came of it and all that was read. There is no answer where our client left."""
        self.upstream.alone = None if course.given.marked else course
        kept: list[Exchange] = []
        ask = Ask(body=course.given.body, hear=_Ear(course).hear)
        answer: Answered | Unanswered | None = None
        try:
            async with asyncio.timeout(None) as limit:
                loop = asyncio.get_running_loop()
                course.on_silence = lambda: limit.reschedule(loop.time() + self.through.timeout)
                course.sent_at = time.monotonic()
                answer = await self.wire.send(ask, kept.append)
        except TimeoutError:  # the upstream's silence was passed on
            pass
        finally:
            course.on_silence = lambda: None
            course.over.set()
            self.upstream.alone = None
        return answer, kept[-1]


class _Ear:
    """Hears a response until its first fragment has come."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._first = FirstFragment()
        self._decoding: Decoding | None = None

    def hear(self, head: Head, content: bytes) -> None:
        """Take the bytes of a read, content encodings and all; what cannot be decoded has no fragments."""
        if self._course.seen_at is not None:
            return
        if self._decoding is None:
            self._decoding = Decoding(names(head.get("content-encoding")))
        with suppress(UnreadableError):
            if self._first.feed(self._decoding.feed(content)):
                self._course.seen_at = time.monotonic()
                self._course.over.set()


def _sharing(exchange: Exchange, body: bytes) -> Exchange:
    """Return an exchange that shares its body with what is equal to it: there may be many, and some are long."""
    return replace(exchange, body=body) if exchange.body == body else exchange


def _came(answer: Answered | Unanswered | None, kept: Exchange, timeout: float) -> Exchange | Broken:
    match answer:
        case Answered():
            return readable(kept)
        case Unanswered(trouble=trouble, why=why):
            return Broken(NoAnswer.HUNG if trouble is Trouble.SILENT else NoAnswer.CRASHED, why)
        case None if kept.head is not None:
            return replace(kept, end=End.TIMEOUT)
        case None:
            return Broken(NoAnswer.HUNG, f"nothing came within {timeout:g} seconds of the upstream's silence")


def passages_of(through: Through, went: Went) -> tuple[Passage, ...]:
    """Return what passed, judged, in the order in which it was given."""
    return tuple(_passage(through, number, *went.came[number]) for number in sorted(went.came))


def _passage(through: Through, number: int, course: Course, came: Exchange | Broken) -> Passage:
    given, giving = through.given[number], through.giving
    if isinstance(came, Broken):
        left = came.trouble is NoAnswer.HUNG
        return Passage(given, None, came, asked=course.asked, waited=through.timeout if left else None)
    exchange = replace(came, request=given.judged.exchange.request, source=given.name, entry=0)
    judged = Judged(exchange, judge(exchange, profile=giving.profile, provider=giving.provider))
    added = course.added
    held = added is not None and course.held
    heads = exchange.head.headers if exchange.head is not None else ()
    said = b"\n".join((exchange.body, *(value.encode(errors="replace") for _, value in heads)))
    strangers = tuple(
        through.given[other].name
        for other in giving.markers.numbers(said)
        if other != number and other < len(through.given)
    )
    waited = through.timeout if exchange.end is End.TIMEOUT else None
    return Passage(given, judged, None, course.asked, course.asked_after, added, held, course.slow, waited, strangers)
