"""What the heads of requests and responses have in common: their size, and their fields. Knows no bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import h11

MOST_HEAD_BYTES = 256 * 2**10


def pairs(message: h11.Request | h11.Response) -> tuple[tuple[str, str], ...]:
    """Return a head's names and values, as they were sent and in their order."""
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in message.headers.raw_items())
