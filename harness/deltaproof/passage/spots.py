"""Where a remark shows, in what went in and in what came out: event, byte, the words on the wire. Judges nothing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile, zip_longest

from deltaproof.checking import Judged
from deltaproof.exchange import End
from deltaproof.passage.fragments import first_fragment, texts_of
from deltaproof.passage.kinds import Kind
from deltaproof.passage.passage import Passage
from deltaproof.passage.remarks import Remark
from deltaproof.sse import Decoder, Event
from deltaproof.stream import Transcript
from deltaproof.verdict.engine import excerpt

_ENDS = {
    End.CUT: "then the connection is closed",
    End.RESET: "then the connection is reset",
    End.TIMEOUT: "then nothing more comes",
    End.CLIENT_GONE: "then the client is gone",
}
_LONG = 160  # bytes of an event, from which on its envelope is left out


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a body: the event's number from 1 and its byte offset, 0 where it is none; and what stands there."""

    event: int
    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class Spots:
    """Where a remark shows, on both sides."""

    given: Spot
    came: Spot


def spots_of(passage: Passage, remark: Remark) -> Spots:
    """Return where a remark shows: a deviation where it is, and what it was or became; else what was said first."""
    given, came = passage.given.judged, passage.came
    if came is None:
        return Spots(_first(given), Spot(0, 0, passage.broken.why if passage.broken else "no response"))
    finding = remark.finding
    if finding is None:
        return _of_kind(given, came, remark)
    here, there = given.judgement.transcript, came.judgement.transcript
    if remark.kind is Kind.REPAIRED:
        spots = Spots(_at(given, finding.event), _at(came, counterpart(here, there, finding.event)))
    else:
        spots = Spots(_at(given, counterpart(there, here, finding.event)), _at(came, finding.event))
    return spots if spots.given.text != spots.came.text else _unlike(given, came)


def _unlike(given: Judged, came: Judged) -> Spots:
    """Return the first event that is another one: where something is missing, the same words twice show nothing."""
    for mine, theirs in zip_longest(_events(given), _events(came)):
        if mine is None or theirs is None or mine.data != theirs.data:
            here = _spot(given, mine) if mine is not None else _last(given)
            return Spots(here, _spot(came, theirs) if theirs is not None else _last(came))
    return Spots(_last(given), _last(came))


def _of_kind(given: Judged, came: Judged, remark: Remark) -> Spots:
    match remark.kind:
        case Kind.SWALLOWED | Kind.ERROR_LOST | Kind.STATUS | Kind.ERROR_REWORDED | Kind.END | Kind.REFUSED:
            return Spots(_last(given), _last(came))
        case Kind.ERROR:
            return Spots(_first(given), _last(came))
        case Kind.UNSEEN:
            return Spots(_last(given), _last(came))
        case Kind.USAGE_CHANGED:
            return Spots(_usage(given), _usage(came))
        case Kind.FINISH_LOST:
            return Spots(_finish(given, remark.choice), _finish(came, remark.choice))
        case Kind.IDS_LOST:
            return Spots(*_opening(given, came, remark.choice))
        case Kind.EXECUTABLE | Kind.UNUSABLE | Kind.LOST:
            return Spots(*_parting(given, came, remark.choice))
        case _:
            return Spots(_first(given), _first(came))


def counterpart(one: Transcript, other: Transcript, event: int) -> int:
    """Return the number of the event that says in another stream what an event says in this one, 0 where none does."""
    for mine, theirs in zip(one.choices, other.choices, strict=False):
        for (_, text), (_, same) in zip(texts_of(mine), texts_of(theirs), strict=False):
            starts = [piece.start for piece in text.pieces() if piece.event == event] if text is not None else []
            if starts and same is not None and (found := same.at(starts[0])) is not None:
                return found.event
        for call, same_call in zip(mine.calls, theirs.calls, strict=False):
            if event in {entry.event for entry in call.entries}:
                return same_call.place.event
        if theirs.finishes and any(finish.place.event == event for finish in mine.finishes):
            return theirs.finishes[0].place.event
    if other.dones and any(done.event.number == event for done in one.dones):
        return other.dones[0].event.number
    if event == one.last.event:
        return other.last.event
    return event if event <= other.events else 0


def _events(judged: Judged) -> list[Event]:
    decoder = Decoder()
    return [*decoder.feed(judged.exchange.body), *decoder.close()]


def _at(judged: Judged, number: int) -> Spot:
    """Return the event of a number; where there is none, the last one."""
    event = next((event for event in _events(judged) if event.number == number), None) if number else None
    return _spot(judged, event) if event is not None else _last(judged)


def _spot(judged: Judged, event: Event) -> Spot:
    words = judged.exchange.body[event.offset : event.end].strip()
    start = words.find(b'"choices"') if len(words) > _LONG else 0
    return Spot(event.number, event.offset, f"data: {{… {excerpt(words[start:])}" if start > 0 else excerpt(words))


def _whole(judged: Judged) -> Spot:
    """Return what there is of a response without events: its status, and how its body begins."""
    head = judged.exchange.head
    status = f"status {head.status}" if head is not None else "no status"
    body = excerpt(judged.exchange.body[:1000].strip())
    return Spot(0, 0, f"{status}, {body}" if body else f"{status}, and no body")


def _first(judged: Judged) -> Spot:
    event = first_fragment(judged.exchange.body)
    return _spot(judged, event) if event is not None else _last(judged)


def _last(judged: Judged) -> Spot:
    """Return the last event, and how the body ended after it."""
    transcript = judged.judgement.transcript
    if not transcript.events or transcript.plain_body is not None:
        return _whole(judged)
    event = _events(judged)[-1]
    spot = _spot(judged, event)
    if judged.exchange.end is End.EOF:
        return spot
    return Spot(spot.event, spot.offset, f"{spot.text}; {_ENDS[judged.exchange.end]}")


def _finish(judged: Judged, index: int | None) -> Spot:
    choices = judged.judgement.transcript.choices
    finishes = [finish for choice in choices if index in (None, choice.index) for finish in choice.finishes]
    return _at(judged, finishes[-1].place.event) if finishes else _last(judged)


def _usage(judged: Judged) -> Spot:
    usages = judged.judgement.transcript.usages
    return _at(judged, usages[-1].place.event) if usages else _last(judged)


def _parting(given: Judged, came: Judged, index: int | None) -> tuple[Spot, Spot]:
    """Return the events from which on a text is another one, or a call that did not come; else what was said first."""
    for mine, theirs in zip(given.judgement.transcript.choices, came.judgement.transcript.choices, strict=False):
        if index not in (None, mine.index):
            continue
        for (_, one), (_, other) in zip(texts_of(mine), texts_of(theirs), strict=False):
            if one is None or other is None or str(one) == str(other):
                continue
            same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(str(one), str(other), strict=False)))
            here, there = one.at(same), other.at(same)
            if here is not None and there is not None:
                return _at(given, here.event), _at(came, there.event)
        for call in mine.calls[len(theirs.calls) :]:
            return _at(given, call.place.event), _last(came)
    return _first(given), _first(came)


def _opening(given: Judged, came: Judged, index: int | None) -> tuple[Spot, Spot]:
    """Return where the first call is opened whose id is another."""
    for mine, theirs in zip(given.judgement.transcript.choices, came.judgement.transcript.choices, strict=False):
        if index not in (None, mine.index):
            continue
        for one, other in zip(mine.calls, theirs.calls, strict=False):
            if one.id != other.id:
                return _at(given, one.place.event), _at(came, other.place.event)
    return _first(given), _first(came)
