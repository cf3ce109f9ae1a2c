"""Facts about what is read from a request: tools of any type. What rules make of an answer to it is elsewhere."""

from __future__ import annotations

import json

import pytest

from deltaproof.exchange import Exchange
from deltaproof.stream import ToolChoice, read_request
from deltaproof.stream.request import Tool
from deltaproof.verdict import Verdict, judge

WEB = {"type": "builtin_function", "function": {"name": "$web_search"}}
NAMELESS = {"type": "web_search", "web_search": {"enable": True}}
FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": True}}
SCHEMA = {"type": "object"}


def stream(name: str) -> bytes:
    """Return a stream with one call of a tool, conformant but for what was asked."""
    opening = {"index": 0, "id": "call_a", "type": "function", "function": {"name": name, "arguments": ""}}
    deltas: list[tuple[dict[str, object], str | None]] = [
        ({"role": "assistant", "content": None, "tool_calls": [opening]}, None),
        ({"tool_calls": [{"index": 0, "function": {"arguments": '{"query":"x"}'}}]}, None),
        ({}, "tool_calls"),
    ]
    chunks = [
        {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        }
        for delta, reason in deltas
    ]
    return b"".join(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks) + b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    ("tool", "known"),
    [
        (WEB, Tool("$web_search", "builtin_function")),
        (FUNCTION, Tool("f", "function", SCHEMA, strict=True)),
        ({"type": "custom", "custom": {"name": "f"}}, Tool("f", "custom")),
        ({"type": "function", "name": "f", "parameters": SCHEMA}, Tool("f", "function", SCHEMA)),
        ({"type": ["function"], "function": {"name": "f"}}, Tool("f")),
    ],
)
def test_a_tool_is_known_by_its_name_wherever_that_stands(tool: object, known: Tool) -> None:
    """Under its type, under `function` whatever its type, or in the tool itself."""
    assert read_request({"tools": [tool]}).tools == {known.name: known}


@pytest.mark.parametrize(
    "nameless", [NAMELESS, {"type": "mcp", "server_label": "x"}, {"google_search": {}}, {"type": 3}, {}]
)
def test_with_a_tool_that_has_no_name_a_call_may_have_any(nameless: object) -> None:
    """That there is one is known beside the tools that have a name, whose arguments are still held to their schema."""
    asked = read_request({"tools": [FUNCTION, nameless]})
    assert (list(asked.tools), asked.nameless, asked.choice) == (["f"], True, ToolChoice.AUTO)


def test_a_forbidden_call_is_told_as_such_also_where_no_tool_has_a_name() -> None:
    """There are tools, and `tool_choice` says that none may be called."""
    request = {"model": "m", "stream": True, "tools": [NAMELESS], "tool_choice": "none"}
    judgement = judge(Exchange(source="here", body=stream("f"), request=request))
    found = [(one.rule, one.case) for one in judgement.findings if one.rule.startswith("request-tool")]
    assert found == [("request-tool-choice-none", "forbidden")]


def test_an_allowed_tool_without_a_name_allows_any() -> None:
    """A list of allowed tools counts only if all of them have a name."""
    for tools, choice in (([WEB, WEB], ToolChoice.ALLOWED), ([WEB, NAMELESS], ToolChoice.OTHER)):
        wanted = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": tools}}
        assert read_request({"tools": tools, "tool_choice": wanted}).choice is choice


@pytest.mark.parametrize(
    ("name", "request_", "verdict"),
    [
        ("$web_search", {"tools": [WEB]}, Verdict.CONFORMS),
        ("f", {"tools": [WEB, FUNCTION]}, Verdict.CONFORMS),
        ("web_search", {"tools": [NAMELESS]}, Verdict.UNEXERCISED),
        ("anything", {"tools": [FUNCTION, NAMELESS]}, Verdict.UNEXERCISED),
        ("anything", {"tools": [NAMELESS], "tool_choice": NAMELESS}, Verdict.UNEXERCISED),
        ("f", {"tools": [WEB]}, Verdict.DEVIATES),
    ],
)
def test_a_tool_of_an_unknown_type_brings_no_false_finding(
    name: str, request_: dict[str, object], verdict: Verdict
) -> None:
    """A call of a tool that some server declares in its own way is a call of a declared tool."""
    judgement = judge(
        Exchange(source="here", body=stream(name), request={"model": "m", "stream": True, **request_}),
        profile="openai-strict",
    )
    assert judgement.verdicts["request-tool-name-known"] is verdict
    assert [finding.rule for finding in judgement.findings] == ["request-tool-name-known"] * (
        verdict is Verdict.DEVIATES
    )
