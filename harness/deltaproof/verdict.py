"""From a response body to verdicts: runs every rule over every subject and weighs what they find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from deltaproof.catalog import Blame, Breaks, Case, Catalog, Level, Page, Profile, Provider, load
from deltaproof.exchange import End, Evidence, Exchange
from deltaproof.fold import Message, fold
from deltaproof.rules import RULES
from deltaproof.rules.rule import Deviation, Rule
from deltaproof.sse import LIMIT, PLAIN, Event
from deltaproof.stream import Choice, Reader, Repeats, Subject, ToolCall, Transcript, read_request

DEFAULT_PROFILE = "de-facto"
_EXCERPT = 160
_REMEMBERED_EVENTS = 64


class Verdict(StrEnum):
    """What is known of one rule after a stream.

    UNDECIDED: it met its subject, but the recording lacks the evidence. UNEXERCISED: there was no subject.
    """

    CONFORMS = "conforms"
    DEVIATES = "deviates"
    UNEXERCISED = "unexercised"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Finding:
    """A deviation with its rule and weight; the same one again is counted, not repeated.

    Attributes:
        rule, case: the rule's slug and the name of the sub-case.
        level: its weight in the profile; NOTE where a waiver applies.
        blame: whom it is held against.
        event, offset: the first event that has it, from 1, and that event's byte offset in the body.
        choice, tool_call: what it concerns, None where it concerns the whole stream.
        message: what is wrong there.
        text: the words on the wire, shortened.
        count: how many times it occurred.
        last_event: the last event that has it.
        breaks: what it did to measured clients, None where it was not measured.
        waiver: why it weighs less for the chosen provider, None where no waiver applies.
    """

    rule: str
    case: str
    level: Level
    blame: Blame
    event: int
    offset: int
    choice: int | None
    tool_call: int | None
    message: str
    text: str
    count: int
    last_event: int
    breaks: Breaks | None
    waiver: str | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is known of one stream.

    Attributes:
        verdicts: by slug, in the order of a report.
        findings: the gravest first within the order of a report; deviations whose level is OFF are left out.
        transcript: what the stream said.
        message: what it means.
        evidence: what the recording could prove.
    """

    verdicts: Mapping[str, Verdict]
    findings: tuple[Finding, ...]
    transcript: Transcript
    message: Message
    evidence: frozenset[Evidence]


@dataclass(slots=True)
class _Sighting:
    """A deviation of one case, as often as it was seen."""

    deviation: Deviation
    text: str
    count: int
    last_event: int


