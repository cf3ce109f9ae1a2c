"""Facts about what in a recording is a streamed chat completion, and what is named as something else."""

from __future__ import annotations

import json

import pytest

from deltaproof.cassette import read_bytes
from deltaproof.exchange import Exchange, Skipped
from tests.cassette.sessions import BODY, REQUEST, URL

JSON = "application/json"
SSE = "text/event-stream; charset=utf-8"
PLAIN_REQUEST = {"model": "tiny", "messages": []}
ERROR = '{"error":{"message":"no such model"}}'
COMPLETION = '{"object":"chat.completion","choices":[]}'
RESPONSES = 'event: response.created\ndata: {"type":"response.created"}\n\n'
MESSAGES = 'event: message_start\ndata: {"type":"message_start","message":{}}\n\n'
ELSEWHERE = "https://example.com/v1/generate?key=secret"


def verdict(
    body: str | bytes,
    *,
    url: str = URL,
    method: str = "POST",
    request: object = REQUEST,
    kind: str = SSE,
    status: int = 200,
    coding: str = "identity",
) -> str:
    """Return `judged`, or why a vcrpy interaction is passed over."""
    encoded = {"string": body if isinstance(body, str) else body.decode()}
    headers = {"content-type": [kind], "content-encoding": [coding]}
    interaction = {
        "request": {"body": json.dumps(request), "headers": {}, "method": method, "uri": url},
        "response": {"body": encoded, "headers": headers, "status": {"code": status, "message": ""}},
    }
    (sighting,) = read_bytes(json.dumps({"version": 1, "interactions": [interaction]}).encode(), "-")
    match sighting:
        case Exchange():
            return "judged"
        case Skipped(reason=reason, entry=0):
            return reason
        case _:
            raise AssertionError(sighting)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"body": BODY}, "judged", id="a-stream"),
        pytest.param({"body": ERROR, "kind": JSON, "status": 404}, "judged", id="a-refusal"),
        pytest.param({"body": COMPLETION, "kind": JSON}, "judged", id="a-plain-answer-to-a-stream-request"),
        pytest.param({"body": "", "kind": ""}, "judged", id="an-empty-200"),
        pytest.param({"body": RESPONSES}, "judged", id="another-protocol-from-the-chat-endpoint"),
        pytest.param({"body": BODY, "request": PLAIN_REQUEST}, "judged", id="a-stream-nobody-asked-for"),
        pytest.param({"body": BODY, "request": None}, "judged", id="a-stream-without-its-request"),
        pytest.param({"body": "", "request": None}, "judged", id="an-empty-event-stream-without-its-request"),
        pytest.param(
            {"body": BODY, "url": "https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=1"},
            "judged",
            id="azure",
        ),
        pytest.param({"body": BODY, "url": ELSEWHERE}, "judged", id="chunks-from-any-address"),
        pytest.param(
            {"body": COMPLETION, "request": PLAIN_REQUEST, "kind": JSON},
            "a plain chat completion: stream was not asked for",
            id="a-plain-completion",
        ),
        pytest.param(
            {"body": COMPLETION, "request": PLAIN_REQUEST, "kind": ""},
            "a plain chat completion: stream was not asked for",
            id="a-plain-completion-of-no-type",
        ),
        pytest.param(
            {"body": ERROR, "request": None, "kind": JSON, "status": 401},
            "no event stream, and whether one was asked for is not known",
            id="a-refusal-without-its-request",
        ),
        pytest.param(
            {"body": "[]", "method": "get", "kind": JSON},
            "GET api.example.com/v1/chat/completions: no chat completion",
            id="a-listing",
        ),
        pytest.param(
            {"body": RESPONSES, "url": "https://api.openai.com/v1/responses"},
            "a Responses API stream",
            id="responses",
        ),
        pytest.param(
            {"body": MESSAGES, "url": "https://api.anthropic.com/v1/messages"},
            "an Anthropic Messages stream",
            id="messages",
        ),
        pytest.param(
            {"body": 'data: {"object":"text_completion","choices":[{"text":"a"}]}\n\n', "url": ELSEWHERE},
            "a legacy text completion stream",
            id="text-completion",
        ),
        pytest.param({"body": 'data: {"candidates":[]}\r\n\r\n', "url": ELSEWHERE}, "a Gemini API stream", id="gemini"),
        pytest.param(
            {"body": 'event: thread.created\ndata: {"id":"t"}\n\n', "url": ELSEWHERE},
            "an Assistants API stream",
            id="assistants",
        ),
        pytest.param(
            {"body": "data: 1\n\n", "url": ELSEWHERE},
            "POST example.com/v1/generate: no chat completion",
            id="an-unknown-event-stream",
        ),
        pytest.param(
            {"body": "{}", "url": "https://user:pass@example.com/v1/embeddings"},
            "POST example.com/v1/embeddings: no chat completion",
            id="embeddings",
        ),
        pytest.param(
            {"body": "", "url": "https://["},
            "POST (no valid address): no chat completion",
            id="an-address-that-is-none",
        ),
        pytest.param(
            {"body": "\x01\x02zstd", "coding": "zstd"},
            "a zstd-encoded body, for which no decoder is installed",
            id="an-unknown-coding",
        ),
        pytest.param(
            {"body": "\x01\x02png", "coding": "gzip", "url": ELSEWHERE},
            "POST example.com/v1/generate: no chat completion",
            id="a-damaged-body-of-something-else",
        ),
    ],
)
def test_what_is_judged(given: dict[str, str], expected: str) -> None:
    """A request for a stream is judged whatever the answer, and a stream whatever the request; the rest is named."""
    assert verdict(**given) == expected  # type: ignore[arg-type]  # the table mixes types on purpose


@pytest.mark.parametrize(
    ("har", "expected"),
    [
        pytest.param(
            {"status": 200, "content": {"size": 4096}, "bodySize": -1},
            "a chat completion whose response was not kept",
            id="no-text",
        ),
        pytest.param(
            {"status": 0, "content": {"size": 0}}, "a chat completion whose response was not kept", id="never-answered"
        ),
    ],
)
def test_a_response_that_was_not_kept_is_no_empty_one(har: dict[str, object], expected: str) -> None:
    """Browsers leave bodies out of a HAR file: that says nothing about the server."""
    entry = {"request": {"method": "POST", "url": URL}, "response": har}
    assert list(read_bytes(json.dumps({"log": {"entries": [entry]}}).encode(), "x.har")) == [
        Skipped("x.har", expected, 0)
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (COMPLETION, "a plain chat completion: stream was not asked for"),
        (RESPONSES, "a Responses API stream"),
        ('{"type":"message_start"}\n{"type":"message_stop"}\n', "an Anthropic Messages stream"),
        ("HTTP/2 401 \r\ncontent-type: application/json\r\n\r\n" + ERROR, None),
        ("interactions: []\nversion: 1\n", "a cassette without interactions"),
        ('{"log": {"entries": []}}', "a cassette without interactions"),
    ],
)
def test_a_whole_file_of_something_else_is_named(content: str, reason: str | None) -> None:
    """A recording of another kind, named on its own, is passed over with its name."""
    (sighting,) = read_bytes(content.encode(), "-")
    assert isinstance(sighting, Skipped)
    assert sighting.reason == (reason or "no event stream, and whether one was asked for is not known")
