"""The recording proxy: which request goes to the upstream over which connection, and how its end is passed on.

Each client's connection has one to the upstream, which lives as long as both sides let it. What passes is relayed in
relay.py and kept in keeper.py; where it goes is in routes.py.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus

from deltaproof.cassette.json_values import loads_object
from deltaproof.cassette.shelf import Match, Miss
from deltaproof.drive.http.connection import Connection
from deltaproof.drive.http.endpoint import listen, port_of
from deltaproof.drive.http.requests import Incoming
from deltaproof.drive.http.responses import ResponseTap
from deltaproof.drive.play.player import play
from deltaproof.drive.play.schedule import plan
from deltaproof.drive.record.keeper import Keeper, Missed, Passing, Played
from deltaproof.drive.record.recorded import Recorded
from deltaproof.drive.record.relay import Relay, Relayed
from deltaproof.drive.record.routes import Refusal, Route, find_route, framed, sent_headers
from deltaproof.drive.record.upstream import Origin, Unreached, Upstream, connect
from deltaproof.exchange import End, Exchange
from deltaproof.split import Split


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen: a host's name or address, and a port, 0 for any that is free."""

    host: str
    port: int


class Proxy:
    """Relays the requests of all clients to one upstream, and has them kept.

    Attributes:
        url: its base URL, for clients on this machine.
        asked: how many requests came, whatever became of them.
    """

    def __init__(self, origin: Origin, recorded: Recorded, keeper: Keeper, patience: float, *, into: str = "") -> None:
        """Prepare; `patience` is how many seconds the upstream may be silent, `into` the one cassette for all."""
        self.url = ""
        self.asked = 0
        self._origin = origin
        self._recorded = recorded
        self._keeper = keeper
        self._patience = patience
        self._into = into
        self._own: frozenset[str] = frozenset()
        self._leaving = False
        self._clients: set[Connection] = set()
        self._upstreams: dict[Connection, Upstream] = {}
        self._relays: dict[Connection, Relay] = {}

    @property
    def passing(self) -> int:
        """How many responses are on their way."""
        return len(self._relays)

    async def listen(self, place: Place) -> asyncio.Server:
        """Listen for clients.

        Raises:
            DeltaproofError: the address cannot be listened on.
        """
        server = await listen(self.answer, host=place.host, port=place.port, live=self._clients)
        port = port_of(server)
        self.url = f"http://{_reached_at(place.host)}:{port}/v1"
        self._own = frozenset(f"{host}:{port}" for host in (place.host.lower(), "127.0.0.1", "localhost", "[::1]"))
        return server

    async def answer(self, incoming: Incoming, client: Connection) -> None:
        """Answer one request."""
        if self._leaving:  # it came over a connection that was accepted at the last moment
            client.close()
            return
        self.asked += 1
        route = find_route(incoming, self._origin, self._own)
        if isinstance(route, Refusal):
            self._keeper.tell(Missed(route.why))
            client.refuse(route.status, route.why)
            return
        route = replace(route, cassette=self._into or route.cassette)
        await client.drain()  # of answers to requests that it sent ahead
        match self._recorded.find(route, incoming):
            case Match(exchange=exchange):
                self._keeper.tell(Played(exchange))
                await play(plan(exchange, Split.RECORDED), client, None)
                return
            case Miss(why=why, closest=closest):
                self._keeper.tell(Missed(why))
                named = {"source": closest.source, "entry": closest.entry} if closest else None
                client.refuse(HTTPStatus.NOT_FOUND, why, closest=named)
                return
        upstream = await self._upstream(client)
        if isinstance(upstream, Upstream):
            await self._relay(incoming, route, client, upstream)
            return
        why = f"{self._origin.url} cannot be reached: {upstream.why}"
        self._keeper.tell(Missed(why))  # and not kept: a cassette would answer with it when the upstream is there again
        status = HTTPStatus.GATEWAY_TIMEOUT if upstream.end is End.TIMEOUT else HTTPStatus.BAD_GATEWAY
        client.refuse(status, why)

    async def leave(self) -> None:
        """Go: end what is still passing, and all connections."""
        self._leaving = True
        for relay in list(self._relays.values()):
            relay.leave()
        await asyncio.gather(*(client.end() for client in tuple(self._clients)))

    async def settle(self, seconds: float) -> None:
        """Wait until nothing is passing, but only so many seconds, and until all that has ended is kept."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.idle(), seconds)
        await self._keeper.kept()

    async def interrupt(self) -> None:
        """Leave in the journal what is cut short from here on, or has just been."""
        self._keeper.interrupt()

    async def idle(self) -> None:
        """Wait until nothing is passing."""
        while self._relays:
            await asyncio.wait([relay.done for relay in self._relays.values()])

    async def _relay(self, incoming: Incoming, route: Route, client: Connection, upstream: Upstream) -> None:
        if client.gone.is_set():  # while the upstream was being connected to
            self._gone(client)
            self._keep(incoming, route, datetime.now(UTC)).close(0.0, End.CLIENT_GONE)
            return
        request = framed(incoming, self._origin, route.target)
        keep = partial(self._keep, incoming, route, datetime.now(UTC))
        relay = Relay(client, upstream, ResponseTap(incoming.method), keep, self._patience)
        self._relays[client] = relay
        try:
            relayed = await relay.carry(request)
        finally:
            del self._relays[client]
        await self._pass_on(relayed, client, upstream)

    def _keep(self, incoming: Incoming, route: Route, sent_at: datetime) -> Passing:
        """Begin to keep an exchange."""
        asked = Exchange(
            source=route.cassette,
            body=b"",
            request=loads_object(incoming.body),
            sent=incoming.body,
            method=incoming.method,
            url=self._origin.address(route.target),
            scenario=route.scenario,
            sent_headers=sent_headers(incoming, self._origin),
            sent_at=sent_at,
        )
        return self._keeper.open(route.cassette, asked)

    async def _upstream(self, client: Connection) -> Upstream | Unreached:
        """Return the client's connection to the upstream, a new one where there is none that is open."""
        open_already = self._upstreams.get(client)
        if open_already is not None and open_already.open:
            return open_already
        upstream = await connect(self._origin)
        if isinstance(upstream, Upstream):
            self._upstreams[client] = upstream
            upstream.on_end = client.close
            client.on_gone = partial(self._gone, client)
        return upstream

    def _gone(self, client: Connection) -> None:
        """Let go of what is there for a client that is no more."""
        if client in self._relays:
            self._relays[client].leave()
        if client in self._upstreams:
            self._upstreams.pop(client).close()

    async def _pass_on(self, relayed: Relayed, client: Connection, upstream: Upstream) -> None:
        """Let the client know how a response ended, in the way in which the upstream did."""
        match relayed:
            case Relayed(end=End.EOF, persistent=True):
                return
            case Relayed(end=End.RESET):
                await client.flush()
                client.reset()
            case Relayed(end=End.TIMEOUT, begun=False):
                why = f"{self._origin.url} sent nothing within {self._patience:g} seconds"
                client.refuse(HTTPStatus.GATEWAY_TIMEOUT, why)
            case _:
                client.close()
        upstream.close()


def _reached_at(host: str) -> str:
    """Return the address by which a client on this machine reaches a host that is listened on."""
    match host:
        case "" | "0.0.0.0":  # noqa: S104 - it is compared, not listened on
            return "127.0.0.1"
        case "::":
            return "[::1]"
        case _:
            return f"[{host}]" if ":" in host else host