class Judge:
    """Judges one stream while it arrives."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        profile: str | Profile = DEFAULT_PROFILE,
        provider: str | None = None,
        limit: int = LIMIT,
    ) -> None:
        """Start before the first byte.

        Args:
            exchange: what is known of the exchange beforehand; its body and end are not looked at.
            profile: a profile or its name.
            provider: whose waivers apply, None for nobody's.
            limit: the most bytes that one event may have.

        Raises:
            UnknownNameError: there is no such profile or provider.
        """
        self._catalog: Catalog = load()
        self._profile = self._catalog.profile(profile) if isinstance(profile, str) else profile
        self._provider: Provider | None = self._catalog.provider(provider) if provider else None
        self._evidence = exchange.evidence
        request = read_request(exchange.request) if exchange.request is not None else None
        self._reader = Reader(request=request, head=exchange.head, answer=exchange.answer, limit=limit)
        self._rules = _rules_by_subject(self._evidence)
        self._met: set[str] = set()
        self._suppressed: set[str] = set()
        self._sightings: dict[tuple[str, str, int | None, int | None], _Sighting] = {}
        self._by_event: dict[int, list[_Sighting]] = {}
        self._plain_met = False
        self._excerpt = ""
        self._transcript: Transcript | None = None

    def feed(self, data: bytes) -> list[Finding]:
        """Take the next bytes of the body; return the findings that are new and certain."""
        return self._findings(self._look(self._reader.feed(data)))

    def close(self, end: End = End.EOF) -> Judgement:
        """End the body and return all that is known of the stream."""
        self._look(self._reader.close(end))
        transcript = self._transcript
        if transcript is None:  # the reader's last subject is the transcript
            raise AssertionError
        return Judgement(
            verdicts={slug: self._verdict(page) for slug, page in self._catalog.pages.items()},
            findings=tuple(sorted(self._findings(self._sightings), key=self._rank)),
            transcript=transcript,
            message=fold(transcript),
            evidence=self._evidence,
        )

    def _look(self, subjects: Iterable[Subject | Repeats]) -> list[tuple[str, str, int | None, int | None]]:
        """Run the rules over the subjects; return the keys of what is seen for the first time."""
        new: list[tuple[str, str, int | None, int | None]] = []
        for subject in subjects:
            if isinstance(subject, Repeats):
                for sighting in self._by_event.get(subject.event, ()):
                    sighting.count += subject.count
                    sighting.last_event = subject.last
                continue
            if isinstance(subject, Event):
                self._excerpt = _excerpt(subject.data or b"\n".join(subject.layout.unknown))
                if subject.layout is PLAIN and subject.data:
                    if self._plain_met:
                        continue
                    self._plain_met = True
            elif isinstance(subject, _WHOLES):
                self._excerpt = ""
                if isinstance(subject, Transcript):
                    self._transcript = subject
            for rule in self._rules.get(type(subject), ()):
                if rule.when is not None and not rule.when(subject):
                    continue
                self._met.add(rule.slug)
                for deviation in rule.check(subject):
                    self._see(rule, deviation, new)
        return new

    def _see(self, rule: Rule, deviation: Deviation, new: list[tuple[str, str, int | None, int | None]]) -> None:
        case = self._catalog.pages[rule.slug].cases[deviation.case]
        if not case.needs <= self._evidence:
            self._suppressed.add(rule.slug)
            return
        place = deviation.place
        key = (rule.slug, deviation.case, place.choice, place.tool_call)
        sighting = self._sightings.get(key)
        if sighting is None:
            text = self._excerpt if deviation.text is None else shorten(deviation.text)
            sighting = self._sightings[key] = _Sighting(deviation, text, 0, place.event)
            new.append(key)
        sighting.count += 1
        sighting.last_event = place.event
        self._by_event.setdefault(place.event, []).append(sighting)
        while len(self._by_event) > _REMEMBERED_EVENTS:
            del self._by_event[next(iter(self._by_event))]

    def _verdict(self, page: Page) -> Verdict:
        if any(key[0] == page.slug for key in self._sightings):
            return Verdict.DEVIATES
        if page.slug not in self._met:
            return Verdict.UNEXERCISED
        # What a recorder dropped hides deviations; what was merely not recorded beside the stream hides none.
        hidden = page.needs.union(*(case.needs & _LOSABLE for case in page.cases.values())) - self._evidence
        return Verdict.UNDECIDED if hidden or page.slug in self._suppressed else Verdict.CONFORMS

    def _findings(self, keys: Iterable[tuple[str, str, int | None, int | None]]) -> list[Finding]:
        found = []
        for key in keys:
            slug, name, choice, tool_call = key
            sighting = self._sightings[key]
            case: Case = self._catalog.pages[slug].cases[name]
            level = self._profile.level(slug, case)
            waiver = self._provider.waiver(slug, name) if self._provider else None
            if level is Level.OFF:
                continue
            found.append(
                Finding(
                    rule=slug,
                    case=name,
                    level=Level.NOTE if waiver else level,
                    blame=case.blame,
                    event=sighting.deviation.place.event,
                    offset=sighting.deviation.place.offset,
                    choice=choice,
                    tool_call=tool_call,
                    message=sighting.deviation.message,
                    text=sighting.text,
                    count=sighting.count,
                    last_event=sighting.last_event,
                    breaks=case.breaks,
                    waiver=waiver,
                )
            )
        return found

    def _rank(self, finding: Finding) -> tuple[int, int, int]:
        order = list(self._catalog.pages)
        levels = list(Level)
        page = self._catalog.pages[finding.rule]
        return (0 if page.promise else 1, levels.index(finding.level), order.index(finding.rule))


_WHOLES = (ToolCall, Choice, Transcript)
_LOSABLE = frozenset({Evidence.BYTES, Evidence.FIELDS})


@lru_cache(maxsize=32)
def _rules_by_subject(evidence: frozenset[Evidence]) -> Mapping[type, tuple[Rule, ...]]:
    """Sort the rules by their subject; without its evidence a rule only notices that it has one."""
    pages = load().pages
    sorted_rules: dict[type, list[Rule]] = {}
    for rule in RULES:
        able = pages[rule.slug].needs <= evidence
        check = rule.check if able else _undecided
        when = None if Evidence.REQUEST in pages[rule.slug].needs - evidence else rule.when  # it may ask the request
        sorted_rules.setdefault(rule.each, []).append(Rule(rule.slug, rule.each, check, when))
    return {each: tuple(rules) for each, rules in sorted_rules.items()}


def _undecided(_: object) -> tuple[()]:
    return ()


def judge(exchange: Exchange, *, profile: str | Profile = DEFAULT_PROFILE, provider: str | None = None) -> Judgement:
    """Judge a recorded exchange; see `Judge` for the arguments.

    Raises:
        UnknownNameError: there is no such profile or provider.
    """
    judging = Judge(exchange, profile=profile, provider=provider)
    judging.feed(exchange.body)
    return judging.close(exchange.end)


def shorten(text: str) -> str:
    """Cut a text to what fits into a report, the middle left out."""
    if len(text) <= _EXCERPT:
        return text
    return f"{text[: _EXCERPT * 2 // 3]} … {text[-_EXCERPT // 3 :]}"


def _excerpt(raw: bytes) -> str:
    if len(raw) <= 4 * _EXCERPT:
        return shorten(raw.decode(errors="replace"))
    return shorten(raw[: _EXCERPT * 2].decode(errors="replace") + raw[-_EXCERPT * 2 :].decode(errors="replace"))
