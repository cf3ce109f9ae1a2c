"""Recordings to a report: reads each source and judges what is in it. Prints nothing and opens no sockets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from deltaproof.cassette import Sighting, read_bytes, read_path
from deltaproof.catalog import Level, Profile, load
from deltaproof.errors import DeltaproofError, UnknownNameError, UnreadableError
from deltaproof.exchange import End, Exchange, Fidelity, Head, Skipped
from deltaproof.fold import Message
from deltaproof.verdict import DEFAULT_PROFILE, Finding, Judge, Judgement, Verdict, judge

PROTOCOL = "chat-completions"
"""The one protocol whose streams are judged so far."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An exchange and what is known of it."""

    exchange: Exchange
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in one or more sources.

    Attributes:
        profile, provider: by which it was weighed; the provider is None where no waivers were asked for.
        judged: the exchanges, in the order they were met.
        skipped: what is no streamed chat completion.
        unreadable: the sources that could not be read.
    """

    profile: str
    provider: str | None
    judged: tuple[Judged, ...]
    skipped: tuple[Skipped, ...] = ()
    unreadable: tuple[UnreadableError, ...] = ()

    def __repr__(self) -> str:
        """Count what is in it, in a line: what was judged is long."""
        return f"<Report of {self._counts()}>"

    def __str__(self) -> str:
        """Count what is in it, then name each finding and what could not be read, a line each."""
        lines = [
            f"{one.level} {one.rule}: {one.message} ({exchange.source}#{exchange.entry}, event {one.event})"
            for exchange, judgement in ((judged.exchange, judged.judgement) for judged in self.judged)
            for one in judgement.findings
        ]
        return "\n".join([self._counts(), *lines, *map(str, self.unreadable)])

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, exchange by exchange."""
        return tuple(finding for one in self.judged for finding in one.judgement.findings)

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """The verdict on each rule over all exchanges: the first of deviates, undecided, conforms, unexercised."""
        order = (Verdict.DEVIATES, Verdict.UNDECIDED, Verdict.CONFORMS, Verdict.UNEXERCISED)
        return {
            slug: min((one.judgement.verdicts[slug] for one in self.judged), key=order.index, default=order[-1])
            for slug in load().pages
        }

    @property
    def message(self) -> Message:
        """What the last exchange means; no choices where there was none."""
        return self.judged[-1].judgement.message if self.judged else Message(())

    @property
    def levels(self) -> Counter[Level]:
        """How many findings there are of each level."""
        return Counter(finding.level for finding in self.findings)

    def reaches(self, level: Level) -> bool:
        """Tell whether any finding is at a level or above it."""
        order = list(Level)
        return any(order.index(finding.level) <= order.index(level) for finding in self.findings)

    def _counts(self) -> str:
        exchanges = "1 exchange" if len(self.judged) == 1 else f"{len(self.judged):,} exchanges"
        levels = self.levels
        told = (f"{levels[one]:,} {one}{'' if levels[one] == 1 else 's'}" for one in Level if one is not Level.OFF)
        return f"{exchanges} by {self.profile}: {', '.join(told)}"


def check(
    source: bytes | bytearray | memoryview | str | Path,
    *,
    request: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    profile: str | Profile = DEFAULT_PROFILE,
    provider: str | None = None,
) -> Report:
    """Judge a response body, or every recording in a file or folder.

    Args:
        source: the body as bytes, or the path of a recording in any format that `deltaproof check` reads.
        request: the JSON object that was sent; overrides what a recording says.
        headers: the response's headers; taken to belong to a response with status 200.
        profile: a profile or its name.
        provider: whose waivers apply, None for nobody's.

    Raises:
        UnreadableError: the path does not exist, or a file is no readable recording.
        UnknownNameError: there is no such profile or provider.
    """
    head = _head(headers)
    if isinstance(source, bytes | bytearray | memoryview):
        known = Exchange(source="<bytes>", body=bytes(source), request=request, head=head)
        judged: tuple[Judged, ...] = (Judged(known, judge(known, profile=profile, provider=provider)),)
        return Report(_name(profile), provider, judged)
    report = check_paths([Path(source)], profile=profile, provider=provider, request=request, head=head)
    if report.unreadable:
        raise report.unreadable[0]
    return report


