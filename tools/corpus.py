"""Where the recorded corpus lies, and its streams as exchanges. The corpus is no part of the repository."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from deltaproof.exchange import Exchange, Fidelity, Head

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
CORPUS = SHARED / "corpus"


class Recorded(NamedTuple):
    """One stream of the corpus, who served it, and whether its tool calls are in it."""

    id: str
    provider: str
    calls_tools: bool
    exchange: Exchange


def recorded_streams() -> Iterator[Recorded]:
    """Read the whole corpus in the order of its index."""
    for line in (CORPUS / "index.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        path = CORPUS / f"{entry['id']}.sse"
        request = path.with_suffix(".request.json")
        exchange = Exchange(
            source=entry["id"],
            body=path.read_bytes(),
            request=json.loads(request.read_bytes()) if request.exists() else None,
            head=_head(entry),
            fidelity=Fidelity(entry["fidelity"]),
        )
        yield Recorded(entry["id"], entry["provider"], entry["has_tool_calls"], exchange)


def _head(entry: dict[str, object]) -> Head | None:
    """Return the recorded response head; the index writes the status as "200", "200 OK" or a mapping's text."""
    headers, status = entry["response_headers"], str(entry["status"] or "")
    digits = "".join(character for character in status if character.isdigit())[:3]
    if not headers or not isinstance(headers, dict) or not digits:
        return None
    return Head(int(digits), tuple((str(name), str(value)) for name, value in headers.items()))
