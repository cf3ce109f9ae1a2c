"""What a gateway made of a stream: its answer held against the reference fold of what it was given. Weighs no rule.

A gateway is judged as an accumulator is: what it put out is what it says, choice by choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from typing import NamedTuple

from deltaproof.accumulate import outcome
from deltaproof.accumulate.answers import Answer, Broken, Raised, Said, SaidCall, Trouble
from deltaproof.accumulate.calls import sent_calls
from deltaproof.accumulate.duty import Duty, duty_of
from deltaproof.accumulate.outcome import Outcome
from deltaproof.checking import Judged
from deltaproof.exchange import End
from deltaproof.fold import FoldedChoice, Message
from deltaproof.passage.passage import Passage
from deltaproof.stream.strict import parse
from deltaproof.suite.checks import error_message


class Ruling(NamedTuple):
    """What came of a passage.

    Attributes:
        outcome, reason, about: as of accumulators.
        choice: in which choice, None for all of it.
    """

    outcome: Outcome
    reason: str
    about: str
    choice: int | None = None


def ruling_of(passage: Passage) -> Ruling:
    """Return what came of a passage; of several choices of which not the same is to be said, the gravest."""
    given, came = passage.given.judged, passage.came
    indexes = sorted({choice.index for one in (given, came) if one for choice in one.judgement.message.choices})
    ruled = {index: _ruled(passage, index) for index in indexes} if len(indexes) > 1 else {}
    if len(set(ruled.values())) < 2:  # noqa: PLR2004 - nothing tells the choices apart
        told = next(iter(ruled.values()), None) or _ruled(passage, None)
        return Ruling(told.outcome, told.reason, told.about)
    index, told = min(ruled.items(), key=lambda one: list(Outcome).index(one[1].outcome))
    return Ruling(told.outcome, f"choice {index}: {told.reason}", told.about, index)


def _ruled(passage: Passage, index: int | None) -> outcome.Ruling:
    """Rule on one choice, or on all there is."""
    given = _only(passage.given.judged, index)
    answer = answer_of(passage, index)
    if answer == Said() and _is_empty(given):
        return outcome.Ruling(Outcome.RIGHT, "as it was sent")
    return outcome.judge_said(given.exchange, given.judgement, answer)


def answer_of(passage: Passage, index: int | None = None) -> Answer:
    """Return what a gateway said, of one choice or of the only one; that it raised, where it was right to tell so."""
    if passage.came is None:
        broken = passage.broken or Broken(Trouble.CRASHED, "there was no response")
        given = passage.given.judged.exchange
        as_silent = given.end is End.TIMEOUT and broken.trouble is Trouble.HUNG
        return Raised(broken.why) if as_silent or given.head is None else broken
    came = _only(passage.came, index)
    if _is_empty(came):
        return Said()
    duty, why = duty_of(came.exchange, came.judgement)
    if duty is Duty.RAISE:
        words = words_of_error(came)
        return Raised(why, words)
    choices = came.judgement.message.choices
    return _said(choices[0]) if choices else Said()


def _is_empty(judged: Judged) -> bool:
    """Tell whether a stream has nothing but an end: to a client that is a message without words, and no error."""
    transcript, head = judged.judgement.transcript, judged.exchange.head
    refused = head is not None and head.status >= HTTPStatus.BAD_REQUEST
    return bool(transcript.done_count) and not (transcript.streamed or transcript.errors or refused)


def _only(judged: Judged, index: int | None) -> Judged:
    """Return what is known of one choice of a stream; of all, where none is named."""
    if index is None:
        return judged
    choices = tuple(choice for choice in judged.judgement.message.choices if choice.index == index)
    return replace(judged, judgement=replace(judged.judgement, message=Message(choices)))


def _said(choice: FoldedChoice) -> Said:
    return Said(
        content=choice.content or "",
        refusal=choice.refusal or "",
        reasoning=choice.reasoning or "",
        calls=tuple(SaidCall(call.name, call.arguments, call.id) for call in sent_calls(choice)),
        finish_reason=choice.finish_reason,
    )


def words_of_error(judged: Judged) -> str:
    """Return what a response says of its failure, empty where it says nothing."""
    transcript = judged.judgement.transcript
    for error in transcript.errors:
        if told := error_message(error.value):
            return told
    return error_message(parse(transcript.plain_body or b"").value)


class Substance(NamedTuple):
    """What a message comes to, its ids and its end left out."""

    content: str
    refusal: str
    reasoning: str
    calls: tuple[tuple[str, str], ...]


def substance(message: Message) -> tuple[Substance, ...]:
    """Return what a message comes to, choice by choice; nothing where it says nothing."""
    return tuple(one for one in _substances(message) if any(one))


def _substances(message: Message) -> Iterator[Substance]:
    for choice in message.choices:
        calls = tuple((call.name, call.arguments) for call in sent_calls(choice))
        yield Substance(choice.content or "", choice.refusal or "", choice.reasoning or "", calls)
