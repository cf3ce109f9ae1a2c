"""Endpoints that are polite but for one thing, each in its own way. What is said of it is for the tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from tests.run.polite import Polite
from tests.run.server import STREAM_END, STREAM_HEAD, Act, Asked, Script, piece, refusal, response

Says = Iterator[bytes | Act]
Lie = Callable[[Polite, Asked], Says]
HTML = b"<html>"


def but(lie: Lie) -> Script:
    """Return a polite endpoint's script with a lie in place of each answer to a scenario."""
    polite = Polite()

    def script(asked: Asked) -> Says:
        if asked.path != "/v1/chat/completions" or asked.body == b"{}":
            yield from polite.answer(asked)
        else:
            yield from lie(polite, asked)

    return script


def stream(*bodies: bytes) -> Says:
    """Say a whole stream."""
    yield STREAM_HEAD
    yield from (piece(body) for body in bodies)
    yield STREAM_END


def events(polite: Polite, asked: Asked) -> list[bytes]:
    """Return the events of the polite answer."""
    return list(polite.events(asked.json))


def ignores_stream(polite: Polite, asked: Asked) -> Says:
    """Answer in one piece, stream or not."""
    yield response(json.dumps(polite.whole(asked.json)).encode())


def fails(_: Polite, __: Asked) -> Says:
    """Fail over everything."""
    yield refusal("out of memory", "500 Internal Server Error")


def refuses(_: Polite, __: Asked) -> Says:
    """Refuse everything properly."""
    yield refusal("not here")


def refuses_in_html(_: Polite, __: Asked) -> Says:
    """Refuse everything with a web page."""
    yield response(HTML, status="404 Not Found", kind="text/html")


def has_no_content(_: Polite, __: Asked) -> Says:
    """Answer that there is no content."""
    yield response(b"", status="204 No Content")


def says_nothing(_: Polite, __: Asked) -> Says:
    """Stream nothing at all."""
    yield from stream()


def tells_an_error_only(_: Polite, __: Asked) -> Says:
    """Say 200, then tell of a failure in place of chunks."""
    yield from stream(b'data: {"error": {"message": "engine died"}}\n\n', b"data: [DONE]\n\n")


def breaks_off(polite: Polite, asked: Asked) -> Says:
    """Close the connection after the first event."""
    yield STREAM_HEAD + piece(events(polite, asked)[0])
    yield Act.CUT


def goes_silent(polite: Polite, asked: Asked) -> Says:
    """Say no more after the first event."""
    yield STREAM_HEAD + piece(events(polite, asked)[0])
    yield Act.SILENCE


def fails_in_mid_stream(polite: Polite, asked: Asked) -> Says:
    """Tell of a failure after the first event."""
    yield from stream(events(polite, asked)[0], b'data: {"error": {"message": "engine died"}}\n\n')


def hangs_up(_: Polite, __: Asked) -> Says:
    """Close the connection without a word."""
    yield Act.CUT


def only_talks(polite: Polite, asked: Asked) -> Says:
    """Make no calls, and leave out what is optional."""
    plain = {key: value for key, value in asked.json.items() if key not in ("tools", "functions", "logprobs")}
    yield from stream(*polite.events(plain))


def accepts_anything(polite: Polite, _: Asked) -> Says:
    """Answer whatever is asked."""
    yield from stream(*polite.events({"messages": [{}]}))


def accepts_and_tells(_: Polite, __: Asked) -> Says:
    """Say 200 to a bad request, and what is wrong with it in the stream."""
    yield from stream(b'data: {"error": {"message": "n must be positive"}}\n\n', b"data: [DONE]\n\n")


def forgets_replies(polite: Polite, asked: Asked) -> Says:
    """Refuse a conversation that has replies of tools."""
    messages = asked.json["messages"]
    if isinstance(messages, list) and len(messages) > 1:
        yield refusal("messages[2].role: unknown variant tool")
    else:
        yield from polite.answer(asked)


def streams_always(polite: Polite, asked: Asked) -> Says:
    """Stream, asked or not."""
    yield from stream(*polite.events(asked.json))


def answers_without_choices(polite: Polite, asked: Asked) -> Says:
    """Answer by another protocol where no stream is asked for."""
    if asked.json.get("stream"):
        yield from polite.answer(asked)
    else:
        yield response(b'{"output": "Hi"}')
