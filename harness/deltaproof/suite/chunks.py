"""What single chunks of a stream say that a transcript does not keep; the body is read once more for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deltaproof.exchange import Exchange
from deltaproof.stream import Delta, Payload, Reader, Repeats, Subject


def has_logprobs(exchange: Exchange) -> bool:
    """Tell whether any choice has log probabilities."""
    return any(isinstance(subject, Delta) and subject.value.get("logprobs") for subject in _subjects(exchange))


def chunk_ids(exchange: Exchange) -> set[str]:
    """Return the ids that the chunks have, apart from empty ones."""
    ids = (value.get("id") for value in _values(exchange))
    return {identity for identity in ids if isinstance(identity, str) and identity}


def fingerprint(exchange: Exchange) -> str:
    """Return the first system_fingerprint, empty where there is none."""
    told = (value.get("system_fingerprint") for value in _values(exchange))
    return next((one for one in told if isinstance(one, str) and one), "")


def _values(exchange: Exchange) -> Iterator[Mapping[str, object]]:
    """Yield the JSON objects that are new in shape: the constants of the others are the same."""
    for subject in _subjects(exchange):
        if isinstance(subject, Payload) and subject.value is not None:
            yield subject.value


def _subjects(exchange: Exchange) -> Iterator[Subject | Repeats]:
    reader = Reader(head=exchange.head)
    yield from reader.feed(exchange.body)
    yield from reader.close(exchange.end)
