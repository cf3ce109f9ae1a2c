"""When the parts of a response came, from its reads: to the first byte, to the first argument, and how evenly.

A fragment is a piece of text that is not empty: content, reasoning, refusal or arguments. It has come when the read
came that completes its event.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

from deltaproof.exchange import Exchange
from deltaproof.sse import Decoder
from deltaproof.stream import Text, Transcript
from deltaproof.suite.outcome import Arrival, Timing

FEWEST = 4
"""Fragments without which nothing can be said about streaming: an answer may be that short."""

FASTEST = 5000.0
"""Fragments per second that no model writes; what arrives faster was held back before."""

BRIEF = 0.05
"""Seconds in which a response may be over before a reader that was busy elsewhere notices that it began."""

LAST_PART = 0.05
"""The part of the whole time into which a response must be crowded to have been held back."""


def measure(exchange: Exchange, transcript: Transcript) -> Timing | None:
    """Say when the parts of a response came; None where its reads are not known.

    - `first_byte`: the first read of the body.
    - `first_argument`: the first fragment of arguments, also of a legacy call's or a custom tool's.
    - `fragments_per_second`: one less than the fragments, divided by the time from the first to the last of them; None
      unless it is a STREAM.
    - `longest_gap`: the longest time between two reads of the body.
    - `arrival`: a BURST if all fragments came with one read; or if they came faster than `FASTEST` a second, and the
      time from the first to the last is less than `LAST_PART` of the time to the last. UNKNOWN if there are fewer
      than `FEWEST` fragments, and in place of a BURST if all was over within `BRIEF`. Otherwise it is a STREAM.
      A server far away whose whole response comes with several reads is thus found out, and one that takes long to
      begin and then writes quickly is not taken for it.
    """
    if not exchange.reads or sum(read.size for read in exchange.reads) != len(exchange.body):
        return None
    clock = _Clock.of(exchange)
    said = sorted(when for text in _texts(transcript) for when in clock.times(text))
    arguments = [when for text in _arguments(transcript) for when in clock.times(text)]
    arrival = _arrival(said)
    spread = said[-1] - said[0] if said else 0.0
    return Timing(
        first_byte=exchange.reads[0].at,
        first_argument=min(arguments, default=None),
        fragments_per_second=(len(said) - 1) / spread if arrival is Arrival.STREAM else None,
        longest_gap=max((later.at - earlier.at for earlier, later in pairwise(exchange.reads)), default=None),
        arrival=arrival,
    )


def _arrival(said: list[float]) -> Arrival:
    if len(said) < FEWEST:
        return Arrival.UNKNOWN
    first, last = said[0], said[-1]
    crowded = last - first < LAST_PART * last and (len(said) - 1) > FASTEST * (last - first)
    if not (first == last or crowded):
        return Arrival.STREAM
    return Arrival.BURST if last > BRIEF else Arrival.UNKNOWN


@dataclass(frozen=True, slots=True)
class _Clock:
    """The times of a body's bytes, and where its events end."""

    ends: dict[int, int]
    sizes: list[int]
    times_of_reads: list[float]

    @classmethod
    def of(cls, exchange: Exchange) -> _Clock:
        """Read the body's events once more, for their ends."""
        decoder = Decoder()
        events = [*decoder.feed(exchange.body), *decoder.close()]
        return cls(
            ends={event.offset: event.end for event in events},
            sizes=list(accumulate(read.size for read in exchange.reads)),
            times_of_reads=[read.at for read in exchange.reads],
        )

    def times(self, text: Text) -> Iterator[float]:
        """Yield when each fragment of a text came."""
        for piece in text.pieces():
            if piece.text:
                yield self.times_of_reads[bisect_left(self.sizes, self.ends[piece.offset])]


def _arguments(transcript: Transcript) -> Iterator[Text]:
    for choice in transcript.choices:
        yield from (call.arguments for call in choice.calls)
        if choice.function_call:
            yield choice.function_call.arguments


def _texts(transcript: Transcript) -> Iterator[Text]:
    yield from _arguments(transcript)
    for choice in transcript.choices:
        for text in (choice.content, choice.refusal, choice.reasoning):
            if text is not None:
                yield text
