"""Faults of the response as a whole: status, media type, a body that is no stream, the plain answer beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from deltaproof.exchange import End, Exchange, Head
from deltaproof.faults.draft import Draft, need
from deltaproof.faults.fault import Fault, fault
from deltaproof.faults.pieces import Json, Piece
from deltaproof.fold import FoldedChoice, fold
from deltaproof.stream import Reader, Transcript

_ERROR: Json = {"message": "Rate limit reached", "type": "requests", "param": None, "code": "rate_limit_exceeded"}
_PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


def _respond(draft: Draft, status: int, media_type: str, body: bytes) -> None:
    """Put another response, complete, in the place of the one that came."""
    headers = draft.head.headers if draft.head else ()
    others = tuple(header for header in headers if header[0].lower() not in ("content-type", "content-length"))
    draft.head = Head(status, (("content-type", media_type), *others))
    draft.pieces = [Piece(body)]
    draft.end = End.EOF


def _refused(body: bytes, media_type: str = "application/json") -> Callable[[Draft], None]:
    """Refuse the request."""
    return lambda draft: _respond(draft, 429, media_type, body)


def _without(*keys: str) -> bytes:
    """Return the body of a refusal whose error lacks some keys."""
    return json.dumps({"error": {key: value for key, value in _ERROR.items() if key not in keys}}).encode()


def _header(value: str) -> Callable[[Draft], None]:
    """Send a stream with another Content-Type."""

    def send(draft: Draft) -> None:
        draft.chunks()
        need(draft.head is not None, "the headers are not known")
        head = draft.head or Head(200)
        others = tuple(header for header in head.headers if header[0].lower() != "content-type")
        draft.head = replace(head, headers=(("content-type", value), *others))

    return send


def _transcript(exchange: Exchange) -> Transcript:
    """Read an exchange."""
    reader = Reader()
    for _ in reader.feed(exchange.body):
        pass
    *_, transcript = reader.close(exchange.end)
    if not isinstance(transcript, Transcript):  # the last subject is always the transcript
        raise TypeError
    return transcript


def _message(choice: FoldedChoice) -> Json:
    """Return a choice as a plain answer has it."""
    message: Json = {"role": "assistant", "content": choice.content, "refusal": choice.refusal}
    calls = [
        {
            "id": call.id,
            "type": call.type,
            call.type: {"name": call.name, "input" if call.type == "custom" else "arguments": call.arguments},
        }
        for call in choice.tool_calls
    ]
    if calls:
        message["tool_calls"] = calls
    return {"index": choice.index, "message": message, "finish_reason": choice.finish_reason}


@fault("plain-answer", "http-content-type.plain-answer")
def plain_answer(draft: Draft) -> None:
    """The answer comes as one JSON object, as if no stream had been asked for."""
    first = draft.chunks()[0].chunk or {}
    folded = fold(_transcript(draft.exchange()))
    answer: Json = {key: first[key] for key in ("id", "created", "model") if key in first}
    answer |= {"object": "chat.completion", "choices": [_message(choice) for choice in folded.choices]}
    _respond(draft, 200, "application/json", json.dumps(answer).encode())


@fault("gateway-page", "http-content-type.not-a-stream")
def gateway_page(draft: Draft) -> None:
    """A gateway's page comes with status 200."""
    draft.chunks()
    _respond(draft, 200, "text/html", _PAGE)


@fault("error-in-200", "http-status-split.error-in-200")
def error_in_200(draft: Draft) -> None:
    """The request is refused with status 200."""
    draft.chunks()
    _respond(draft, 200, "application/json", _without())


def _answer(change: Callable[[Json], object]) -> Callable[[Draft], None]:
    """Change the first choice of the plain answer that the same request got."""

    def do(draft: Draft) -> None:
        need(draft.answer, "no plain answer to the same request is known")
        change(draft.pick((draft.answer or {}).get("choices", []), "the plain answer has no choices"))

    return do


def _calling_answer(change: Callable[[Json], object]) -> Callable[[Draft], None]:
    """Change the function of the first call of the plain answer."""

    def do(choice: Json) -> None:
        calls = choice["message"].get("tool_calls")
        need(calls and "function" in calls[0], "the plain answer calls no function")
        change(calls[0]["function"])

    return _answer(do)


def _speak(choice: Json) -> None:
    """Give the plain answer a text where it has none, as the stream then has none."""
    need(not choice["message"].get("content"), "the plain answer has text, and so has the stream")
    choice["message"]["content"] = "One moment."


FAULTS = (
    Fault(
        "content-type-json",
        "http-content-type.media-type",
        "The stream says that it is JSON.",
        _header("application/json"),
    ),
    Fault(
        "content-type-charset",
        "http-content-type.charset",
        "The stream says that it is Latin-1.",
        _header("text/event-stream; charset=iso-8859-1"),
    ),
    plain_answer,
    gateway_page,
    error_in_200,
    Fault(
        "refused-page",
        "http-error-body.not-json",
        "The request is refused with a page.",
        _refused(_PAGE, "text/html"),
    ),
    Fault(
        "refused-string",
        "http-error-body.no-error",
        "The request is refused with an error that is a string.",
        _refused(b'{"error":"Rate limit reached"}'),
    ),
    Fault(
        "refused-no-message",
        "http-error-body.no-message",
        "The request is refused without a message.",
        _refused(_without("message")),
    ),
    Fault(
        "refused-no-code",
        "http-error-body.missing-key",
        "The request is refused without a code.",
        _refused(_without("code")),
    ),
    Fault(
        "refused-number-code",
        "http-error-body.wrong-type",
        "The request is refused with a number for its code.",
        _refused(json.dumps({"error": _ERROR | {"code": 429}}).encode()),
    ),
    Fault(
        "answer-finish",
        "parity-with-non-stream.finish-reason",
        "The plain answer ends otherwise than the stream.",
        _answer(lambda choice: choice.update(finish_reason="length")),
    ),
    Fault(
        "answer-calls",
        "parity-with-non-stream.calls",
        "The plain answer calls another tool than the stream.",
        _calling_answer(lambda function: function.update(name=f"{function['name']}_2")),
    ),
    Fault(
        "answer-arguments",
        "parity-with-non-stream.arguments",
        "The plain answer calls the same tool without arguments.",
        _calling_answer(lambda function: function.update(arguments="")),
    ),
    Fault(
        "answer-content",
        "parity-with-non-stream.content",
        "The plain answer has text, and the stream has none.",
        _answer(_speak),
    ),
)
