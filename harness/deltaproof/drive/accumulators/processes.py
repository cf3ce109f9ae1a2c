"""Processes of accumulators: started with nothing secret in their environment, read, and ended with all they started.

What they are asked and what they answer is not known here.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import secrets
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from deltaproof.errors import DeltaproofError

FLOOD = 32 * 2**20
"""Bytes that a process may print for one case."""

_DRAINING = 0.5  # seconds in which what a process that is over has written is to be read
_ROUNDS = 100  # of ending what a driver has started, which may start more meanwhile
_GLANCE = 0.01  # seconds between two looks at what does not end at once
_MOST_KEPT = 4096  # bytes of standard error
_MARK = "DELTAPROOF_DRIVER"  # in the environment of a driver and all that it starts
_under_way: set[Running] = set()


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a driver: that of this process without keys and proxies, and what is said besides."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().endswith(("_PROXY", "_API_KEY", "_TOKEN", "_SECRET")) and not name.startswith("OPENAI_")
    }
    return {**kept, "NO_PROXY": "*", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", **extra}


class Heard:
    """What a process has written, no more than is of use: its answers and standard output each by itself."""

    def __init__(self) -> None:
        self.outputs: list[bytearray] = []  # that of answers, where there is one, before standard output
        self.errors = bytearray()
        self.printed = 0
        self.news = asyncio.Event()

    async def read(self, stream: asyncio.StreamReader, output: bytearray) -> None:
        """Keep what comes until the end, or until it is too much."""
        while self.printed <= FLOOD and (content := await stream.read(2**16)):
            self.printed += len(content)
            output += content
            self.news.set()
        self.news.set()

    async def read_errors(self, stream: asyncio.StreamReader) -> None:
        """Keep the end of what a process writes to standard error."""
        while content := await stream.read(2**16):
            self.errors += content
            del self.errors[:-_MOST_KEPT]

    def take_lines(self) -> list[bytes]:
        """Take the whole lines that have come."""
        lines: list[bytes] = []
        for output in self.outputs:
            end = output.rfind(b"\n") + 1
            lines += bytes(output[:end]).splitlines()
            del output[:end]
        return lines

    @property
    def last_error(self) -> str:
        """The last line of standard error."""
        lines = [line for line in self.errors.decode(errors="replace").splitlines() if line.strip()]
        return lines[-1].strip() if lines else ""


class Running:
    """A process with all that it has started, and what it writes."""

    def __init__(self, process: Process, mark: str, answers: asyncio.StreamReader | None) -> None:
        self.process = process
        self.heard = Heard()
        self._mark = mark
        errors, printed = _given(process.stderr), _given(process.stdout)
        outputs = [answers, printed] if answers is not None else [printed]
        self.heard.outputs = [bytearray() for _ in outputs]
        self._streams = [*outputs, errors]
        pairs = zip(outputs, self.heard.outputs, strict=True)
        readers = [self.heard.read(stream, output) for stream, output in pairs]
        readers += [self.heard.read_errors(errors), self.over()]
        self._tasks = [asyncio.create_task(reader) for reader in readers]
        _under_way.add(self)

    async def over(self) -> None:
        """Wait until the process has ended, also where what it started holds its pipes: `Process.wait` would not."""
        while not self.is_over:  # noqa: ASYNC110 - no event tells of this in every version of asyncio
            await asyncio.sleep(_GLANCE)
        self.heard.news.set()

    async def write(self, content: bytes, *, last: bool = False) -> None:
        """Write to standard input; a process that does not read it, or is over, says so in other ways."""
        writer = self._writer
        with suppress(OSError):
            writer.write(content)
            await writer.drain()
        if last:
            writer.close()

    def close_input(self) -> None:
        """Say that nothing more comes."""
        self._writer.close()

    @property
    def _writer(self) -> asyncio.StreamWriter:
        if self.process.stdin is None:
            raise AssertionError
        return self.process.stdin

    @property
    def is_over(self) -> bool:
        """Whether the process has ended."""
        return self.process.returncode is not None

    async def drain(self) -> None:
        """Take what a process that is over has written; what it left behind may hold its pipes open."""
        await asyncio.wait(self._tasks, timeout=_DRAINING)

    async def end(self) -> int:
        """End the process and all that it has started; return how many of these there were besides it."""
        left = self.kill()
        count = len(left)
        for _ in range(_ROUNDS):
            if not left:
                break
            await asyncio.sleep(_GLANCE)
            left = self._kill_offspring()
        _under_way.discard(self)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(TimeoutError):  # pipes are closed once they are read to their ends
            async with asyncio.timeout(_DRAINING):
                for stream in self._streams:
                    while await stream.read(2**16):
                        pass
                await self.process.wait()
        return count

    def kill(self) -> set[int]:
        """End the process and what it has started so far; return which these were."""
        left = self._kill_offspring()
        if not self.is_over or sys.platform != "linux":
            self._kill_group()
        return left

    def _kill_offspring(self) -> set[int]:
        left = _offspring(self.process.pid, self._mark)
        for pid in left:
            with suppress(OSError):
                os.kill(pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
        return left

    def _kill_group(self) -> None:
        """End the process and its group; `Process.kill` would take a process that has just ended from asyncio."""
        if sys.platform == "win32":
            with suppress(ProcessLookupError):
                self.process.kill()
        else:  # it leads the group, so nothing else can be in it
            with suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)

    @property
    def death(self) -> str:
        """How it ended, in words."""
        code = self.process.returncode or 0
        how = f"was ended by {_signal(-code)}" if code < 0 else f"ended with exit code {code}"
        return f"{how}: {self.heard.last_error}" if self.heard.last_error else how


@atexit.register
def _kill_all() -> None:
    """End what is still under way where this process ends at once, as a second Ctrl-C makes it."""
    for running in tuple(_under_way):
        running.kill()


async def start(command: tuple[str, ...], extra: Mapping[str, str]) -> Running:
    """Start a driver in a process group of its own, with a pipe for its answers where the system can pass one on.

    Raises:
        DeltaproofError: there is no such command.
    """
    mark = secrets.token_hex(8)
    variables = environment({**extra, _MARK: mark})
    reading, writing = os.pipe() if sys.platform != "win32" else (-1, -1)
    if writing >= 0:
        variables["DELTAPROOF_ANSWER_FD"] = str(writing)
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=variables,
            start_new_session=True,
            pass_fds=(writing,) if writing >= 0 else (),
        )
    except OSError as error:
        if reading >= 0:
            os.close(reading)
        raise DeltaproofError(f"it cannot be started: {error.strerror or error}", where=command[0]) from error
    finally:
        if writing >= 0:
            os.close(writing)
    return Running(process, mark, await _reader_of(reading) if reading >= 0 else None)


async def _reader_of(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    file = os.fdopen(descriptor, "rb", buffering=0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), file)
    return reader


def _given(stream: asyncio.StreamReader | None) -> asyncio.StreamReader:
    if stream is None:
        raise AssertionError
    return stream


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _offspring(leader: int, mark: str) -> set[int]:
    """Return what a driver has started, as far as the system tells: all with its mark, or in its session."""
    wanted = f"{_MARK}={mark}".encode()
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, _, _, session = (folder / "stat").read_bytes().rpartition(b") ")[2].split()[:4]
            alive = state not in (b"Z", b"X")
            if alive and (int(session) == leader or wanted in (folder / "environ").read_bytes().split(b"\0")):
                found.add(int(folder.name))
    return found - {leader}
