"""What is to be said of passages: what is wrong with each, and what is only worth knowing. Kinds are in kinds.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias

from deltaproof.accumulate.answers import Said
from deltaproof.accumulate.outcome import Outcome
from deltaproof.catalog import Level, load
from deltaproof.checking import Judged
from deltaproof.exchange import End
from deltaproof.passage.fragments import merged
from deltaproof.passage.kept import error_change, is_error_lost, is_finish_gone, own_ids, usage_change
from deltaproof.passage.kinds import FAILING, FailOn, Kind
from deltaproof.passage.outcome import Ruling, Substance, answer_of, ruling_of, substance
from deltaproof.passage.passage import Passage
from deltaproof.stream.strict import in_brief
from deltaproof.verdict import Finding, Verdict

_BREAKS = {End.CUT: "was cut", End.RESET: "was reset", End.TIMEOUT: "fell silent", End.CLIENT_GONE: "was left"}

_Owners: TypeAlias = dict[tuple[Substance, ...] | str, dict[str, str]]
"""By what is said, or by an id: the names of the recordings that have it, by their origins."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to be said of a passage.

    Attributes:
        kind: of which kind it is.
        reason: why, in one line without a final full stop.
        about: what two remarks of one kind have in common that say the same of different recordings.
        finding: the deviation that it is about: of what came out, of a repair that of what went in; else None.
        choice: the choice that it is about, None where that is told by the finding or there is but one.
    """

    kind: Kind
    reason: str
    about: str = ""
    finding: Finding | None = None
    choice: int | None = None


@dataclass(frozen=True, slots=True)
class Remarked:
    """A passage with all that is to be said of it, the gravest first; nothing where it is as it should be."""

    passage: Passage
    ruling: Ruling
    remarks: tuple[Remark, ...]

    @property
    def is_wrong(self) -> bool:
        """Whether anything is wrong with it."""
        return any(remark.kind.is_wrong for remark in self.remarks)

    @property
    def is_unseen(self) -> bool:
        """Whether what the gateway makes of it was not waited for, and nothing is wrong with it so far."""
        return not self.is_wrong and any(remark.kind is Kind.UNSEEN for remark in self.remarks)


def remarked(passages: Sequence[Passage]) -> tuple[Remarked, ...]:
    """Return passages with what is to be said of each, in their order."""
    owners: _Owners = {}
    for passage in passages:
        given = passage.given
        signs: list[tuple[Substance, ...] | str] = [substance(given.judged.judgement.message), *own_ids(given.judged)]
        for sign in signs:
            owners.setdefault(sign, {}).setdefault(given.origin, given.name)
    order = list(Kind)
    found = []
    for passage in passages:
        ruling = ruling_of(passage)
        remarks = sorted(_remarks(passage, ruling, owners), key=lambda remark: order.index(remark.kind))
        found.append(Remarked(passage, ruling, tuple(remarks)))
    return tuple(found)


def fails(found: Sequence[Remarked], fail_on: FailOn) -> bool:
    """Tell whether anything said of passages is something to fail on."""
    return any(remark.kind in FAILING[fail_on] for one in found for remark in one.remarks)


def never_asked(found: Sequence[Remarked]) -> bool:
    """Tell whether a gateway never asked its upstream, though it was given more than what is to be refused."""
    answered = [one for one in found if _status(one.passage.given.judged) < HTTPStatus.BAD_REQUEST]
    return bool(answered) and not any(one.passage.asked for one in found)


def _remarks(passage: Passage, ruling: Ruling, owners: _Owners) -> Iterator[Remark]:
    if stranger := _stranger(passage, owners):
        yield Remark(Kind.MIXED_UP, f"it answers another request: {stranger}", choice=ruling.choice)
    elif passage.came is not None and is_error_lost(passage.given.judged, passage.came):
        yield Remark(Kind.ERROR_LOST, "the upstream's error is lost: the body ends in order, without [DONE]")
    elif not ruling.outcome.is_as_it_should:
        unasked = "; the upstream was not asked" if ruling.outcome is Outcome.ERROR and not passage.asked else ""
        yield Remark(Kind(ruling.outcome.value), f"{ruling.reason}{unasked}", ruling.about, choice=ruling.choice)
    if not passage.asked and passage.came is not None and ruling.outcome is not Outcome.ERROR:
        if isinstance(answer_of(passage), Said):
            yield Remark(Kind.MADE_UP, "it answers without having asked the upstream")
        elif _status(passage.given.judged) >= HTTPStatus.BAD_REQUEST:
            yield Remark(Kind.REFUSED, "it refuses without asking the upstream, which refuses too")
        else:
            yield Remark(Kind.ERROR, f"{ruling.reason}; the upstream was not asked", ruling.about)
    yield from _ways(passage)
    if passage.came is not None:
        yield from _deviations(passage, passage.came, ruling)
        yield from _status_remark(passage.given.judged, passage.came)
        yield from _end_remark(passage.given.judged, passage.came)
        if passage.asked:
            yield from _beside(passage.given.judged, passage.came, ruling)


def _ways(passage: Passage) -> Iterator[Remark]:
    """Yield what is to be said of how it passed, whatever came out."""
    if passage.asked > 1:
        yield Remark(Kind.ASKED_AGAIN, f"it asked the upstream {passage.asked} times")
    if passage.waited is not None and passage.given.judged.exchange.end is End.TIMEOUT:
        told = f"the upstream is silent, and after {passage.waited:g} s the gateway was still waiting (see --timeout)"
        yield Remark(Kind.UNSEEN, told)
    if passage.slow:
        yield Remark(Kind.SLOW, "the first fragment is late, and does not wait for what the upstream says after it")
    if passage.held:
        yield Remark(Kind.HELD_BACK, "the first fragment does not come out before the upstream says more")


def _beside(given: Judged, came: Judged, ruling: Ruling) -> Iterator[Remark]:
    """Yield what became of the usage and of the fragments, where there is a message, and of the words of an error."""
    if ruling.outcome in (Outcome.RIGHT, Outcome.IDS_LOST, Outcome.FINISH_LOST):
        if usage := usage_change(given, came):
            yield Remark(Kind.USAGE_CHANGED, usage.reason, usage.about)
        if told := merged(given.judgement.transcript, came.judgement.transcript):
            yield Remark(Kind.MERGED, told)
    if error := error_change(given, came):
        yield Remark(Kind.ERROR_REWORDED, error.reason, error.about)


def _stranger(passage: Passage, owners: _Owners) -> str:
    """Return the name of the recording whose answer came out, or an id of which; "" where it is its own, or nobody's.

    What equals the answer to another request is that only where no stream made of the same recording says the same.
    An id counts that one other recording has, and only that.
    """
    if passage.strangers:
        return ", ".join(passage.strangers)
    if passage.came is None:
        return ""
    told = substance(passage.came.judgement.message)
    names = owners.get(told, {}) if told else {}
    if names and passage.given.origin not in names:
        return next(iter(names.values()))
    for sign in sorted(own_ids(passage.came)):
        names = owners.get(sign, {})
        if len(names) == 1 and passage.given.origin not in names:
            return f"{next(iter(names.values()))} has the id {in_brief(sign)}"
    return ""


def _deviations(passage: Passage, came: Judged, ruling: Ruling) -> Iterator[Remark]:
    """Yield what deviates that did not, and what does not any more where the message is still there."""
    before, after = _cases(passage.given.judged), _cases(came)
    for key, finding in after.items():
        if key not in before:
            kind = Kind.DEVIATES_NOTE if finding.level is Level.NOTE else Kind.DEVIATES
            yield Remark(kind, _means(finding), ".".join(key), finding)
    if ruling.outcome in (Outcome.RIGHT, Outcome.IDS_LOST, Outcome.FINISH_LOST) and passage.asked:
        for key, finding in before.items():
            # A rule that has nothing to look at any more is not kept: what broke it is gone.
            kept = came.judgement.verdicts.get(finding.rule) is Verdict.CONFORMS
            if kept and not is_finish_gone(passage.given.judged, came, finding.event):
                yield Remark(Kind.REPAIRED, _means(finding), ".".join(key), finding)


def _cases(judged: Judged) -> dict[tuple[str, str], Finding]:
    """Return the findings of a stream by rule and case, the first of each."""
    cases: dict[tuple[str, str], Finding] = {}
    for finding in judged.judgement.findings:
        cases.setdefault((finding.rule, finding.case), finding)
    return cases


def _means(finding: Finding) -> str:
    return load().pages[finding.rule].cases[finding.case].means


def _status_remark(given: Judged, came: Judged) -> Iterator[Remark]:
    before, after = _status(given), _status(came)
    if before >= HTTPStatus.BAD_REQUEST and after >= HTTPStatus.BAD_REQUEST and before != after:
        told = f"the status {before} became {after}"
        yield Remark(Kind.STATUS, told, told)


def _end_remark(given: Judged, came: Judged) -> Iterator[Remark]:
    """Tell of a break that nothing but what is missing tells of any more: neither the connection nor an error does."""
    before, after = given.exchange.end, came.exchange.end
    if before is not End.EOF and after is End.EOF and _status(came) < HTTPStatus.BAD_REQUEST:
        transcript = came.judgement.transcript
        if not (transcript.errors or transcript.done_count):
            told = f"a body that {_BREAKS[before]} ends in order, without [DONE] and without an error"
            yield Remark(Kind.END, told, before)


def _status(judged: Judged) -> int:
    head = judged.exchange.head
    return head.status if head is not None else 0
