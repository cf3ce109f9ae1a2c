"""Runs every rule over every subject and keeps what was seen. Weighs nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from deltaproof.catalog import Page, load
from deltaproof.exchange import Evidence
from deltaproof.rules import RULES, Deviation, Rule
from deltaproof.sse import Event
from deltaproof.stream import Choice, Delta, Entry, Moments, Repeats, Subject, ToolCall, Transcript
from deltaproof.verdict.finding import Verdict

_EXCERPT = 160
_PLACES = 64  # findings of one case, each of another choice or call, after which the rest are counted as one
_REMEMBERED_EVENTS = 64  # twice as many as may come before a repetition
_REMEMBERED_LIKENESSES = 4096
_WHOLES = (ToolCall, Choice, Transcript)
_MEMBERS: Mapping[type, bytes] = {Delta: b'"choices"', Entry: b'"tool_calls"'}
_LOSABLE = frozenset({Evidence.BYTES, Evidence.FIELDS})


class Key(NamedTuple):
    """What makes two deviations the same finding."""

    rule: str
    case: str
    choice: int | None
    tool_call: int | None


@dataclass(slots=True)
class Sighting:
    """A deviation as it was first seen, with the words on the wire, and how often it was seen until which event."""

    deviation: Deviation
    text: str
    count: int
    last_event: int


@dataclass(slots=True)
class _Told:
    """What the rules tell of subjects: which met theirs, how these deviate, and which lack the evidence to say so."""

    met: list[str] = field(default_factory=list)
    deviations: list[tuple[Key, Rule, Deviation]] = field(default_factory=list)
    suppressed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Bench:
    """All that judging needs to know beforehand where some evidence is there.

    Attributes:
        rules: by the kind of subject; without its evidence, a rule only notices that it met its subject.
        hidden: the rules whose deviations a recorder without this evidence may have dropped.
        told: what the rules told of moments, by likeness: what is alike deviates alike.
    """

    rules: Mapping[type, tuple[Rule, ...]]
    hidden: frozenset[str]
    told: dict[object, _Told]


class Engine:
    """Runs the rules over one stream's subjects."""

    def __init__(self, evidence: frozenset[Evidence]) -> None:
        """Start before the first subject."""
        self._evidence = evidence
        self._pages = load().pages
        self._bench = _bench(evidence)
        self._met: set[str] = set()
        self._suppressed: set[str] = set()
        self._by_event: dict[int, list[Sighting]] = {}
        self._places: Counter[tuple[str, str]] = Counter()
        self._data: bytes | None = None
        self.sightings: dict[Key, Sighting] = {}
        self.transcript: Transcript | None = None

    def look(self, heard: Iterable[Moments | Subject | Repeats]) -> list[Key]:
        """Run the rules over the subjects; return the keys of what is seen for the first time."""
        new: list[Key] = []
        for one in heard:
            if isinstance(one, Repeats):
                self._repeat(one)
            elif isinstance(one, Moments):
                self._data = _data(one.event)
                event, payload, parts = one
                if payload is None:
                    self._note(self._asked([event]), event, new)
                else:
                    self._note(self._told(payload.likeness, [event, payload]), event, new)
                if parts:
                    self._note(self._told(one.likeness, parts), event, new)
            else:
                if isinstance(one, Event):
                    self._data = _data(one)
                elif isinstance(one, _WHOLES):
                    self._data = None
                    self.transcript = one if isinstance(one, Transcript) else None
                self._note(self._asked([one]), None, new)
        return new

    def _repeat(self, repeats: Repeats) -> None:
        """Count what was seen in an event for each of those that repeat it."""
        repeated = self._by_event.pop(repeats.event, ())
        for sighting in repeated:
            sighting.count += repeats.count
            sighting.last_event = repeats.last
        if repeated:
            self._by_event[repeats.event] = repeated  # the last to be forgotten

    def _words(self, each: type[Subject]) -> str:
        """Return what stands on the wire where a moment is; of a long chunk, the part that the moment is about."""
        data = self._data or b""
        if len(data) > _EXCERPT:
            member = _MEMBERS.get(each)
            start = data.find(member) if member else 0
            if start > 0:
                return "…" + excerpt(data[start:])
        return excerpt(data)

    def verdicts(self) -> dict[str, Verdict]:
        """Return the verdict on each rule, in the order of a report."""
        verdicts = dict.fromkeys(self._pages, Verdict.UNEXERCISED)
        undecided = (self._bench.hidden | self._suppressed) & self._met
        deviating = {key.rule for key in self.sightings}
        for verdict, slugs in (
            (Verdict.CONFORMS, self._met),
            (Verdict.UNDECIDED, undecided),
            (Verdict.DEVIATES, deviating),
        ):
            verdicts.update(dict.fromkeys(slugs, verdict))
        return verdicts

    def _told(self, likeness: object, subjects: Sequence[Subject]) -> _Told:
        """Return what the rules tell of subjects, from memory where they were asked of some like these."""
        if likeness is None:
            return self._asked(subjects)
        memory = self._bench.told
        told = memory.get(likeness)
        if told is None:
            told = self._asked(subjects)
            if len(memory) >= _REMEMBERED_LIKENESSES:
                memory.clear()
            memory[likeness] = told
        return told

    def _asked(self, subjects: Iterable[Subject]) -> _Told:
        told = _Told()
        for subject in subjects:
            for rule in self._bench.rules.get(type(subject), ()):
                if rule.when is None or rule.when(subject):
                    told.met.append(rule.slug)
                    for deviation in rule.check(subject):
                        if self._pages[rule.slug].cases[deviation.case].needs <= self._evidence:
                            key = Key(rule.slug, deviation.case, deviation.place.choice, deviation.place.tool_call)
                            told.deviations.append((key, rule, deviation))
                        else:
                            told.suppressed.append(rule.slug)
        return told

    def _note(self, told: _Told, event: Event | None, new: list[Key]) -> None:
        """Keep what was told; what comes from memory was said of another event: the place is where this one is."""
        self._met.update(told.met)
        self._suppressed.update(told.suppressed)
        seen = []
        for key, rule, deviation in told.deviations:
            sighting = self.sightings.get(key) or self._first(key, rule, deviation, event, new)
            sighting.count += 1
            sighting.last_event = deviation.place.event if event is None else event.number
            seen.append(sighting)
        if seen and event is not None:
            self._by_event.setdefault(event.number, []).extend(seen)
            if len(self._by_event) > _REMEMBERED_EVENTS:
                del self._by_event[next(iter(self._by_event))]

    def _first(self, key: Key, rule: Rule, deviation: Deviation, event: Event | None, new: list[Key]) -> Sighting:
        """Return a new sighting, or where there are many of its case, the one of all that are too many."""
        if self._places[key[:2]] >= _PLACES:
            key = Key(key.rule, key.case, None, None)
            if key in self.sightings:
                return self.sightings[key]
        self._places[key[:2]] += 1
        place = deviation.place
        if event is not None:
            place = place._replace(event=event.number, offset=event.offset)
        text = self._words(rule.each) if deviation.text is None else shorten(deviation.text)
        sighting = self.sightings[key] = Sighting(deviation._replace(place=place), text, 0, place.event)
        new.append(key)
        return sighting


