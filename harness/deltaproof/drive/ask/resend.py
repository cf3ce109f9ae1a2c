"""Recorded requests sent again: what each asks for, what came of it, and its recording. Compares nothing."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from deltaproof.cassette.append import Appender, entry_text
from deltaproof.cassette.scrub import Cleaner
from deltaproof.cassette.scrub_rules import Scrub
from deltaproof.catalog import Profile, load_scenarios
from deltaproof.checking import Judged
from deltaproof.drive.ask.bench import LATER, Bench
from deltaproof.drive.ask.reach import Admission, Reached, provenance, reach
from deltaproof.drive.ask.wire import Answered, Ask, Unanswered, Wire
from deltaproof.drive.http.target import Target
from deltaproof.errors import RefusedError
from deltaproof.exchange import End, Exchange
from deltaproof.stream.strict import parse
from deltaproof.suite.requests import request_text

_MODEL = re.compile(rb'"model"\s*:\s*("(?:[^"\\]|\\.)*"|null)')


@dataclass(frozen=True, slots=True)
class Resent:
    """A recorded exchange and what came of its request now.

    Attributes:
        recorded: the exchange as recorded.
        answer: the new exchange and its judgement; None where no response came.
        why: why there is none, in words without a final full stop; empty where there is one.
        connected: whether the server was there.
        kept: all that was sent and read, as sent: several exchanges where the server asked to come back later.
    """

    recorded: Exchange
    answer: Judged | None
    why: str = ""
    connected: bool = True
    kept: tuple[Exchange, ...] = ()


def request_of(recorded: Exchange, model: str) -> bytes | None:
    """Return what to send for a recorded exchange, None where its request is not known.

    It is what was sent, byte for byte, but for the model where one is given. A scenario that names a model for what
    the server says to it keeps that.
    """
    if not recorded.sent and recorded.request is None:
        return None
    sent = recorded.sent or request_text(dict(recorded.request or {})).encode()
    if not model or recorded.request is None or recorded.scenario in _naming_models():
        return sent
    request = {**recorded.request, "model": model}
    for member in _MODEL.finditer(sent):  # one of them may be in a message
        replaced = sent[: member.start(1)] + json.dumps(model).encode() + sent[member.end(1) :]
        if parse(replaced).value == request:
            return replaced
    return request_text(request).encode()


@cache
def _naming_models() -> frozenset[str]:
    """Return the scenarios whose requests name a model."""
    return frozenset(one.name for one in load_scenarios().values() if "model" in one.request)


@dataclass(frozen=True, slots=True)
class Sending:
    """What to send and how.

    Attributes:
        recordings: whose requests to send; one without a request is passed over.
        profile, provider: by which to judge the answers.
        timeout: seconds that the server may be silent.
    """

    recordings: Sequence[Exchange]
    profile: Profile
    provider: str | None
    timeout: float


async def resend(sending: Sending, target: Target, tell: Callable[[Reached | Resent], None]) -> None:
    """Send recorded requests one after the other; tell what the endpoint says of itself, then what came of each.

    The target's model is asked for in place of the recorded one, unless it is empty.

    Raises:
        UnreachableError: there is no such endpoint, or it does not open.
    """
    async with Wire(target, timeout=sending.timeout) as wire:
        reached = await reach(wire, target)
        tell(reached)
        admission = Admission(target, reached)
        for number, recorded in enumerate(sending.recordings):
            body = request_of(recorded, target.model)
            if body is not None:
                bench = Bench(wire, target.model, sending.profile, sending.provider, admission.take)
                tell(await _sent(bench, wire, recorded, body, number))


async def _sent(bench: Bench, wire: Wire, recorded: Exchange, body: bytes, number: int) -> Resent:
    """Send one request; as the recorded client did: it may be told to come back later, and it may leave."""
    ask = Ask(body=body, scenario=recorded.scenario)
    if recorded.end is End.CLIENT_GONE:
        ask = replace(ask, enough=max(1, len(recorded.body)))
    value = parse(ask.content).value
    request = value if isinstance(value, dict) else None
    busy = recorded.head is not None and recorded.head.status in LATER
    answer = await (wire.send(ask, bench.kept.append) if busy else bench.ask(ask))
    kept = tuple(replace(one, request=request, entry=number) for one in bench.kept)
    match answer:
        case Answered():
            judged = bench.judge(replace(answer.readable, request=request, entry=number))
            return Resent(recorded, judged, kept=kept)
        case Unanswered():
            return Resent(recorded, None, answer.why, answer.connected, kept)


@dataclass(slots=True)
class Recorder:
    """Adds what was sent and read for each recording to a cassette of its own, as soon as it is there."""

    paths: Mapping[str, Path]
    model: str
    scrub: Scrub
    server: str = ""
    appender: Appender = field(default_factory=Appender)

    def take(self, fact: Reached | Resent) -> None:
        """Add what came of one request.

        Raises:
            DeltaproofError: it cannot be written.
        """
        if isinstance(fact, Reached):
            self.server = fact.server
            return
        cleaner = Cleaner(self.scrub)
        told = provenance(self.server, self.model)
        for exchange in fact.kept:
            path = self.paths[fact.recorded.source]
            self.appender.append(path, entry_text(cleaner.exchange(exchange), told))


def places(folder: Path, recordings: Sequence[Exchange], names: Mapping[int, str]) -> dict[str, Path]:
    """Return by source where the answers to each recording are to be written; `names` has their names by id().

    Raises:
        RefusedError: something is there already, or two recordings would be written to one file.
    """
    files = {one.source: names[id(one)].partition("#")[0] for one in recordings}
    paths = {source: (folder / name).with_suffix(".yaml") for source, name in files.items()}
    for path, times in Counter(paths.values()).items():
        if times > 1:
            raise RefusedError("two recordings would be written there", where=str(path), hint="Replay one at a time")
        if os.path.lexists(path):
            raise RefusedError("a recording is there already", where=str(path), hint="Name another folder")
    return paths
