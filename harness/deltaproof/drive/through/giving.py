"""Recordings made ready for a gateway: the request to send, and what its upstream then answers. Sends nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from deltaproof.accumulate.asking import request_for
from deltaproof.breaking import broken, changes_times_alone
from deltaproof.catalog import Profile
from deltaproof.checking import Judged
from deltaproof.drive.ask.resend import request_of
from deltaproof.exchange import End, Exchange, Fidelity, Head
from deltaproof.faults import Fault, InapplicableError
from deltaproof.passage.marking import Markers, marked
from deltaproof.passage.passage import Given
from deltaproof.stream.strict import parse
from deltaproof.suite.requests import request_text
from deltaproof.verdict import judge

_EVENT = re.compile(rb"^(\xef\xbb\xbf)?(data|event|id|retry)?:", re.MULTILINE)
_BEGINNING = 4096  # bytes in which an event stream shows itself
_STREAM = Head(200, (("content-type", "text/event-stream"),))


@dataclass(frozen=True, slots=True)
class Giving:
    """How recordings are given.

    Attributes:
        model: what to ask for in place of the recorded model, empty to keep that.
        profile, provider: by which to judge.
        faults: the recordings are given once more with each of these that applies.
        seed: as of `Fault.apply`.
        markers: the words by which requests are known again.
    """

    model: str
    profile: Profile
    provider: str | None
    faults: tuple[Fault, ...]
    seed: int
    markers: Markers


def given(recordings: Iterable[tuple[str, Exchange]], giving: Giving) -> Iterator[Given]:
    """Yield recordings, each with the name that the operator knows, and what comes of each by faults.

    Faults of times alone are left out: the upstream plays as fast as the gateway reads.
    """
    number = 0
    for name, exchange in recordings:
        for fault, one in _with_faults(played(_typed(exchange)), giving):
            yield _given(name, fault, one, giving, number)
            number += 1


def played(exchange: Exchange) -> Exchange:
    """Return an exchange as the upstream plays it, which is all that counts: with all that its own bytes prove.

    Where the recorded client left, the connection is closed; a body whose end is told by that alone then ends in order.
    The plain answer beside a stream is not asked for.
    """
    head = exchange.head
    if head is None and not exchange.method:
        head = _STREAM
    end = End.CUT if exchange.end is End.CLIENT_GONE else exchange.end
    if end is End.CUT and head is not None and _ends_by_closing(exchange, head):
        end = End.EOF
    return replace(exchange, head=head, end=end, answer=None, fidelity=Fidelity.RAW)


def _ends_by_closing(exchange: Exchange, head: Head) -> bool:
    """Tell whether only the connection's end tells that of a body; what others recorded is played in chunks."""
    is_ours = bool(exchange.reads) or exchange.ended is not None
    chunked = (head.get("transfer-encoding") or "").lower().endswith("chunked")
    return is_ours and not chunked and head.get("content-length") is None


def _typed(exchange: Exchange) -> Exchange:
    """Return an exchange whose recorder kept no headers at all with the one that an event stream must have had."""
    head = exchange.head
    if head is None or head.headers or not _EVENT.search(exchange.body[:_BEGINNING]):
        return exchange
    return replace(exchange, head=replace(head, headers=_STREAM.headers))


def _with_faults(exchange: Exchange, giving: Giving) -> Iterator[tuple[str | None, Exchange]]:
    yield None, exchange
    for fault in giving.faults:
        try:
            changed = played(broken(exchange, [fault], seed=giving.seed))
        except InapplicableError:
            continue
        if changed != exchange and not changes_times_alone(exchange, changed):  # no times are played
            yield fault.name, changed


def _given(origin: str, fault: str | None, exchange: Exchange, giving: Giving, number: int) -> Given:
    name = f"{origin} + {fault}" if fault else origin
    body = request_of(exchange, giving.model)
    if body is None:
        request = request_for(exchange, judge(exchange))
        body = request_text({**request, "model": giving.model or request["model"]}).encode()
    value = parse(body).value
    asked = value if isinstance(value, dict) else None
    with_marker = marked(asked, giving.markers.word(number)) if asked is not None else None
    if with_marker is not None:
        asked, body = with_marker, request_text(with_marker).encode()
    going = replace(exchange, request=asked, sent=body)
    judgement = judge(going, profile=giving.profile, provider=giving.provider)
    return Given(name, origin, fault, body, with_marker is not None, Judged(going, judgement))
