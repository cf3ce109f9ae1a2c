"""Serves streams to accumulators over loopback, each from a base URL of its own. Starts no client, judges nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from itertools import count

from deltaproof.drive.http.connection import Connection
from deltaproof.drive.http.endpoint import LOOPBACK, listen, port_of
from deltaproof.drive.http.requests import Incoming
from deltaproof.drive.play.player import play, play_at_once
from deltaproof.drive.play.schedule import Plan, plan
from deltaproof.exchange import End, Exchange

_PREFIX = "/c/"


@dataclass(slots=True)
class _Case:
    """A stream that is served: how, and how often it was asked for."""

    exchange: Exchange
    speed: float | None
    plan: Plan | None = None
    asked: int = 0


class Served:
    """Answers requests below /c/NUMBER/ with the stream of that number.

    Attributes:
        url: of the server, without a path.
    """

    def __init__(self) -> None:
        """Begin without streams; `serving` gives it its address."""
        self.url = ""
        self._cases: dict[int, _Case] = {}
        self._numbers = count()

    def add(self, exchange: Exchange, speed: float | None = None) -> int:
        """Serve a stream from now on, and return its number; at a speed, or where None as fast as a client reads."""
        number = next(self._numbers)
        self._cases[number] = _Case(exchange, speed)
        return number

    def drop(self, number: int) -> int:
        """Serve a stream no more; return how often it was asked for."""
        return self._cases.pop(number).asked

    def base_url(self, number: int) -> str:
        """Return the base URL of a stream."""
        return f"{self.url}{_PREFIX}{number}/v1"

    def answer(self, incoming: Incoming, connection: Connection) -> Coroutine[None, None, None] | None:
        """Play the stream that the path names; to a request that replies to its calls, say that all is well."""
        number, _, rest = incoming.path.removeprefix(_PREFIX).partition("/")
        is_number = incoming.path.startswith(_PREFIX) and number.isascii() and number.isdigit()
        case = self._cases.get(int(number)) if is_number else None
        if case is None:
            connection.refuse(HTTPStatus.NOT_FOUND, f"there is no case at {incoming.path}")
            return None
        if incoming.method == "GET":
            _list_models(case.exchange, connection)
            return None
        if not rest.endswith("chat/completions"):
            connection.refuse(HTTPStatus.NOT_FOUND, f"only chat completions are served, not {incoming.path}")
            return None
        case.asked += 1
        asked = _json_object(incoming.body)
        if _replies(asked) > _replies(case.exchange.request or {}):
            _say_done(connection, streams=asked.get("stream") is True)
            return None
        if case.plan is None:
            case.plan = _plan(case.exchange)
        if case.speed is None and play_at_once(case.plan, connection):
            return None
        return play(case.plan, connection, case.speed)


@asynccontextmanager
async def serving() -> AsyncIterator[Served]:
    """Serve on a free port until the context ends, and what is being played then too."""
    served = Served()
    live: set[Connection] = set()
    server = await listen(served.answer, host=LOOPBACK, port=0, live=live)
    served.url = f"http://{LOOPBACK}:{port_of(server)}"
    try:
        yield served
    finally:
        server.close()
        await asyncio.gather(*(connection.end() for connection in tuple(live)))
        await server.wait_closed()


def _plan(exchange: Exchange) -> Plan:
    """Plan to play a stream; where a recorded client left, the connection is closed."""
    return plan(replace(exchange, end=End.CUT) if exchange.end is End.CLIENT_GONE else exchange)


def _list_models(exchange: Exchange, connection: Connection) -> None:
    request = exchange.request or {}
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
