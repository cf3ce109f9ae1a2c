"""What came of a case: what an accumulator said, held against what its stream means. Runs and serves nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from deltaproof.accumulate.answers import Answer, Broken, Raised, Said, Trouble
from deltaproof.accumulate.calls import Pairing, SentCall, known_tools, pair, sent_calls
from deltaproof.accumulate.duty import Duty, duty_of
from deltaproof.exchange import Exchange
from deltaproof.fold import FoldedChoice
from deltaproof.stream.strict import in_brief
from deltaproof.verdict import Judgement

_ERROR_NAME = re.compile(r"([\w.]+):")  # as most languages print one: "KeyError: 'index'"


class Outcome(StrEnum):
    """What came of a case, the gravest first; of several that hold, it is the gravest.

    EXECUTABLE: a call of a known tool with arguments that parse, which is not what was sent. SWALLOWED: the stream
    ought to have made the client raise, and it handed over what it had. UNUSABLE: something else that was not sent.
    LOST: calls or text are missing, without an error. NO_ANSWER: none in time. ERROR: an error where there should be a
    message. IDS_LOST, FINISH_LOST: all is there but the ids, or the finish_reason. RAISED: an error, as it should.
    RIGHT: what was sent.
    """

    EXECUTABLE = "wrong-executable"
    SWALLOWED = "swallowed"
    UNUSABLE = "wrong-unusable"
    LOST = "lost"
    NO_ANSWER = "no-answer"
    ERROR = "error"
    IDS_LOST = "ids-lost"
    FINISH_LOST = "finish-lost"
    RAISED = "raised"
    RIGHT = "right"

    @property
    def is_as_it_should(self) -> bool:
        """Whether nothing is wrong with it."""
        return self in (Outcome.RAISED, Outcome.RIGHT)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What came of a case, and why.

    Attributes:
        outcome, reason: the reason is one line without a final full stop.
        about: what is wrong, in a word or few that do not depend on what was sent: the arguments, the text, the kind of
            an exception. Two cases with the same outcome about the same are cases of the same mistake.
    """

    outcome: Outcome
    reason: str
    about: str = ""

    @property
    def kind(self) -> str:
        """Which mistake it is."""
        return f"{self.outcome} ({self.about})" if self.about else self.outcome


def judge_said(exchange: Exchange, judgement: Judgement, answer: Answer) -> Ruling:
    """Hold an accumulator's answer against the reference fold of the stream it was given.

    Of several choices it is the first that counts, since most accumulators have no other. Arguments are compared as
    JSON values where they are JSON, otherwise as text; calls in any order; no arguments at all are an empty object.
    """
    duty, why = duty_of(exchange, judgement)
    match answer:
        case Broken(trouble=trouble, why=reason):
            return Ruling(Outcome.NO_ANSWER if trouble is Trouble.HUNG else Outcome.ERROR, reason, trouble.value)
        case Raised(kind=kind, message=message):
            told = _one_line(f"{kind}: {message}" if message else kind)
            return Ruling(Outcome.ERROR if duty is Duty.NONE else Outcome.RAISED, told, _kind(kind, message))
        case Said():
            choices = judgement.message.choices
            choice = choices[0] if choices else None
            paired = pair(sent_calls(choice), answer.calls, lenient=duty is not Duty.RAISE)
            known = known_tools(judgement.transcript.request, choice)
            rulings = sorted(_rulings(choice, answer, paired, known, duty, why), key=_gravity)
            return rulings[0] if rulings else Ruling(Outcome.RIGHT, "as it was sent")


def _gravity(ruling: Ruling) -> int:
    return list(Outcome).index(ruling.outcome)


