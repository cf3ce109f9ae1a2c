"""What a gateway ought to keep beside the message: the usage, the words of an error, and whose ids they are.

Each function says what became of it in words; how grave that is, is known elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import NamedTuple

from deltaproof.checking import Judged
from deltaproof.exchange import End
from deltaproof.stream.strict import in_brief, parse
from deltaproof.suite.chunks import chunk_ids

_LONG = 12
"""Characters from which on an id is one that two servers do not come by independently."""


class Change(NamedTuple):
    """What became of something: why, in one line, and about what, as remarks have it."""

    reason: str
    about: str


def usage_change(given: Judged, came: Judged) -> Change | None:
    """Return what became of the usage, None where all that was told is still told, or nobody asked for what is gone.

    Members may be added, and those that say nothing (null, 0, an empty object) may go.
    """
    before, after = _usage(given), _usage(came)
    if before is None:
        return None
    if after is None:
        request = given.judgement.transcript.request
        asked = request is not None and request.include_usage
        return Change("the usage is gone, and the request asks for it", "gone") if asked else None
    changed = [
        f"{name} {in_brief(was)} became {in_brief(now) if now is not None else 'nothing'}"
        for name, was, now in _changed(before, after)
    ]
    return Change(f"the usage is another: {', '.join(changed)}", "changed") if changed else None


def _usage(judged: Judged) -> Mapping[str, object] | None:
    """Return the last usage that a stream tells of."""
    values = [usage.value for usage in judged.judgement.transcript.usages]
    return next((value for value in reversed(values) if isinstance(value, dict)), None)


def _changed(
    before: Mapping[str, object], after: Mapping[str, object], path: str = ""
) -> Iterator[tuple[str, object, object]]:
    for name, was in before.items():
        now = after.get(name)
        if isinstance(was, dict):
            yield from _changed(was, now if isinstance(now, dict) else {}, f"{path}{name}.")
        elif was != now and (was or now):
            yield f"{path}{name}", was, now


def error_change(given: Judged, came: Judged) -> Change | None:
    """Return how an error was worded before and after, None where it is the same, or there is none on either side."""
    before, after = _error(given), _error(came)
    if before is None or after is None:
        return None
    members = [name for name in ("message", "type", "code") if before.get(name) != after.get(name)]
    if not members:
        return None
    told = (f"{name} {in_brief(before.get(name))} became {in_brief(after.get(name))}" for name in members)
    return Change(f"the error's {', '.join(told)}", ", ".join(members))


def is_error_lost(given: Judged, came: Judged) -> bool:
    """Tell whether of an error nothing came out: a body that ends in order, short of its end, with no word of it."""
    transcript = came.judgement.transcript
    finished = any(choice.finishes for choice in transcript.choices)
    told = transcript.errors or transcript.done_count or finished or came.exchange.end is not End.EOF
    return _fails(given) and not told and _status(came) < HTTPStatus.BAD_REQUEST


def _fails(judged: Judged) -> bool:
    return bool(judged.judgement.transcript.errors) or _status(judged) >= HTTPStatus.BAD_REQUEST


def _error(judged: Judged) -> Mapping[str, object] | None:
    """Return what a response says of its failure: the first error object, or what stands in its place."""
    transcript = judged.judgement.transcript
    values: list[object] = [error.value for error in transcript.errors]
    if _status(judged) >= HTTPStatus.BAD_REQUEST:
        values.append(parse(transcript.plain_body or b"").value)
    for value in values:
        match value:
            case {"error": dict() as error}:
                return error
            case {"error": str() as message}:
                return {"message": message}
            case dict():
                return value
            case _:
                pass
    return None


def is_finish_gone(given: Judged, came: Judged, event: int) -> bool:
    """Tell whether an event gives a choice its finish_reason, and that choice has none any more."""
    finished = {choice.index for choice in came.judgement.transcript.choices if choice.finishes}
    return any(
        choice.index not in finished and any(finish.place.event == event for finish in choice.finishes)
        for choice in given.judgement.transcript.choices
    )


def own_ids(judged: Judged) -> set[str]:
    """Return the ids by which a stream is known from others: those of its chunks and calls, short ones left out."""
    calls = {call.id for choice in judged.judgement.message.choices for call in choice.tool_calls if call.id}
    return {one for one in chunk_ids(judged.exchange) | calls if len(one) >= _LONG}


def _status(judged: Judged) -> int:
    return judged.exchange.head.status if judged.exchange.head is not None else 0
