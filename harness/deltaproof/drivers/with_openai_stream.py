"""openai-python's own accumulator: `chat.completions.stream`, then `get_final_completion`."""

from __future__ import annotations

from lines import serve
from openai_client import client_for, request_of


def fold(case: dict[str, object]) -> dict[str, object]:
    """Let the client fold a stream, and return the first choice of what it hands over."""
    with client_for(case).chat.completions.stream(**request_of(case)) as stream:
        choice = stream.get_final_completion().choices[0]
    message = choice.message
    legacy = message.function_call
    return {
        "content": message.content,
        "refusal": message.refusal,
        "tool_calls": [
            {"id": call.id, "name": call.function.name, "arguments": call.function.arguments}
            for call in message.tool_calls or []
        ],
        "function_call": {"name": legacy.name, "arguments": legacy.arguments} if legacy else None,
        "finish_reason": choice.finish_reason,
    }


serve(fold, "openai")
