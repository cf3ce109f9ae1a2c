"""What becomes of an exchange besides being relayed: it is kept, judged, and told of. Touches no socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from deltaproof.cassette.journal import Journal, Page
from deltaproof.checking import Judged
from deltaproof.drive.record.watch import Judging, Watch, judge_kept
from deltaproof.errors import DeltaproofError, UnreadableError
from deltaproof.exchange import End, Exchange, Head, Skipped
from deltaproof.verdict import Finding

_PART = 2**13  # bytes that are judged at once, which takes about a millisecond


@dataclass(frozen=True, slots=True)
class Found:
    """A finding in an exchange that is still passing: which one since the start, from 1, and its cassette."""

    number: int
    cassette: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Kept:
    """An exchange has ended and is in its cassette: which one, as it stands there, and what came of it."""

    number: int
    exchange: Exchange
    sighting: Judged | Skipped | UnreadableError


@dataclass(frozen=True, slots=True)
class Lost:
    """An exchange could not be written to its cassette: which one, and why."""

    number: int
    error: DeltaproofError


@dataclass(frozen=True, slots=True)
class Played:
    """A request was answered from a cassette: by which of its exchanges."""

    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Missed:
    """A request got no answer and is not recorded: none is in its cassette, nobody is there, or it is refused; why."""

    why: str


Fact: TypeAlias = Found | Kept | Lost | Played | Missed
"""What is told while requests come and exchanges pass."""


class Gone(StrEnum):
    """What becomes of an exchange whose client has hung up: what an interrupt cuts short looks like that as well."""

    KEEP = "keep"
    """It is kept at once."""
    HOLD = "hold"
    """It is kept when another is asked for, or what is kept is waited for: so nothing was interrupted."""
    LEAVE = "leave"
    """It stays in the journal, as what was passing when a recorder was killed."""


_Key: TypeAlias = tuple[str, str, int | None, int | None]


class Passing:
    """One exchange on its way through."""

    def __init__(self, number: int, cassette: str, page: Page | None, watch: Watch, keeper: Keeper) -> None:
        """Start when the request was sent; there is no page where the disk refused one."""
        self._number = number
        self._cassette = cassette
        self._page = page
        self._watch = watch
        self._keeper = keeper
        self._told: set[_Key] = set()
        self._unjudged = bytearray()

    def head(self, head: Head) -> None:
        """Take the response's head."""
        if self._page is not None:
            self._page.head(head)
        self._watch.head(head)

    def piece(self, at: float, content: bytes) -> None:
        """Take a piece of the body, that came so many seconds after the request was sent."""
        if self._page is not None:
            self._page.read(at, content)
        waiting = bool(self._unjudged)
        self._unjudged += content
        if not waiting:
            self._judge()

    def close(self, at: float, end: End) -> None:
        """End the response; it goes to its cassette while others pass, and is judged as it stands there."""
        self._unjudged.clear()
        if self._page is not None:
            self._keeper.put(self, self._page, at, end)

    def kept(self, exchange: Exchange, sighting: Judged | Skipped | UnreadableError) -> None:
        """Tell what came of it, and of the findings that became certain with its end."""
        if isinstance(sighting, Judged):
            self._tell(sighting.judgement.findings)
        self._keeper.tell(Kept(self._number, exchange, sighting))

    def lost(self, error: DeltaproofError) -> None:
        """Tell that it could not be written."""
        self._keeper.tell(Lost(self._number, error))

    def _judge(self) -> None:
        """Judge what has come: a part now, so that nothing else that passes waits for long, and the rest soon."""
        part = bytes(self._unjudged[:_PART])
        del self._unjudged[:_PART]
        self._tell(self._watch.piece(part))
        if self._unjudged:
            asyncio.get_running_loop().call_soon(self._judge)

    def _tell(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            key = (finding.rule, finding.case, finding.choice, finding.tool_call)
            if key not in self._told:
                self._told.add(key)
                self._keeper.tell(Found(self._number, self._cassette, finding))


@dataclass(frozen=True, slots=True)
class _Ended:
    """An exchange that has ended: where it stands, and how it did."""

    passing: Passing
    page: Page
    at: float
    end: End


class Keeper:
    """Keeps the exchanges of one recording."""

    def __init__(
        self, journal: Journal, judging: Judging, tell: Callable[[Fact], None], date: str, gone: Gone = Gone.KEEP
    ) -> None:
        """Begin; `tell` is called in the event loop's thread, `date` is what the cassettes say of themselves."""
        self.tell = tell
        self._journal = journal
        self._judging = judging
        self._provenance = {"date": date}
        self._gone = gone
        self._held: list[_Ended] = []
        self._count = 0
        # One thread, so that the exchanges of a cassette stand in it in the order in which they ended.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="cassettes")
        self._writing: set[asyncio.Task[None]] = set()
        self._failed: list[BaseException] = []  # for which we are to blame

    def open(self, cassette: str, asked: Exchange) -> Passing:
        """Begin to keep an exchange, whose request is `asked`."""
        self._release()
        self._count += 1
        watch = Watch(asked, self._judging)
        try:
            page = self._journal.open(cassette, asked, self._provenance)
        except DeltaproofError as error:
            passing = Passing(self._count, cassette, None, watch, self)
            passing.lost(error)
            return passing
        return Passing(self._count, cassette, page, watch, self)

    def put(self, passing: Passing, page: Page, at: float, end: End) -> None:
        """Write an exchange that has ended to its cassette, in its turn."""
        self._held.append(_Ended(passing, page, at, end))
        if self._gone is not Gone.HOLD or self._held[0].end is not End.CLIENT_GONE:
            self._release()

    def interrupt(self) -> None:
        """Leave in the journal what was cut short: what clients have hung up on since the last that was asked for."""
        self._gone = Gone.LEAVE
        self._release()

    async def kept(self) -> None:
        """Wait until all that has ended is in its cassette."""
        self._release()
        while self._writing:
            await asyncio.wait(self._writing)

    async def settle(self) -> None:
        """Wait until all is in its cassette, and keep no more; raise what went wrong with that by our mistake."""
        await self.kept()
        self._writer.shutdown()
        if self._failed:
            raise self._failed[0]

    def _release(self) -> None:
        """Have what has ended written, or left."""
        for one in self._held:
            if self._gone is Gone.LEAVE and one.end is End.CLIENT_GONE:
                one.page.leave()
                continue
            task = asyncio.get_running_loop().create_task(self._write(one))
            self._writing.add(task)
            task.add_done_callback(self._written)
        self._held.clear()

    def _written(self, task: asyncio.Task[None]) -> None:
        self._writing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed.append(error)

    async def _write(self, ended: _Ended) -> None:
        loop = asyncio.get_running_loop()
        try:
            exchange, sighting = await loop.run_in_executor(self._writer, self._finish, ended)
        except DeltaproofError as error:
            ended.passing.lost(error)
        else:
            ended.passing.kept(exchange, sighting)

    def _finish(self, ended: _Ended) -> tuple[Exchange, Judged | Skipped | UnreadableError]:
        exchange = ended.page.close(ended.end, ended.at)
        return exchange, judge_kept(exchange, self._judging)
