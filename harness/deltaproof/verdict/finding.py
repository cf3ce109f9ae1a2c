"""What is known of a stream once it is judged: verdicts and findings. Judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from deltaproof.catalog import Blame, Breaks, Level
from deltaproof.exchange import Evidence
from deltaproof.fold import Message
from deltaproof.stream import Transcript


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
