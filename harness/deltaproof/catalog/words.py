"""The words of the catalog: levels, blame, layers, and what a deviation did to real clients. Reads nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

CLIENTS = 36
"""How many published accumulators the figures of `breaks` were measured with."""

LAYERS = ("transport", "envelope", "choice", "delta", "tool-call", "arguments", "termination", "usage", "request")
"""The layers of the wire, outermost first."""

PROMISE = "promise"
"""The group of the five rules that deltaproof exists for; it stands before the layers in every report."""

GROUPS = (PROMISE, *LAYERS)


COLUMNS = ("openai-strict", "de-facto", "lenient")
"""The profiles whose levels stand on the pages; every other profile starts from one of them."""


class Level(StrEnum):
    """How much a deviation weighs in a profile."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    OFF = "off"


class Blame(StrEnum):
    """Whom a deviation is held against."""

    TRANSPORT = "transport"
    SSE = "sse"
    JSON = "json"
    PROTOCOL = "protocol"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Breaks:
    """What a deviation did to the measured clients; the counts do not overlap.

    Attributes:
        wrong: a wrong call delivered without an error.
        lost: the call gone without an error.
        error: an exception, or no answer.
        soft: ids, finish_reason, text or order damaged.
        clients: how many were measured.
    """

    wrong: int = 0
    lost: int = 0
    error: int = 0
    soft: int = 0
    clients: int = CLIENTS

    def __str__(self) -> str:
        """Say it in a sentence: "breaks 10 of 36 measured clients, 10 of them silently"."""
        broken, silent = self.wrong + self.lost + self.error, self.wrong + self.lost
        if not broken:
            damaged = f", damages ids, text or order in {self.soft}" if self.soft else ""
            return f"breaks none of {self.clients} measured clients{damaged}"
        quiet = "all of them silently" if silent == broken else f"{silent} of them silently"
        return f"breaks {broken} of {self.clients} measured clients" + (f", {quiet}" if silent else ", with an error")
