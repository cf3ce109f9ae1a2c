"""Facts about what is sent: requests filled in, swept, continued and written."""

from __future__ import annotations

import json

from deltaproof.catalog import load_scenarios
from deltaproof.fold import FoldedCall, FoldedChoice, Message
from deltaproof.suite.requests import continued, filled, filled_body, request_text, swept, without_streaming

SCENARIOS = load_scenarios()


def test_a_nonce_goes_wherever_it_is_named_and_the_model_where_none_is() -> None:
    """Messages, names and keys get the nonce; a request with a model of its own keeps it."""
    request = filled(SCENARIOS["two-streams"], "m", "w1")
    assert request == {
        "model": "m",
        "stream": True,
        "messages": [
            {
                "role": "user",
                "content": "Report the code w1 together with a text of about one hundred words about the weather.",
            }
        ],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "report_w1",
                    "description": "Report a code and a text",
                    "parameters": {
                        "type": "object",
                        "required": ["code_w1", "text"],
                        "properties": {
                            "code_w1": {"type": "string", "description": "The code"},
                            "text": {"type": "string", "description": "The text"},
                        },
                    },
                },
            }
        ],
    }
    assert filled(SCENARIOS["refuse-unknown-model"], "m", "w1")["model"] == "no-such-model-w1"


def test_the_broken_body_is_broken_by_one_brace() -> None:
    """With the brace that it lacks it is a request, whatever the model is called."""
    body = filled_body(SCENARIOS["refuse-broken-json"], 'a "model"', "w1")
    assert json.loads(body + "}") == {
        "model": 'a "model"',
        "stream": True,
        "messages": [{"role": "user", "content": "Good morning!"}],
    }


def test_a_sweep_changes_one_member() -> None:
    """Each request of the sweep is the same but for the member that is swept."""
    requests = list(swept(SCENARIOS["max-tokens"], {"model": "m", "stream": True}))
    assert requests == [{"model": "m", "stream": True, "max_tokens": limit} for limit in (4, 8, 12, 16, 24, 32, 48)]


def test_the_same_request_without_streaming_has_no_options_of_streams() -> None:
    """`stream_options` are refused without `stream`."""
    assert without_streaming({"model": "m", "stream": True, "stream_options": {}}) == {"model": "m"}


def test_a_conversation_goes_on_with_the_message_as_assembled_and_a_reply_to_each_call() -> None:
    """The assistant's message is what the stream said; a call without an id gets one, as clients give it."""
    calls = (FoldedCall(0, "call_a", "f", '{"a":1}'), FoldedCall(1, None, "g", "{}"))
    message = Message((FoldedChoice(0, "Moment.", None, None, calls, None, "tool_calls"),))
    assert continued({"model": "m", "messages": [{"role": "user", "content": "Hi"}]}, message, "18") == {
        "model": "m",
        "messages": [
            {"role": "user", "content": "Hi"},
            {
                "role": "assistant",
                "content": "Moment.",
                "tool_calls": [
                    {"id": "call_a", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
                    {"id": "call_1", "type": "function", "function": {"name": "g", "arguments": "{}"}},
                ],
            },
            {"role": "tool", "tool_call_id": "call_a", "content": "18"},
            {"role": "tool", "tool_call_id": "call_1", "content": "18"},
        ],
    }


def test_a_request_is_written_a_line_to_each_member_message_and_tool() -> None:
    """A recording of it reads like a conversation; empty lists and nested ones stay on their line."""
    request: dict[str, object] = {"model": "é", "n": 2, "messages": [{"role": "user"}, {"role": "tool"}], "stop": ["a"]}
    assert request_text(request) == (
        '{\n  "model": "é",\n  "n": 2,\n  "messages": [\n    {"role": "user"},\n    {"role": "tool"}\n  ],\n  "stop": ["a"]\n}'
    )
    assert json.loads(request_text(request)) == request
    assert request_text({}) == "{}"
