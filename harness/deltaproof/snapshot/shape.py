"""An exchange's shape: what arrived in which order, how it ended, and the verdicts. Two shapes are compared elsewhere.

Kept is what a client's code meets: status, type, how the body ended; for each choice the steps in which it arrived, as
arrivals.py words and folding.py folds them; each call with its function's name and in how many chunks that came; which
fields chunks and choices have; the verdicts with their cases. Left out is what differs from one run to the next of the
same server: texts, argument values, how many pieces they came in, ids (calls are numbered call_1, call_2 as their ids
come) and times, and with them the verdict on whether `created` stays the same, which may be up to the clock; that a
call without arguments has its `{}`, which the model need not make; sizes of reads, comments, and how the choices of one
stream were mixed: each choice has its own steps, and what concerns all of them, such as usage, is a step of each. Where
a scenario makes up names anew for each request, they have no new part.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from deltaproof.catalog import load_scenarios
from deltaproof.exchange import Exchange
from deltaproof.snapshot.arrivals import Arrivals
from deltaproof.snapshot.folding import Run, folded
from deltaproof.snapshot.said import Arrival, Said, word
from deltaproof.stream import Chunk, Delta, Reader, Repeats, Subject, ToolCall
from deltaproof.stream.strict import parse
from deltaproof.suite.requests import NONCE
from deltaproof.verdict import Judgement, Verdict

_BY_THE_CLOCK = frozenset({"chunk-created-constant"})
_BY_THE_WORDS = frozenset({"arguments-empty-object"})  # whether a call has no arguments is for the model to choose
_NONCE = re.compile(r"w[0-9a-f]{8}")  # as the suite makes them
_CHOICES = 16  # of which each has its steps
_CALLS = 64  # of one choice
_FIELDS = 64


@dataclass(frozen=True, slots=True)
class CallShape:
    """One call.

    Attributes:
        name: of its function, None if none came.
        name_chunks: in how many chunks the name came; repetitions of it do not count.
        id: call_1, call_2 as the stream's ids come, None if none came; the same for two calls with the same id.
        type: as sent, None if none came.
    """

    name: str | None
    name_chunks: int
    id: str | None
    type: str | None


@dataclass(frozen=True, slots=True)
class ChoiceShape:
    """One choice: the steps in which it arrived, and its calls."""

    arrived: tuple[str, ...]
    calls: tuple[CallShape, ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """One exchange without its wording.

    Attributes:
        scenario: for which it was recorded, empty where none.
        status: of the response, None where it is not known.
        type: its content-type, None where it is not known or was not sent.
        end: how the body ended.
        body: what the body is where it is no stream, else empty.
        arrived: the steps of a stream without any choice.
        choices: in order of index, the first ones only where there are many.
        chunk_fields, choice_fields: which members chunks and elements of `choices` have, sorted.
        verdicts: by rule, without those that had nothing to look at: "conforms", "undecided", or "deviates" with the
            cases after a colon.
    """

    scenario: str
    status: int | None
    type: str | None
    end: str
    body: str
    arrived: tuple[str, ...]
    choices: tuple[ChoiceShape, ...]
    chunk_fields: tuple[str, ...]
    choice_fields: tuple[str, ...]
    verdicts: Mapping[str, str]


def shape_of(exchange: Exchange, judgement: Judgement) -> Shape:
    """Return the shape of an exchange that was judged; its cases are those that the judgement's profile counts."""
    fields = _Fields(set(), set())
    arrivals = list(_arriving(exchange, fields))
    choices = judgement.transcript.choices[:_CHOICES]
    naming = _Naming({}, exchange.scenario in _making_up_names())
    head = exchange.head
    return Shape(
        scenario=exchange.scenario,
        status=head.status if head else None,
        type=_content_type(exchange),
        end=exchange.end.value,
        body=_body(judgement.transcript.plain_body),
        arrived=() if choices else _steps(arrivals, None),
        choices=tuple(
            ChoiceShape(_steps(arrivals, choice.index), tuple(naming.call(call) for call in choice.calls[:_CALLS]))
            for choice in choices
        ),
        chunk_fields=_words(fields.chunk),
        choice_fields=_words(fields.choice),
        verdicts=_verdicts(judgement),
    )


