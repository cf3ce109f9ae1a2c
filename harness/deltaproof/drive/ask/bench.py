"""What attempts at one scenario share: the wire, the judge, and what was sent and read. Knows no kinds of scenarios."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from deltaproof.catalog import Profile
from deltaproof.checking import Judged
from deltaproof.drive.ask.wire import Answered, Ask, Unanswered, Wire
from deltaproof.drive.http.trouble import Trouble
from deltaproof.exchange import Exchange
from deltaproof.verdict import judge

LATER = frozenset({408, 425, 429, 503, 529})
"""Statuses that say nothing about a request but that it came at the wrong time."""

PATIENCE = (1.0, 4.0)
"""Seconds to wait before a request is sent again that came at the wrong time, where the server does not say."""


@dataclass(slots=True)
class Bench:
    """What attempts at one scenario share.

    Attributes:
        wire: to the target.
        model: what to ask for.
        profile, provider: by which to judge.
        look: is shown each response before it is judged, and may raise.
        kept: everything that was sent and read.
        troubles: why requests got no response.
    """

    wire: Wire
    model: str
    profile: Profile
    provider: str | None
    look: Callable[[Exchange], None]
    kept: list[Exchange] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    async def ask(self, ask: Ask) -> Answered | Unanswered:
        """Send one request, and send it again where the server asks to come back later."""
        answer = await self._ask(ask)
        for patience in PATIENCE:
            if not (isinstance(answer, Unanswered) and answer.trouble is Trouble.BUSY):
                break
            head = answer.exchange.head
            seconds = _seconds(head.get("retry-after") if head else None)
            await asyncio.sleep(min(patience if seconds is None else seconds, self.wire.timeout))
            answer = await self._ask(ask)
        if isinstance(answer, Unanswered):
            self.troubles.append(answer.trouble)
        return answer

    def pair(self, exchange: Exchange, answer: Mapping[str, object] | None) -> None:
        """Note the plain answer to the same request beside an exchange that was kept."""
        self.kept[:] = [replace(one, answer=answer) if one is exchange else one for one in self.kept]

    async def _ask(self, ask: Ask) -> Answered | Unanswered:
        answer = await self.wire.send(ask, self.kept.append)
        if isinstance(answer, Answered) and answer.readable.head is not None:
            status = answer.readable.head.status
            if status in LATER:
                why = f"the server asks to come back later: status {status}"
                return Unanswered(answer.readable, Trouble.BUSY, why)
            self.look(answer.readable)
        return answer

    def judge(self, exchange: Exchange) -> Judged:
        """Judge one response."""
        return Judged(exchange, judge(exchange, profile=self.profile, provider=self.provider))


def _seconds(retry_after: str | None) -> float | None:
    """Read a Retry-After header in seconds; None for a date, which needs the server's clock."""
    try:
        return max(0.0, float(retry_after)) if retry_after is not None else None
    except ValueError:
        return None
