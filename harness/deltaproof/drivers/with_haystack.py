"""haystack: the reply of `OpenAIChatGenerator` with a streaming callback."""

from __future__ import annotations

import json
import os

os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"

from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.tools import Tool
from haystack.utils import Secret

from lines import functions, mapping, parameters, serve


def _nothing(*_: object, **__: object) -> None:
    """Stand for a callback that only looks, and for a tool that is declared and not carried out."""


def fold(case: dict[str, object]) -> dict[str, object]:
    """Let Haystack fold a stream."""
    request = mapping(case["request"])
    tools = [
        Tool(name=one["name"], description=one.get("description", ""), parameters=parameters(one), function=_nothing)
        for one in functions(request)
    ]
    generator = OpenAIChatGenerator(
        api_key=Secret.from_token(case["api_key"]),
        model=request.get("model", "recorded"),
        api_base_url=case["base_url"],
        timeout=case["timeout"],
        max_retries=0,
        streaming_callback=_nothing,
        tools=tools or None,
    )
    reply = generator.run([ChatMessage.from_user("Go on.")])["replies"][0]
    return {
        "content": reply.text,
        "tool_calls": [
            {"id": call.id, "name": call.tool_name, "arguments": json.dumps(call.arguments)}
            for call in reply.tool_calls
        ],
        "finish_reason": reply.meta.get("finish_reason"),
    }


serve(fold, "haystack-ai")