@dataclass(frozen=True, slots=True)
class _Fields:
    """The members that chunks and elements of `choices` have."""

    chunk: set[str]
    choice: set[str]

    def seen(self, subjects: Iterator[Subject | Repeats]) -> Iterator[Subject | Repeats]:
        """Note the members of subjects that pass."""
        for subject in subjects:
            if isinstance(subject, Chunk):
                self.chunk.update(subject.value)
            elif isinstance(subject, Delta):
                self.choice.update(subject.value)
            yield subject


def _arriving(exchange: Exchange, fields: _Fields) -> Iterator[Arrival]:
    """Read a body once more, and yield what each event brought."""
    arrivals = Arrivals()
    reader = Reader(request=None, head=exchange.head)
    yield from arrivals.take(fields.seen(reader.feed(exchange.body)))
    yield from arrivals.take(fields.seen(reader.close(exchange.end)))
    yield from arrivals.rest()


def _verdicts(judgement: Judgement) -> dict[str, str]:
    """Return the verdicts on rules that had something to look at, those that deviate with their cases."""
    cases: dict[str, dict[str, None]] = {}
    for finding in judgement.findings:
        cases.setdefault(finding.rule, {})[finding.case] = None
    told = {slug: verdict.value for slug, verdict in judgement.verdicts.items() if verdict is not Verdict.UNEXERCISED}
    told = {slug: verdict for slug, verdict in told.items() if slug not in _BY_THE_CLOCK}
    told = {slug: verdict for slug, verdict in told.items() if slug not in _BY_THE_WORDS or verdict == Verdict.DEVIATES}
    return told | {slug: f"{Verdict.DEVIATES}: {', '.join(sorted(cases[slug]))}" for slug in cases if slug in told}


def _steps(arrivals: list[Arrival], choice: int | None) -> tuple[str, ...]:
    """Return the steps of one choice, or of a stream without any."""
    return folded(Run(said, one.times) for one in arrivals if (said := _of(one, choice)) is not None)


def _of(arrival: Arrival, choice: int | None) -> Said | None:
    """Return what an event brought to one choice, with what it brought to all."""
    own = arrival.choices.get(choice) if choice is not None else None
    common = arrival.common
    if own is None or common is None:
        return own or common
    return Said((*own.parts, *common.parts), own.notes, own.flows, own.counts)


@dataclass(frozen=True, slots=True)
class _Naming:
    """Names of calls as they are told: the ids so far with their numbers, and whether names have a part made up."""

    ids: dict[str, str]
    made_up: bool

    def call(self, call: ToolCall) -> CallShape:
        """Return the shape of a call."""
        name = ""
        chunks = 0
        for entry in call.entries:
            piece = entry.function.get("name")
            if isinstance(piece, str) and piece and piece != name and (not name or entry.start == 0):
                name += piece
                chunks += 1
        known = self.ids.setdefault(call.id, f"call_{len(self.ids) + 1}") if call.id is not None else None
        told = _NONCE.sub(NONCE, word(name)) if self.made_up else word(name)
        return CallShape(told or None, chunks, known, None if call.kind is None else word(call.kind))


@cache
def _making_up_names() -> frozenset[str]:
    """Return the scenarios whose tools have a new name in each request."""
    scenarios = load_scenarios().values()
    return frozenset(one.name for one in scenarios if NONCE in json.dumps(one.request.get("tools")))


def _content_type(exchange: Exchange) -> str | None:
    told = exchange.head.get("content-type") if exchange.head else None
    return None if told is None else word(told.lower())


def _body(plain: bytes | None) -> str:
    """Say what a body is that is no stream: of an error which members it has."""
    if plain is None:
        return ""
    if not plain.strip():
        return "empty"
    match parse(plain).value:
        case {"error": dict() as error}:
            return f"an error with {', '.join(_words(set(error)))}" if error else "an empty error"
        case dict() as members:
            return f"JSON with {', '.join(_words(set(members)))}" if members else "an empty JSON object"
        case _:
            return "no JSON object"


def _words(names: set[str]) -> tuple[str, ...]:
    """Return names as words, of which a list can be made with commas."""
    return tuple(sorted(word(name).replace(",", "_") for name in names)[:_FIELDS])
