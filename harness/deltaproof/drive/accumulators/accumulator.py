"""Asks accumulators case by case: commands that are run once for each, and drivers that answer many.

One that hangs, floods its output or crashes is ended and told of, and the next case goes on. What an answer is worth is
not known here.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from typing import NamedTuple, Protocol

from deltaproof.accumulate.answers import Answer, Broken, Raised, Trouble
from deltaproof.accumulate.protocol import Answered, Ask, Ready, ask_line, read_line, read_output
from deltaproof.drive.accumulators.processes import FLOOD, Running, start

STARTING = 60.0
"""Seconds that a persistent driver may take beyond a case's limit until it is ready: clients import slowly."""

_LEAVING = 2.0  # seconds for a driver to end by itself once it has been told all
_MOST_FAILURES = 2  # in a row and without any answer, after which a persistent driver is not started again
_KEY = "unused"


class Folded(NamedTuple):
    """What came back for one case.

    Attributes:
        seconds: from asking to the answer.
        own: the seconds that the client says it took, None where it does not say.
        left: how many processes it left behind, which were ended.
    """

    answer: Answer
    seconds: float
    own: float | None = None
    left: int = 0


class Driver(Protocol):
    """Runs one accumulator, case by case."""

    async def fold(self, ask: Ask, limit: float) -> Folded:
        """Let it fold one stream, in so many seconds at most."""

    async def close(self) -> int:
        """End it; return how many processes it left behind, which were ended too."""


class OneShot:
    """A command that is started for each case: the request on standard input, the message on standard output."""

    def __init__(self, command: tuple[str, ...]) -> None:
        """Take the words of the command."""
        self._command = command

    async def fold(self, ask: Ask, limit: float) -> Folded:
        """Run the command once; raise `DeltaproofError` where there is none."""
        started = time.perf_counter()
        extra = {"OPENAI_BASE_URL": ask.base_url, "OPENAI_API_KEY": _KEY}
        running = await start(self._command, extra)
        try:
            async with asyncio.timeout(limit):
                await running.write(json.dumps(ask.request).encode() + b"\n", last=True)
                while not running.is_over and running.heard.printed <= FLOOD:
                    await running.heard.news.wait()
                    running.heard.news.clear()
            seconds = time.perf_counter() - started
            if running.is_over:
                await running.drain()
            answer = _flood() if running.heard.printed > FLOOD else _last_answer(running)
        except TimeoutError:
            seconds, answer = time.perf_counter() - started, _hung(limit)
        finally:
            left = await running.end()
        return Folded(answer, seconds, left=left)

    async def close(self) -> int:
        """There is nothing to end between cases."""
        return 0


def _last_answer(running: Running) -> Answer:
    """Read what a process that is over has printed; an exit code without an answer is how it raises."""
    code = running.process.returncode or 0
    for output in running.heard.outputs:
        answer = read_output(bytes(output), raised=code > 0)
        if answer is not None:
            return answer
    if code > 0:
        return Raised(f"exit code {code}", running.heard.last_error)
    return Broken(Trouble.CRASHED, running.death if code < 0 else "it ended without an answer")


class Persistent:
    """A process that answers many cases, one JSON line each; it is started again after it hung or crashed."""

    def __init__(self, command: tuple[str, ...], starting: float = STARTING) -> None:
        """Take the words of the command, and the seconds that its first answer may take beyond the limit."""
        self._command = command
        self._starting = starting
        self._running: Running | None = None
        self._is_ready = False
        self._failures = 0
        self._why = ""
        self.version = ""

    async def fold(self, ask: Ask, limit: float) -> Folded:
        """Ask for one case; raise `DeltaproofError` where the command cannot be started."""
        if self._failures >= _MOST_FAILURES:
            return Folded(Broken(Trouble.CRASHED, f"it failed {_MOST_FAILURES} times from the start: {self._why}"), 0.0)
        if self._running is None:
            self._running = await start(self._command, {"OPENAI_BASE_URL": ask.base_url, "OPENAI_API_KEY": _KEY})
            self._is_ready = False
        running = self._running
        running.heard.printed = 0
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._allowed(limit)) as deadline:
                await running.write(ask_line(ask))
                answered = await self._answer(running, ask.case, limit, deadline)
        except TimeoutError:
            answered = _hung(self._allowed(limit))
        seconds = time.perf_counter() - started
        match answered:
            case Answered(answer=answer, seconds=own):
                self._failures, self._is_ready = 0, True
                return Folded(answer, seconds, own)
            case broken:
                left = await self._stop()
                if not self._is_ready:
                    self._failures += 1
                    self._why = broken.why
                return Folded(broken, seconds, left=left)

    def _allowed(self, limit: float) -> float:
        """Return the seconds for one case, and until the driver is ready those for its imports as well."""
        return limit if self._is_ready else limit + self._starting

    async def _answer(self, running: Running, case: str, limit: float, deadline: asyncio.Timeout) -> Answered | Broken:
        """Wait for the answer to a case; answers to others, which come too late, are passed over.

        From when the driver says that it is ready, it has its seconds for a case and no more.
        """
        heard = running.heard
        drained = False
        while True:
            for line in heard.take_lines():
                match read_line(line):
                    case Ready(version=version):
                        self._is_ready, self.version = True, version
                        deadline.reschedule(asyncio.get_running_loop().time() + limit)
                    case Answered() as answered if answered.case == case:
                        return answered
                    case _:
                        pass
            if heard.printed > FLOOD:
                return _flood()
            if drained:
                return Broken(Trouble.CRASHED, f"it {running.death}")
            if running.is_over:
                await running.drain()
                drained = True
            else:
                await heard.news.wait()
                heard.news.clear()

    async def _stop(self) -> int:
        running, self._running = self._running, None
        return await running.end() if running is not None else 0

    async def close(self) -> int:
        """Tell it that there are no more cases, and end it where it does not end by itself."""
        if self._running is None:
            return 0
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(_LEAVING):
                self._running.close_input()
                await self._running.over()
        return await self._stop()


def _hung(limit: float) -> Broken:
    return Broken(Trouble.HUNG, f"no answer within {limit:g} s")


def _flood() -> Broken:
    return Broken(Trouble.FLOODED, f"it printed more than {FLOOD // 2**20} MiB")
