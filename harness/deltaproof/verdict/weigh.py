"""From a response body to verdicts: weighs by a profile what the rules find in a stream. Runs no rule itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from deltaproof.catalog import Level, Profile, Provider, load
from deltaproof.exchange import End, Exchange
from deltaproof.fold import fold
from deltaproof.sse import LIMIT
from deltaproof.stream import Reader, read_request
from deltaproof.verdict.engine import Engine, Key, Sighting
from deltaproof.verdict.finding import Finding, Judgement

DEFAULT_PROFILE = "de-facto"
_GRAVEST_FIRST = tuple(Level)


class Judge:
    """Judges one stream while it arrives."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        profile: str | Profile = DEFAULT_PROFILE,
        provider: str | None = None,
        limit: int = LIMIT,
    ) -> None:
        """Start before the first byte.

        Args:
            exchange: what is known of the exchange beforehand; its body and end are not looked at.
            profile: a profile or its name.
            provider: whose waivers apply, None for nobody's.
            limit: the most bytes that one event may have.

        Raises:
            UnknownNameError: there is no such profile or provider.
        """
        catalog = load()
        self._pages = catalog.pages
        self._profile = catalog.profile(profile) if isinstance(profile, str) else profile
        self._provider: Provider | None = catalog.provider(provider) if provider else None
        self._evidence = exchange.evidence
        request = read_request(exchange.request) if exchange.request is not None else None
        self._reader = Reader(request=request, head=exchange.head, answer=exchange.answer, limit=limit)
        self._engine = Engine(self._evidence)

    def feed(self, data: bytes) -> list[Finding]:
        """Take the next bytes of the body; return the findings that are new and certain."""
        return self._findings(self._engine.look(self._reader.hear(data)))

    def close(self, end: End = End.EOF) -> Judgement:
        """End the body and return all that is known of the stream."""
        self._engine.look(self._reader.close(end))
        transcript = self._engine.transcript
        if transcript is None:  # the reader's last subject is the transcript
            raise AssertionError
        return Judgement(
            verdicts=self._engine.verdicts(),
            findings=tuple(sorted(self._findings(self._engine.sightings), key=_rank)),
            transcript=transcript,
            message=fold(transcript),
            evidence=self._evidence,
        )

    def _findings(self, keys: Iterable[Key]) -> list[Finding]:
        weighed = (self._finding(key, self._engine.sightings[key]) for key in keys)
        return [finding for finding in weighed if finding is not None]

    def _finding(self, key: Key, sighting: Sighting) -> Finding | None:
        """Weigh one sighting; None where the profile does not count it."""
        case = self._pages[key.rule].cases[key.case]
        level = self._profile.level(key.rule, case)
        if level is Level.OFF:
            return None
        waiver = self._provider.waiver(key.rule, key.case) if self._provider else None
        place = sighting.deviation.place
        return Finding(
            rule=key.rule,
            case=key.case,
            level=Level.NOTE if waiver else level,
            blame=case.blame,
            event=place.event,
            offset=place.offset,
            choice=key.choice,
            tool_call=key.tool_call,
            message=sighting.deviation.message,
            text=sighting.text,
            count=sighting.count,
            last_event=sighting.last_event,
            breaks=case.breaks,
            waiver=waiver,
        )


def _rank(finding: Finding) -> tuple[object, ...]:
    """Put the five promises first, then the gravest, then the order of the catalog."""
    position, is_promise = _positions()[finding.rule]
    return not is_promise, _GRAVEST_FIRST.index(finding.level), position


@lru_cache(maxsize=1)
def _positions() -> Mapping[str, tuple[int, bool]]:
    """Return by slug a rule's place in the order of the catalog, and whether it is one of the promises."""
    return {slug: (position, bool(page.promise)) for position, (slug, page) in enumerate(load().pages.items())}


def judge(exchange: Exchange, *, profile: str | Profile = DEFAULT_PROFILE, provider: str | None = None) -> Judgement:
    """Judge a recorded exchange; see `Judge` for the arguments.

    Raises:
        UnknownNameError: there is no such profile or provider.
    """
    judging = Judge(exchange, profile=profile, provider=provider)
    judging.feed(exchange.body)
    return judging.close(exchange.end)
