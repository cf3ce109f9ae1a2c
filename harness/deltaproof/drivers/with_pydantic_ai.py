"""pydantic-ai: `direct.model_request_stream`, then the response that it has put together."""

from __future__ import annotations

import asyncio

from openai import AsyncOpenAI
from pydantic_ai import ModelRequest, ToolDefinition
from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import TextPart, ToolCallPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from lines import functions, mapping, parameters, serve

runner = asyncio.Runner()
shared = AsyncOpenAI(base_url="http://127.0.0.1/v1", api_key="unused", max_retries=0)
FINISH_REASONS = {"tool_call": "tool_calls", "content_filter": "content_filter", "stop": "stop", "length": "length"}


def fold(case: dict[str, object]) -> dict[str, object]:
    """Let pydantic-ai fold a stream."""
    return runner.run(_fold(case))


async def _fold(case: dict[str, object]) -> dict[str, object]:
    request = mapping(case["request"])
    client = shared.with_options(base_url=case["base_url"], timeout=case["timeout"])  # type: ignore[arg-type]  # they are so
    model = OpenAIChatModel(request.get("model", "recorded"), provider=OpenAIProvider(openai_client=client))
    tools = [
        ToolDefinition(name=one["name"], description=one.get("description"), parameters_json_schema=parameters(one))
        for one in functions(request)
    ]
    asked = [ModelRequest.user_text_prompt("Go on.")]
    wanted = ModelRequestParameters(function_tools=tools)
    async with model_request_stream(model, asked, model_request_parameters=wanted) as stream:
        async for _ in stream:
            pass
    response = stream.get()
    return {
        "content": "".join(part.content for part in response.parts if isinstance(part, TextPart)),
        "tool_calls": [
            {"id": part.tool_call_id, "name": part.tool_name, "arguments": part.args}
            for part in response.parts
            if isinstance(part, ToolCallPart)
        ],
        "finish_reason": FINISH_REASONS.get(response.finish_reason or ""),
    }


serve(fold, "pydantic-ai-slim")
