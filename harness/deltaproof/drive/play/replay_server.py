"""Serves what is on a shelf: which request goes where, models, and what is told where nothing is recorded.

/v1/chat/completions                     whatever is recorded for it
/scenario/two-calls/v1/chat/completions  only what belongs to that scenario
/v1/models                               what is recorded, else the models of the recordings
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self
from urllib.parse import unquote

from deltaproof.cassette.difference import shown
from deltaproof.cassette.shelf import Match, Miss, Shelf
from deltaproof.cassette.shelved import below_base
from deltaproof.drive.http.connection import Connection
from deltaproof.drive.http.endpoint import LOOPBACK, listen, port_of
from deltaproof.drive.http.requests import Incoming
from deltaproof.drive.play.player import AS_RECORDED, play, play_at_once
from deltaproof.drive.play.schedule import Plan, plan
from deltaproof.split import How, Split

_SCENARIO = "/scenario/"
_MODELS = "/models"
_MOST_NAMED = 10  # scenarios in a message; the member beside it has them all
_MOST_DIFFERENCES = 20
_HIGH_WATER = 2**16  # bytes: a thousand slow clients are to cost less than their recordings


@dataclass(frozen=True, slots=True)
class Options:
    """How to play.

    Attributes:
        speed: how many times as fast as recorded; None for as fast as the client reads.
        how: where bodies are split.
        tells_scenarios: whether a refusal names the scenarios, for clients that may choose one by their base URL.
    """

    speed: float | None = AS_RECORDED
    how: How = Split.RECORDED
    tells_scenarios: bool = True


def _nobody(_: Match | Miss) -> None:
    """Tell nobody what was found."""


class ReplayServer:
    """Answers as recorded while it is entered as an async context; the shelf tells what was asked for."""

    def __init__(
        self,
        shelf: Shelf,
        options: Options = Options(),
        *,
        host: str = LOOPBACK,
        port: int = 0,
        tell: Callable[[Match | Miss], None] = _nobody,
    ) -> None:
        """Prepare to serve at a host and port, 0 for any that is free; `tell` is called for each request, in order."""
        self.shelf = shelf
        self._tell = tell
        self._options = options
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None
        self._live: set[Connection] = set()
        self._plans: dict[tuple[int, str], Plan] = {}  # by number and version of HTTP

    @property
    def url(self) -> str:
        """The address without a path, once it listens."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def base_url(self) -> str:
        """What clients take as the base URL of an API, for all that is on the shelf."""
        return f"{self.url}/v1"

    def scenario_url(self, name: str) -> str:
        """Return the base URL for what belongs to one scenario."""
        return f"{self.url}{_SCENARIO}{name}/v1"

    async def __aenter__(self) -> Self:
        """Listen; raise `DeltaproofError` if the address cannot be listened on."""
        self._server = await listen(
            self._answer, host=self._host, port=self._port, high_water=_HIGH_WATER, live=self._live
        )
        self._port = port_of(self._server)
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Listen no more, and break off what is being played."""
        if self._server is not None:
            self._server.close()
            await asyncio.sleep(0)  # in which connections that were just accepted are made
            await asyncio.gather(*(connection.end() for connection in tuple(self._live)))
            await self._server.wait_closed()

    def _answer(self, incoming: Incoming, connection: Connection) -> Coroutine[None, None, None] | None:
        """Play what is recorded for a request, or tell that nothing is."""
        path, scenario = incoming.path, ""
        if path.startswith(_SCENARIO):
            scenario, path = self.shelf.scenario_in(unquote(path.removeprefix(_SCENARIO)))
        if incoming.method == "GET" and self._models(path, scenario, connection):
            return None
        found = self.shelf.find(incoming.method, path, incoming.body, scenario)
        self._tell(found)
        if isinstance(found, Miss):
            self._refuse(found, connection)
            return None
        version = min(incoming.version, "1.1")
        played = self._plans.get((found.number, version))
        if played is None:
            played = self._plans[found.number, version] = plan(found.exchange, self._options.how, version)
        if self._options.speed is None and play_at_once(played, connection):
            return None
        return play(played, connection, self._options.speed)

    def _models(self, path: str, scenario: str, connection: Connection) -> bool:
        """Answer with the models of the recordings, or with one of them, where that is asked and not recorded."""
        below = below_base(path)
        if not below.startswith(_MODELS) or self.shelf.holds("GET", path, scenario):
            return False
        models = self.shelf.models(scenario)
        told = [{"id": name, "object": "model", "created": 0, "owned_by": "deltaproof"} for name in models]
        if below == _MODELS and (not scenario or scenario in self.shelf.scenarios):
            connection.respond(HTTPStatus.OK, {"object": "list", "data": told})
            return True
        name = unquote(below.removeprefix(f"{_MODELS}/"))
        if name in models:
            connection.respond(HTTPStatus.OK, told[models.index(name)])
        return name in models

    def _refuse(self, miss: Miss, connection: Connection) -> None:
        """Say what is not recorded, and what is."""
        scenarios = self.shelf.scenarios if self._options.tells_scenarios else ()
        recorded = f"Recorded are {', '.join(self.shelf.paths)}" if self.shelf.paths else "There are no recordings"
        named = ", ".join(scenarios[:_MOST_NAMED])
        more = f" and {len(scenarios) - _MOST_NAMED:,} more" if len(scenarios) > _MOST_NAMED else ""
        where = f"; scenarios, at {_SCENARIO}NAME/v1: {named}{more}" if scenarios else ""
        connection.refuse(
            HTTPStatus.NOT_FOUND,
            f"{miss.why}. {recorded}{where}",
            closest=None if miss.closest is None else {"source": miss.closest.source, "entry": miss.closest.entry},
            differences=[
                {"path": one.path, "recorded": shown(one.recorded), "asked": shown(one.asked)}
                for one in miss.differences[:_MOST_DIFFERENCES]
            ],
            recorded=list(self.shelf.paths),
            scenarios=list(scenarios),
        )


@contextmanager
def serving(server: ReplayServer) -> Iterator[ReplayServer]:
    """Serve from a thread of its own for as long as the block runs, for clients that are not asynchronous.

    Raises:
        DeltaproofError: the address cannot be listened on.
    """
    started = threading.Event()
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    failed: list[BaseException] = []

    async def serve() -> None:
        async with server:
            end = asyncio.Event()
            stop.append((asyncio.get_running_loop(), end))
            started.set()
            await end.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 - it is raised in the other thread
            failed.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=run, name="deltaproof serve", daemon=True)
    thread.start()
    started.wait()
    if failed:
        raise failed[0]
    try:
        yield server
    finally:
        for loop, end in stop:
            loop.call_soon_threadsafe(end.set)
        thread.join()
    if failed:
        raise failed[0]