def _rulings(
    choice: FoldedChoice | None, said: Said, paired: Pairing, known: frozenset[str], duty: Duty, why: str
) -> Iterator[Ruling]:
    """Yield all that is wrong with a message."""
    told = said.finish_reason == "length"
    if duty is Duty.RAISE or (duty is Duty.TELL and not told):
        yield Ruling(Outcome.SWALLOWED, f"{why}, and it handed over {_described(said)} all the same", why)
    for call in paired.strange:
        executable = call.is_executable and call.name in known
        outcome = Outcome.EXECUTABLE if executable else Outcome.UNUSABLE
        yield Ruling(outcome, f"it calls {call.brief}, {_instead(paired, call.name)}", _wrong_with(paired, call.name))
    if not paired.strange and paired.missing:
        calls = ", ".join(call.brief for call in paired.missing)
        yield Ruling(Outcome.LOST, _one_line(f"lost without an error: the call {calls}"), "a call")
    if duty is Duty.RAISE:
        return  # what was not sent to its end cannot be lost
    yield from _texts(choice, said)
    for sent, got in paired.pairs:
        if sent.id and got.id != sent.id:
            became = in_brief(got.id) if got.id else "nothing"
            yield Ruling(Outcome.IDS_LOST, f"the id {in_brief(sent.id)} of {sent.name} became {became}", "the id")
    yield from _finish(choice, said, has_legacy=any(sent.is_legacy for sent, _ in paired.pairs))


def _texts(choice: FoldedChoice | None, said: Said) -> Iterator[Ruling]:
    pairs = [
        ("text", choice.content if choice else None, said.content),
        ("refusal", choice.refusal if choice else None, said.refusal),
    ]
    if said.reasoning is not None:
        pairs.append(("reasoning", choice.reasoning if choice else None, said.reasoning))
    for what, sent, got in pairs:
        sent = sent or ""  # noqa: PLW2901 - a text that was never sent is none
        if got == sent:
            continue
        if _is_part(got, sent):
            there = f"all but {in_brief(got)} of" if got else "all of"
            yield Ruling(Outcome.LOST, f"lost without an error: {there} the {what} {in_brief(sent)}", f"the {what}")
        else:
            yield Ruling(Outcome.UNUSABLE, f"the {what} {in_brief(sent)} became {in_brief(got)}", f"the {what}")


def _finish(choice: FoldedChoice | None, said: Said, *, has_legacy: bool) -> Iterator[Ruling]:
    sent = choice.finish_reason if choice else None
    got = said.finish_reason
    if got == sent or (has_legacy and {sent, got} <= {"function_call", "tool_calls"}):
        return
    if sent is None:
        yield Ruling(Outcome.FINISH_LOST, f"it made up the finish_reason {in_brief(got)}; none was sent", "made up")
    else:
        became = in_brief(got) if got else "nothing"
        about = "changed" if got else "gone"
        yield Ruling(Outcome.FINISH_LOST, f"the finish_reason {in_brief(sent)} became {became}", about)


def _instead(paired: Pairing, name: str) -> str:
    """Say what was sent where something else was called."""
    missing: tuple[SentCall, ...] = paired.missing
    if not missing:
        return "which was sent once" if any(sent.name == name for sent, _ in paired.pairs) else "which was not sent"
    like = next((call for call in missing if call.name == name), missing[0])
    return f"and sent was {like.brief}"


def _wrong_with(paired: Pairing, name: str) -> str:
    """Say what is wrong with a call that was not sent: its arguments, its name, or that it was called at all."""
    if any(sent.name == name for sent in paired.missing):
        return "arguments"
    return "a call too many" if any(sent.name == name for sent, _ in paired.pairs) else "the name"


def _kind(kind: str, message: str) -> str:
    """Return the kind of an error; that of a command stands before what it said last."""
    said = _ERROR_NAME.match(message) if kind.startswith("exit code") else None
    return f"{kind}, {said[1]}" if said else kind


def _described(said: Said) -> str:
    if said.calls:
        return f"{len(said.calls)} calls" if len(said.calls) > 1 else f"a call of {said.calls[0].name}"
    return "text" if said.content or said.refusal else "an empty message"


def _is_part(part: str, whole: str) -> bool:
    """Tell whether a text is what is left of another when some of it is dropped."""
    characters = iter(whole)
    return all(character in characters for character in part)


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else f"{line[:299]}…"  # noqa: PLR2004 - what a person reads of a line
