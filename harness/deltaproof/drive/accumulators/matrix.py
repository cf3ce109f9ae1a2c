"""Runs a matrix: serves each stream from a base URL of its own, and lets accumulators fold them side by side."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

from deltaproof.accumulate.asking import request_for
from deltaproof.accumulate.matrix import Cell, Column, Matrix
from deltaproof.accumulate.outcome import judge_said
from deltaproof.accumulate.protocol import Ask
from deltaproof.checking import Judged
from deltaproof.drive.accumulators.accumulator import Driver, Folded
from deltaproof.drive.http.endpoint import LOOPBACK, Connection, listen, port_of
from deltaproof.drive.http.http1 import Incoming
from deltaproof.drive.play.player import play, play_at_once
from deltaproof.drive.play.schedule import Plan, plan
from deltaproof.errors import DeltaproofError
from deltaproof.exchange import End

LIMIT = 10.0
"""Seconds that an accumulator may take for one stream."""

_PATIENCE = 0.6  # of the limit, after which a client is to give up waiting for the server by itself
_PREFIX = "/c/"


@dataclass(frozen=True, slots=True)
class Client:
    """An accumulator to run, or one that cannot run: `driver` is None where its column says why."""

    column: Column
    driver: Driver | None


@dataclass(frozen=True, slots=True)
class Stream:
    """A judged stream, and what the operator calls it."""

    name: str
    judged: Judged


Tell = Callable[[Column, int, int], None]
"""Hears which accumulator has done how many streams, of how many."""


def run_matrix(
    streams: Sequence[Stream],
    clients: Sequence[Client],
    *,
    limit: float = LIMIT,
    jobs: int | None = None,
    tell: Tell = lambda _column, _done, _all: None,
) -> Matrix:
    """Let every client fold every stream; as many clients at once as there are processors, or `jobs`.

    A client's limit in seconds counts for each stream; until it is ready for its first one it may take longer.

    Raises:
        DeltaproofError: a command cannot be started.
    """
    return asyncio.run(_run(streams, clients, limit, jobs or os.cpu_count() or 1, tell))


async def _run(streams: Sequence[Stream], clients: Sequence[Client], limit: float, jobs: int, tell: Tell) -> Matrix:
    started = time.perf_counter()
    cells: dict[tuple[str, str], Cell] = {}
    places = asyncio.Semaphore(jobs)
    served = Served(streams)
    live: set[Connection] = set()
    server = await listen(served.answer, host=LOOPBACK, port=0, live=live)
    url = f"http://{LOOPBACK}:{port_of(server)}"

    async def drive(client: Client, driver: Driver) -> None:
        async with places:
            try:
                for number, stream in enumerate(streams):
                    judged = stream.judged
                    request = request_for(judged.exchange, judged.judgement)
                    ask = Ask(str(number), f"{url}{_PREFIX}{number}/v1", request, limit * _PATIENCE)
                    cells[stream.name, client.column.name] = _cell(judged, await driver.fold(ask, limit), url)
                    tell(client.column, number + 1, len(streams))
            finally:
                await driver.close()

    try:
        async with asyncio.TaskGroup() as group:
            for client in clients:
                if client.driver is not None:
                    group.create_task(drive(client, client.driver))
    except* DeltaproofError as several:
        raise several.exceptions[0] from None
    finally:
        server.close()
        await asyncio.gather(*(connection.end() for connection in tuple(live)))
        await server.wait_closed()
    names = tuple(stream.name for stream in streams)
    return Matrix(names, tuple(client.column for client in clients), cells, time.perf_counter() - started)


def _cell(judged: Judged, folded: Folded, url: str) -> Cell:
    """Say what came of a case, in words that are the same in every run: without the port that was free."""
    ruling = judge_said(judged.exchange, judged.judgement, folded.answer)
    reason = ruling.reason.replace(url, "http://…")
    if folded.left:
        processes = "a process" if folded.left == 1 else f"{folded.left} processes"
        reason = f"{reason}; it left {processes} behind, to be ended"
    return Cell(ruling.outcome, reason, folded.seconds, folded.own)


class Served:
    """Answers requests below /c/NUMBER/ with the stream of that number."""

    def __init__(self, streams: Sequence[Stream]) -> None:
        """Take the streams, in the order of their numbers."""
        self._streams = streams
        self._plans: dict[int, Plan] = {}

    def answer(self, incoming: Incoming, connection: Connection) -> Coroutine[None, None, None] | None:
        """Play the stream that the path names; to a request that replies to its calls, say that all is well."""
        number, _, rest = incoming.path.removeprefix(_PREFIX).partition("/")
        known = incoming.path.startswith(_PREFIX) and number.isascii() and number.isdigit()
        if not known or int(number) >= len(self._streams):
            connection.refuse(HTTPStatus.NOT_FOUND, f"there is no case at {incoming.path}")
            return None
        stream = self._streams[int(number)]
        if incoming.method == "GET":
            _list_models(stream, connection)
            return None
        if not rest.endswith("chat/completions"):
            connection.refuse(HTTPStatus.NOT_FOUND, f"only chat completions are served, not {incoming.path}")
            return None
        asked = _json_object(incoming.body)
        if _replies(asked) > _replies(stream.judged.exchange.request or {}):
            _say_done(connection, streams=asked.get("stream") is True)
            return None
        played = self._plan(int(number))
        if play_at_once(played, connection):
            return None
        return play(played, connection, None)

    def _plan(self, number: int) -> Plan:
        """Plan to play a stream; where a recorded client left, the connection is closed."""
        if number not in self._plans:
            exchange = self._streams[number].judged.exchange
            if exchange.end is End.CLIENT_GONE:
                exchange = replace(exchange, end=End.CUT)
            self._plans[number] = plan(exchange)
        return self._plans[number]


def _list_models(stream: Stream, connection: Connection) -> None:
    request = stream.judged.exchange.request or {}
    model = {"id": request.get("model", "recorded"), "object": "model", "created": 0, "owned_by": "deltaproof"}
    connection.respond(HTTPStatus.OK, {"object": "list", "data": [model]})


def _replies(request: Mapping[str, object]) -> int:
    """Count the messages in which tools reply."""
    messages = request.get("messages")
    roles = [one.get("role") for one in messages if isinstance(one, dict)] if isinstance(messages, list) else []
    return sum(role in ("tool", "function") for role in roles)


def _say_done(connection: Connection, *, streams: bool) -> None:
    """Answer with a plain text, so that a loop which has carried out the calls comes to its end."""
    constants = {"id": "chatcmpl-done", "created": 0, "model": "recorded"}
    said = {"role": "assistant", "content": "Done."}
    if not streams:
        choice: dict[str, object] = {"index": 0, "message": said, "finish_reason": "stop"}
        connection.respond(HTTPStatus.OK, {**constants, "object": "chat.completion", "choices": [choice]})
        return
    choices = [{"index": 0, "delta": said, "finish_reason": None}, {"index": 0, "delta": {}, "finish_reason": "stop"}]
    chunks = [json.dumps({**constants, "object": "chat.completion.chunk", "choices": [one]}) for one in choices]
    body = "".join(f"data: {text}\n\n" for text in (*chunks, "[DONE]")).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {len(body)}\r\n\r\n"
    connection.write(head.encode() + body)


def _json_object(body: bytes) -> Mapping[str, object]:
    try:
        value = json.loads(body)
    except (RecursionError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