def check_paths(
    paths: Iterable[Path],
    *,
    profile: str | Profile = DEFAULT_PROFILE,
    provider: str | None = None,
    request: Mapping[str, object] | None = None,
    head: Head | None = None,
    fidelity: Fidelity | None = None,
    standard_input: bytes | None = None,
) -> Report:
    """Judge every recording under some paths; what cannot be read is reported, not raised.

    Args:
        paths: files and folders; `-` is `standard_input`.
        profile: a profile or its name.
        provider: whose waivers apply, None for nobody's.
        request: what was sent, where a recording does not say.
        head: the response's status and headers, where a recording does not say.
        fidelity: how much of the original bytes the recordings keep, where the operator knows better than they do.
        standard_input: what was read from there.

    Raises:
        UnknownNameError: there is no such profile or provider.
    """
    sightings = _sightings(paths, standard_input or b"")
    told = (_told(one, request, head, fidelity) if isinstance(one, Exchange) else one for one in sightings)
    return check_sightings(told, profile=profile, provider=provider)


def check_sightings(
    sightings: Iterable[Sighting], *, profile: str | Profile = DEFAULT_PROFILE, provider: str | None = None
) -> Report:
    """Judge what was found in recordings; what cannot be read is reported, not raised.

    Args:
        sightings: as the functions of `deltaproof.cassette` yield them.
        profile: a profile or its name.
        provider: whose waivers apply, None for nobody's.

    Raises:
        UnknownNameError: there is no such profile or provider.
    """
    judged: list[Judged] = []
    skipped: list[Skipped] = []
    unreadable: list[UnreadableError] = []
    for sighting in sightings:
        match sighting:
            case Exchange():
                judged.append(Judged(sighting, judge(sighting, profile=profile, provider=provider)))
            case Skipped():
                skipped.append(sighting)
            case UnreadableError():
                unreadable.append(sighting)
    return Report(_name(profile), provider, tuple(judged), tuple(skipped), tuple(unreadable))


def _told(
    exchange: Exchange, request: Mapping[str, object] | None, head: Head | None, fidelity: Fidelity | None
) -> Exchange:
    """Return an exchange with what the operator knows of it and the recording does not say."""
    return replace(
        exchange,
        request=exchange.request or request,
        head=exchange.head or head,
        fidelity=fidelity or exchange.fidelity,
    )


def _sightings(paths: Iterable[Path], standard_input: bytes) -> Iterator[Sighting]:
    for path in paths:
        yield from read_bytes(standard_input, "-") if str(path) == "-" else read_path(path)


class Checker:
    """Judges one stream while it arrives.

    Memory is needed for what is open, and for the message; a chunk that has passed leaves nothing else behind.
    """

    def __init__(
        self,
        *,
        request: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        profile: str | Profile = DEFAULT_PROFILE,
        provider: str | None = None,
    ) -> None:
        """Start before the first byte; the arguments are those of `check`.

        Raises:
            UnknownNameError: there is no such profile or provider.
        """
        self._profile = profile
        self._provider = provider
        self._exchange = Exchange(source="<stream>", body=b"", request=request, head=_head(headers))
        self._judge = Judge(self._exchange, profile=profile, provider=provider)
        self._closed = False

    def feed(self, data: bytes) -> list[Finding]:
        """Take the next bytes of the body; return the findings that became certain with them.

        Raises:
            DeltaproofError: the stream was closed.
        """
        self._raise_if_closed()
        return self._judge.feed(data)

    def close(self, end: str = "eof") -> Report:
        """End the body and return the report; `end` is "eof", "cut", "reset", "timeout" or "client-gone".

        Raises:
            DeltaproofError: the stream was closed before, or `end` is none of these words.
        """
        self._raise_if_closed()
        if end not in list(End):
            raise UnknownNameError(f"a stream does not end by {end!r}", hint=f"One of {', '.join(End)}")
        self._closed = True
        judgement: Judgement = self._judge.close(End(end))
        return Report(_name(self._profile), self._provider, (Judged(self._exchange, judgement),))

    def _raise_if_closed(self) -> None:
        if self._closed:
            raise DeltaproofError("this checker was closed", hint="A Checker judges one stream; make another")


def _head(headers: Mapping[str, str] | None) -> Head | None:
    return Head(200, tuple(headers.items())) if headers is not None else None


def _name(profile: str | Profile) -> str:
    return profile if isinstance(profile, str) else profile.name
