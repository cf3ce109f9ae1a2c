"""A recording from its start to its end: the folder, the proxy, the command, and who ends it. Prints nothing."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from deltaproof.cassette.append import Version, version_of
from deltaproof.cassette.journal import Hold, Journal, Recovered, cassette_path
from deltaproof.cassette.modes import RecordMode
from deltaproof.cassette.paths import SNAPSHOT
from deltaproof.cassette.scrub_rules import Scrub
from deltaproof.drive.http.endpoint import allow_connections
from deltaproof.drive.record.command import environment_for, raise_if_missing, start
from deltaproof.drive.record.keeper import Fact, Gone, Keeper
from deltaproof.drive.record.proxy import Place, Proxy
from deltaproof.drive.record.recorded import Recorded
from deltaproof.drive.record.upstream import Origin
from deltaproof.drive.record.watch import Judging
from deltaproof.errors import DeltaproofError
from deltaproof.exchange import Exchange

_GRACE = 1.0  # seconds that the rest of a response may take once the command that asked for it has ended
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Listening:
    """The proxy is there, under this base URL."""

    url: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to record and how.

    Attributes:
        origin: what is recorded.
        folder: where the cassettes go.
        mode: when to record.
        scrub: what is kept out of the cassettes.
        place: where to listen.
        judging: by what.
        patience: seconds that the upstream may be silent.
        command: what to run with the proxy as its base URL; () to relay until a signal comes.
        cassette: the one cassette in the folder into which all goes, without its extension; the folder may then be
            shared by others. Empty for one of each scenario, and a folder to oneself.
        was: what that one cassette was when others that record into it began as well: only that is rewritten.
        gone: what becomes of exchanges whose clients have hung up.
    """

    origin: Origin
    folder: Path
    mode: RecordMode
    scrub: Scrub
    place: Place
    judging: Judging
    patience: float
    command: tuple[str, ...] = ()
    cassette: str = ""
    was: Version | None = None
    gone: Gone = Gone.KEEP

    def cassettes(self) -> list[Path]:
        """Return the paths of the cassettes that are there."""
        if self.cassette:
            path = cassette_path(self.folder, self.cassette)
            return [path] if path.exists() else []
        return sorted(path for path in self.folder.glob("*.yaml") if path.name != SNAPSHOT)


Told: TypeAlias = Listening | Recovered | Fact
"""What is told while a recording runs."""


async def record(plan: Plan, tell: Callable[[Told], None]) -> int:
    """Record until the command ends, or a signal comes; return the command's exit code, 0 without one.

    Raises:
        DeltaproofError: the folder cannot be written to, the address not listened on, or the command not run; or the
            command ended well and asked for nothing.
    """
    if plan.command:
        raise_if_missing(plan.command)
    with _signals() as signals:
        async with recording(plan, tell) as proxy:
            code = await _run(plan.command, proxy, signals)
    if plan.command and not code and not proxy.asked:
        hint = "It must take its base URL from OPENAI_BASE_URL"
        raise DeltaproofError("the command ended without a request to the proxy", where=plan.command[0], hint=hint)
    return code


@asynccontextmanager
async def recording(plan: Plan, tell: Callable[[Told], None]) -> AsyncIterator[Proxy]:
    """Relay and keep for as long as the block runs; then end what is still passing, and wait until all is kept.

    Raises:
        DeltaproofError: the folder cannot be written to, a cassette in it not read, or the address not listened on.
    """
    with Journal(plan.folder, plan.scrub, Hold.SHARED if plan.cassette else Hold.ALONE) as journal:
        mended: set[Path] = set()
        for recovered in journal.recover(plan.cassette):
            tell(recovered)
            mended |= {Path(recovered.source)} if isinstance(recovered, Exchange) else set()
        cassettes = plan.cassettes()
        for path in cassettes if plan.mode is RecordMode.REWRITE else ():
            version = version_of(path) if path in mended or not plan.cassette else plan.was
            if version is not None:
                journal.renew(path.stem, version)
        keeper = Keeper(journal, plan.judging, tell, datetime.now(UTC).date().isoformat(), plan.gone)
        proxy = Proxy(plan.origin, Recorded(cassettes, plan.mode), keeper, plan.patience, into=plan.cassette)
        server = await proxy.listen(plan.place)
        try:
            tell(Listening(proxy.url))
            yield proxy
        finally:
            server.close()
            await proxy.leave()
            await keeper.settle()


@dataclass(slots=True)
class _Signals:
    """The signals that ask this process to end: whether one came, which was the last, and who else is to know."""

    came: asyncio.Event = field(default_factory=asyncio.Event)
    last: signal.Signals | None = None
    pass_on: Callable[[signal.Signals], None] | None = None

    def take(self, number: signal.Signals) -> None:
        """Note a signal."""
        self.last = number
        self.came.set()
        if self.pass_on is not None:
            self.pass_on(number)


@contextmanager
def _signals() -> Iterator[_Signals]:
    """Take signals for as long as the block runs."""
    loop = asyncio.get_running_loop()
    signals = _Signals()
    for number in _SIGNALS:
        loop.add_signal_handler(number, signals.take, number)
    try:
        yield signals
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


async def _run(command: tuple[str, ...], proxy: Proxy, signals: _Signals) -> int:
    """Run the command to its end; what it had asked for may still be on its way then. Without one, await a signal."""
    if not command:
        allow_connections()
        await signals.came.wait()
        return 0
    running = await start(command, environment_for(proxy.url, os.environ))
    allow_connections()  # now: the command keeps the limits that it would have without us
    signals.pass_on = running.pass_on
    if signals.last is not None:  # it came while the command was being started
        running.pass_on(signals.last)
    try:
        code = await running.wait()
    finally:
        signals.pass_on = None
        await running.end()
    ends = [asyncio.ensure_future(proxy.idle()), asyncio.ensure_future(signals.came.wait())]
    _, waiting = await asyncio.wait(ends, timeout=_GRACE, return_when=asyncio.FIRST_COMPLETED)
    for one in waiting:
        one.cancel()
    return code
