"""What passes at one server, noted in the servers' thread and read from the test's. Judges nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from deltaproof.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Trouble:
    """What kept a request from an answer, or an answer from its cassette, and what to do about it."""

    what: str
    hint: str = ""

    def __str__(self) -> str:
        """Say it in words."""
        return f"{self.what}\n{self.hint}" if self.hint else self.what


@dataclass(slots=True)
class Passing:
    """All that passed, and what went wrong: what is replayed as it was asked, what is recorded as it ended."""

    exchanges: list[Exchange] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)


def told(troubles: Iterable[Trouble]) -> str:
    """Say what went wrong, each once, with how often."""
    counted = Counter(troubles)
    return "\n".join(f"{one}" if times == 1 else f"{times:,} times: {one}" for one, times in counted.items())
