"""Markers: short words in requests, by which a gateway's upstream knows what it is asked for. Sends nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_DIGITS = 5  # of all markers, so that none is the beginning of another


@dataclass(frozen=True, slots=True)
class Markers:
    """The markers of one run; `token` tells them from those of other runs, which a cache may have: [a-z0-9]+."""

    token: str

    def word(self, number: int) -> str:
        """Return the marker of one request."""
        return f"dp{self.token}x{number:0{_DIGITS}d}"

    def numbers(self, content: bytes) -> Iterator[int]:
        """Yield the numbers whose markers stand in some bytes, each once, in order."""
        pattern = rb"dp%bx([0-9]{%d})" % (self.token.encode(), _DIGITS)
        yield from dict.fromkeys(int(digits) for digits in re.findall(pattern, content))


def marked(request: Mapping[str, object], word: str) -> dict[str, object] | None:
    """Return a request with a word in it that gateways pass on; None for one without messages, which has no place.

    It is added to the last message whose content is text, or to the last text among its parts, else to `user`.
    """
    messages = request.get("messages")
    if not (isinstance(messages, list) and messages):
        return None
    for position in range(len(messages) - 1, -1, -1):
        content = _content(messages[position], word)
        if content is not None:
            changed = {**messages[position], "content": content}
            return {**request, "messages": [*messages[:position], changed, *messages[position + 1 :]]}
    user = request.get("user")
    return {**request, "user": f"{user} {word}" if isinstance(user, str) and user else word}


def _content(message: object, word: str) -> object | None:
    """Return the content of a message with the word in it; None where it has no text."""
    match message:
        case {"content": str() as text} if text:
            return f"{text} {word}"
        case {"content": list() as parts}:
            for position in range(len(parts) - 1, -1, -1):
                match parts[position]:
                    case {"type": "text", "text": str() as text} as part:
                        changed = {**part, "text": f"{text} {word}"}
                        return [*parts[:position], changed, *parts[position + 1 :]]
                    case _:
                        pass
    return None
