"""openai-python with a loop as careful people write it: every choice, every entry, nothing assumed to be there."""

from __future__ import annotations

from typing import Any

from lines import serve
from openai_client import chunks_of


def fold(case: dict[str, object]) -> dict[str, object]:
    """Fold the first choice of a stream: calls by index, ids and names as they first come, fragments joined."""
    content, refusal, finish_reason = "", "", None
    calls: dict[int, dict[str, Any]] = {}  # type: ignore[explicit-any]  # what a client gives may have any type
    for chunk in chunks_of(case):
        for choice in chunk.choices:
            if choice.index != 0:
                continue
            delta = choice.delta
            content += delta.content or ""
            refusal += delta.refusal or ""
            finish_reason = choice.finish_reason or finish_reason
            for entry in delta.tool_calls or []:
                call = calls.setdefault(entry.index, {"id": None, "name": "", "arguments": ""})
                call["id"] = call["id"] or entry.id
                if entry.function is not None:
                    call["name"] = call["name"] or entry.function.name or ""
                    call["arguments"] += entry.function.arguments or ""
    return {
        "content": content,
        "refusal": refusal,
        "tool_calls": list(calls.values()),
        "finish_reason": finish_reason,
    }


serve(fold, "openai")
