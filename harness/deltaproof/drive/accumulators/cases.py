"""One case: a stream that is served, an accumulator that folds it, and what came of that."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deltaproof.accumulate.answers import Broken
from deltaproof.accumulate.asking import request_for
from deltaproof.accumulate.outcome import Ruling, judge_said
from deltaproof.accumulate.protocol import Ask
from deltaproof.checking import Judged
from deltaproof.drive.accumulators.accumulator import Driver
from deltaproof.drive.accumulators.serving import Served

LIMIT = 10.0
"""Seconds that an accumulator may take for one stream."""

_PATIENCE = 0.6  # of the limit, after which a client is to give up waiting for the server by itself


@dataclass(frozen=True, slots=True)
class Case:
    """What came of a case.

    Attributes:
        ruling: in words that are the same in every run: without the port that was free.
        seconds: from asking to the answer.
        own: the seconds that the client says it took, None where it does not say.
        broke: whether the driver gave no answer, but hung, crashed or flooded.
        left: how many processes it left behind, which were ended.
        asked: whether it asked for the stream at all; where not, what came did not come of the stream.
    """

    ruling: Ruling
    seconds: float
    own: float | None
    broke: bool
    left: int
    asked: bool


async def fold(judged: Judged, served: Served, driver: Driver, limit: float, speed: float | None = None) -> Case:
    """Serve a stream to an accumulator, at a speed or as fast as it reads, and say what came of it.

    Raises:
        DeltaproofError: its command cannot be started.
    """
    request = request_for(judged.exchange, judged.judgement)
    number = served.add(judged.exchange, speed)
    try:
        folded = await driver.fold(Ask(str(number), served.base_url(number), request, limit * _PATIENCE), limit)
    finally:
        asked = served.drop(number) > 0
    ruling = judge_said(judged.exchange, judged.judgement, folded.answer)
    ruling = replace(ruling, reason=ruling.reason.replace(served.url, "http://…"))
    return Case(ruling, folded.seconds, folded.own, isinstance(folded.answer, Broken), folded.left, asked)
