"""Recordings folded by one accumulator: the Python interface of `deltaproof replay --accumulator`. Reports nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from deltaproof.accumulate.outcome import Outcome, Ruling
from deltaproof.checking import Judged, check
from deltaproof.drive.accumulators.cases import LIMIT
from deltaproof.drive.accumulators.chosen import one_that_runs
from deltaproof.drive.accumulators.session import Session
from deltaproof.errors import DeltaproofError, UnknownNameError
from deltaproof.exchange import End
from deltaproof.verdict import judge


def replay_into(
    accumulator: str,
    source: bytes | bytearray | memoryview | str | Path,
    *,
    request: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    end: str = "eof",
    persistent: bool = False,
    limit: float = LIMIT,
) -> Ruling:
    """Let client code fold a response body, or every recording in a file or folder; return the gravest that came of it.

    It is served over loopback. The ruling's `outcome` is a word, such as "right" or "wrong-executable", its `reason` a
    line; docs/accumulators.md has them all.

    Args:
        accumulator: a name that `deltaproof accumulators` lists, or a command.
        source: the body as bytes, or the path of a recording in any format that `deltaproof check` reads.
        request: the JSON object that was sent, which the client sends again; overrides what a recording says.
        headers: the response's headers; taken to belong to a response with status 200.
        end: how a body ends: "eof", "cut", "reset", "timeout" or "client-gone"; a recording says so itself.
        persistent: the command answers many cases in one process.
        limit: the seconds that the client may take for one stream.

    Raises:
        UnknownNameError: there is no such accumulator, or `end` is none of these words.
        UnreadableError: the path does not exist, or a file is no readable recording.
        DeltaproofError: the accumulator cannot run here, it did not ask for the stream, or there is none.
    """
    if end not in list(End):
        raise UnknownNameError(f"a stream does not end by {end!r}", hint=f"One of {', '.join(End)}")
    judged = check(source, request=request, headers=headers).judged
    if isinstance(source, bytes | bytearray | memoryview):
        ended = replace(judged[0].exchange, end=End(end))
        judged = (Judged(ended, judge(ended)),)
    if not judged:
        raise DeltaproofError("there is no streamed chat completion in it", where=str(source))
    _, start = one_that_runs(accumulator, persistent=persistent)
    with Session(start, limit) as session:
        rulings = [session.ruled(one) for one in judged]
    return min(rulings, key=lambda ruling: list(Outcome).index(ruling.outcome))
