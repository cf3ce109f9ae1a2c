"""litellm: the chunks of `completion(stream=True)`, put together by `stream_chunk_builder`."""

from __future__ import annotations

import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # without it prices are fetched from the internet

import litellm

from lines import mapping, serve


def fold(case: dict[str, object]) -> dict[str, object]:
    """Let LiteLLM fold a stream."""
    request = mapping(case["request"])
    named = {name: request[name] for name in ("messages", "tools", "functions", "stream_options") if name in request}
    chunks = litellm.completion(
        model=f"openai/{request.get('model', 'recorded')}",
        api_base=case["base_url"],
        api_key=case["api_key"],
        timeout=case["timeout"],
        num_retries=0,
        max_retries=0,
        stream=True,
        **named,
    )
    choice = litellm.stream_chunk_builder(list(chunks), messages=named.get("messages")).choices[0]
    message = choice.message
    legacy = getattr(message, "function_call", None)
    return {
        "content": message.content,
        "refusal": getattr(message, "refusal", None),
        "tool_calls": [
            {"id": call.id, "name": call.function.name, "arguments": call.function.arguments}
            for call in message.tool_calls or []
        ],
        "function_call": {"name": legacy.name, "arguments": legacy.arguments} if legacy else None,
        "finish_reason": choice.finish_reason,
    }


serve(fold, "litellm")
