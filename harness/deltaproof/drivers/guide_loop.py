"""The loop that most guides print: calls by index, the first entry kept whole, later arguments added to it.

It looks at the first choice only, takes for granted that there is one, and that every entry has arguments, and adds the
arguments of a call's first entry to themselves.
"""

from __future__ import annotations

from typing import Any

from lines import serve
from openai_client import chunks_of


def fold(case: dict[str, object]) -> dict[str, object]:
    """Fold a stream as guides do; what they print with the text is here put together."""
    content = ""
    calls: dict[int, Any] = {}  # type: ignore[explicit-any]  # what a client gives may have any type
    for chunk in chunks_of(case):
        delta = chunk.choices[0].delta
        content += delta.content or ""
        for entry in delta.tool_calls or []:
            if entry.index not in calls:
                calls[entry.index] = entry
            calls[entry.index].function.arguments += entry.function.arguments
    return {
        "content": content,
        "tool_calls": [
            {"id": call.id, "name": call.function.name, "arguments": call.function.arguments} for call in calls.values()
        ],
    }


serve(fold, "openai")
