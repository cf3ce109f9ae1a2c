"""The loop in Empower's document on streaming with its two slips, in our own words; document_loop.py has them mended.

The index that a call is kept with is a name that nothing assigns, and each fragment replaces the one before.
"""

from __future__ import annotations

from typing import Any

from lines import serve
from openai_client import chunks_of


def fold(case: dict[str, object]) -> dict[str, object]:
    """Fold a stream as the document has it printed."""
    calls: list[dict[str, Any]] = []  # type: ignore[explicit-any]  # what a client gives may have any type
    for chunk in chunks_of(case):
        entries = chunk.choices[0].delta.tool_calls
        if not entries:
            continue
        entry = entries[0]
        if entry.function.name:
            calls.append({"index": index, "name": entry.function.name, "arguments": ""})  # type: ignore[name-defined]  # noqa: F821 - the slip
        else:
            calls[entry.index]["arguments"] = entry.function.arguments
    return {"tool_calls": calls}


serve(fold, "openai")
