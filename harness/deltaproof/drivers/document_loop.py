"""The loop in Empower's document on streaming, as it is meant, in our own words.

The document's loop has two slips, which are mended here: it uses an index that it assigns nowhere, and keeps the last
fragment of the arguments in place of all of them. What it means to do is kept: it looks at the first choice and at the
first entry of a chunk only; an entry with a name opens a call, and the arguments beside the name are left; any other
entry's arguments are added to the call at its index. It takes no text, no id and no finish_reason.
"""

from __future__ import annotations

from typing import Any

from lines import serve
from openai_client import chunks_of


def fold(case: dict[str, object]) -> dict[str, object]:
    """Fold a stream as the document does."""
    calls: list[dict[str, Any]] = []  # type: ignore[explicit-any]  # what a client gives may have any type
    for chunk in chunks_of(case):
        entries = chunk.choices[0].delta.tool_calls
        if not entries:
            continue
        entry = entries[0]
        if entry.function.name:
            calls.append({"name": entry.function.name, "arguments": ""})
        else:
            calls[entry.index]["arguments"] += entry.function.arguments
    return {"tool_calls": calls}


serve(fold, "openai")
