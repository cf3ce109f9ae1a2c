"""llama-index-llms-openai-like: the last response of `stream_chat`, which has what came before it put together.

Of several entries in one chunk its `update_tool_calls` reads the first only. So vLLM's first fragment is lost where it
comes in one chunk with the name, each in an entry of its own, and what is left is handed over as the arguments.
"""

from __future__ import annotations

from llama_index.core.llms import ChatMessage
from llama_index.llms.openai_like import OpenAILike

from lines import functions, mapping, parameters, serve


def fold(case: dict[str, object]) -> dict[str, object]:
    """Let LlamaIndex fold a stream; what it hands over has no place for a finish_reason but the last raw chunk."""
    request = mapping(case["request"])
    model = OpenAILike(
        model=request.get("model", "recorded"),
        api_base=case["base_url"],
        api_key=case["api_key"],
        timeout=case["timeout"],
        max_retries=0,
        is_chat_model=True,
        is_function_calling_model=True,
    )
    tools = [
        {
            "type": "function",
            "function": {"name": one["name"], "description": one.get("description", ""), "parameters": parameters(one)},
        }
        for one in functions(request)
    ]
    asked = [ChatMessage(role="user", content="Go on.")]
    last = None
    for response in model.stream_chat(asked, **({"tools": tools} if tools else {})):
        last = response
    if last is None:
        return {"content": ""}
    return {
        "content": last.message.content,
        "tool_calls": [
            {"id": call.id, "name": call.function.name, "arguments": call.function.arguments}
            for call in last.message.additional_kwargs.get("tool_calls", [])
        ],
    }


serve(fold, "llama-index-llms-openai-like")
