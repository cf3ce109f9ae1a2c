"""A command that is run beside us: with its own standard streams, in an environment that we add to. Relays nothing."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deltaproof.errors import DeltaproofError

_PROXIES = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
_EXEMPT = ("no_proxy", "NO_PROXY")


def environment_for(base_url: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a command whose OpenAI clients are to use a base URL on this machine.

    Where a proxy is set, this machine is exempt from it.
    """
    told = {**inherited, "OPENAI_BASE_URL": base_url, "OPENAI_API_BASE": base_url}
    if any(inherited.get(name) for name in _PROXIES):
        told |= {name: ",".join(filter(None, (inherited.get(name), "127.0.0.1,localhost,::1"))) for name in _EXEMPT}
    return told


def raise_if_missing(command: Sequence[str]) -> None:
    """Raise where there is no such command.

    Raises:
        DeltaproofError: there is none that can be run.
    """
    if shutil.which(command[0]) is None:
        raise DeltaproofError("there is no such command", where=command[0], hint="Check its name, and the PATH")


@dataclass(frozen=True, slots=True)
class Command:
    """A command that runs."""

    process: asyncio.subprocess.Process

    async def wait(self) -> int:
        """Wait until it ends; return its exit code, for a signal 128 and its number as shells have it."""
        code = await self.process.wait()
        return code if code >= 0 else 128 - code

    def pass_on(self, number: signal.Signals) -> None:
        """Give the command a signal that we got; what is typed at a terminal it has got itself."""
        if self.process.returncode is None and not (number is signal.SIGINT and _in_foreground()):
            self.process.send_signal(number)

    async def end(self) -> None:
        """Leave nothing behind of a command that is not waited for any more."""
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


async def start(command: Sequence[str], environment: Mapping[str, str]) -> Command:
    """Start a command.

    Raises:
        DeltaproofError: the system refuses to run it.
    """
    try:
        process = await asyncio.create_subprocess_exec(*command, env=environment)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise DeltaproofError(f"it cannot be run: {why}", where=command[0]) from error
    return Command(process)


def _in_foreground() -> bool:
    """Tell whether this process has a terminal whose keys signal it and its children alike."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
