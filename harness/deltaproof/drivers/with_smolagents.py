"""smolagents: the deltas of a model's stream, put together by `agglomerate_stream_deltas`."""

from __future__ import annotations

from smolagents import OpenAIModel
from smolagents.models import ChatMessage, MessageRole, agglomerate_stream_deltas

from lines import mapping, serve


def fold(case: dict[str, object]) -> dict[str, object]:
    """Let smolagents fold a stream; its message has no place for a finish_reason."""
    request = mapping(case["request"])
    model = OpenAIModel(
        model_id=request.get("model"),
        api_base=case["base_url"],
        api_key=case["api_key"],
        client_kwargs={"max_retries": 0, "timeout": case["timeout"]},
        retry=False,
    )
    asked = [ChatMessage(role=MessageRole.USER, content=[{"type": "text", "text": "Go on."}])]
    tools = {"tools": request["tools"]} if request.get("tools") else {}
    message = agglomerate_stream_deltas(list(model.generate_stream(asked, **tools)))
    return {
        "content": message.content,
        "tool_calls": [
            {"id": call.id, "name": call.function.name, "arguments": call.function.arguments}
            for call in message.tool_calls or []
        ],
    }


serve(fold, "smolagents")