@lru_cache(maxsize=32)
def _bench(evidence: frozenset[Evidence]) -> _Bench:
    pages = load().pages
    rules: dict[type, list[Rule]] = {}
    for rule in RULES:
        missing = pages[rule.slug].needs - evidence
        check = _nothing if missing else rule.check
        when = None if Evidence.REQUEST in missing else rule.when  # it may ask the request
        rules.setdefault(rule.each, []).append(Rule(rule.slug, rule.each, check, when))
    return _Bench(
        rules={each: tuple(of_kind) for each, of_kind in rules.items()},
        hidden=frozenset(slug for slug, page in pages.items() if _needs(page) - evidence),
        told={},
    )


def _needs(page: Page) -> frozenset[Evidence]:
    """Return the evidence without which conforming cannot be told.

    That is what the rule needs, and of its cases what a recorder may drop: what was merely not recorded beside the
    stream, such as the request, hides no deviation.
    """
    return page.needs.union(*(case.needs & _LOSABLE for case in page.cases.values()))


def _nothing(_: object) -> Iterator[Deviation]:
    return iter(())


def _data(event: Event) -> bytes:
    """Return what an event says, or the lines it has instead."""
    return event.data or b"\n".join(event.layout.unknown)


def shorten(text: str) -> str:
    """Cut a text to what fits into a report, the middle left out."""
    if len(text) <= _EXCERPT:
        return text
    return f"{text[: _EXCERPT * 2 // 3]} … {text[-_EXCERPT // 3 :]}"


def excerpt(raw: bytes) -> str:
    """Return bytes as text that fits into a report; what is not UTF-8 becomes U+FFFD."""
    if len(raw) <= 4 * _EXCERPT:
        return shorten(raw.decode(errors="replace"))
    return shorten(raw[: _EXCERPT * 2].decode(errors="replace") + raw[-_EXCERPT * 2 :].decode(errors="replace"))
