"""openai-agents: `OpenAIChatCompletionsModel.stream_response`, and the response in its completed event."""

from __future__ import annotations

import asyncio

from agents import FunctionTool, ModelSettings, OpenAIChatCompletionsModel
from agents.models.interface import ModelTracing
from openai import AsyncOpenAI

from lines import functions, mapping, parameters, serve

runner = asyncio.Runner()
shared = AsyncOpenAI(base_url="http://127.0.0.1/v1", api_key="unused", max_retries=0)


async def _never(*_: object) -> str:
    """Stand for a tool that is declared and not carried out."""
    return ""


def fold(case: dict[str, object]) -> dict[str, object]:
    """Let the Agents SDK fold a stream; its response has no place for a finish_reason."""
    return runner.run(_fold(case))


async def _fold(case: dict[str, object]) -> dict[str, object]:
    request = mapping(case["request"])
    client = shared.with_options(base_url=case["base_url"], timeout=case["timeout"])  # type: ignore[arg-type]  # they are so
    model = OpenAIChatCompletionsModel(request.get("model", "recorded"), client)
    tools = [
        FunctionTool(
            name=one["name"],
            description=one.get("description", ""),
            params_json_schema=parameters(one),
            on_invoke_tool=_never,
            strict_json_schema=False,
        )
        for one in functions(request)
    ]
    events = model.stream_response(
        None, "Go on.", ModelSettings(), tools, None, [], ModelTracing.DISABLED, previous_response_id=None,
        conversation_id=None, prompt=None,
    )  # fmt: skip
    completed = None
    async for event in events:
        if event.type == "response.completed":
            completed = event.response
    if completed is None:
        return {"content": ""}
    parts = [part for output in completed.output if output.type == "message" for part in output.content]
    return {
        "content": "".join(part.text for part in parts if part.type == "output_text"),
        "refusal": "".join(part.refusal for part in parts if part.type == "refusal"),
        "tool_calls": [
            {"id": output.call_id, "name": output.name, "arguments": output.arguments}
            for output in completed.output
            if output.type == "function_call"
        ],
    }


serve(fold, "openai-agents")
