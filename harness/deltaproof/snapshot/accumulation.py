"""What a client has after each event of a stream: the message so far, by the reference accumulator. Shows nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from deltaproof.exchange import End, Exchange
from deltaproof.fold import Message, fold
from deltaproof.snapshot.arrivals import Arrivals
from deltaproof.sse import Decoder, Event
from deltaproof.stream import Choice, Reader, Text, Transcript


class Step(NamedTuple):
    """One event and what a client has after it.

    Attributes:
        event: its number.
        brought: what it brought, in words.
        fragments: the pieces of text that it brought, in the order of their choices.
        message: the message so far.
    """

    event: int
    brought: str
    fragments: tuple[str, ...]
    message: Message


def steps(exchange: Exchange) -> Iterator[Step]:
    """Yield each event of a stream with the message so far.

    That is what a client has that leaves after the event: a reader that is closed for that reason takes nothing for
    finished that is not, and can be fed on.
    """
    reader = Reader(head=exchange.head)
    arrivals = Arrivals()
    taken = 0
    for event in _events(exchange):
        told = [*arrivals.take(reader.feed(exchange.body[taken : event.end])), *arrivals.rest()]
        taken = event.end
        transcript = next(one for one in reader.close(End.CLIENT_GONE) if isinstance(one, Transcript))
        brought = "; ".join(
            dict.fromkeys(str(said) for one in told for said in (*one.choices.values(), one.common) if said)
        )
        yield Step(event.number, brought, tuple(_fragments(transcript, event.number)), fold(transcript))


def _events(exchange: Exchange) -> Iterator[Event]:
    """Yield the events of a body; what is no stream has none."""
    decoder = Decoder()
    if exchange.head is not None and exchange.head.status >= 400:  # noqa: PLR2004 - client and server errors
        return
    yield from decoder.feed(exchange.body)
    yield from decoder.close()


def _fragments(transcript: Transcript, event: int) -> Iterator[str]:
    for choice in transcript.choices:
        for text in _texts(choice):
            if text is not None and text.fragments and (last := text.fragment(text.fragments - 1)).event == event:
                yield last.text


def _texts(choice: Choice) -> Iterator[Text | None]:
    yield from (choice.reasoning, choice.content, choice.refusal)
    yield from (call.arguments for call in choice.calls)
    if choice.function_call is not None:
        yield choice.function_call.arguments
