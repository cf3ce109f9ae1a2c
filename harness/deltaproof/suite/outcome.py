"""What came of a scenario: shapes only. What a response lacks, and how long it took, is found out elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from deltaproof.catalog import Blame, Level, Scenario
from deltaproof.checking import Judged, Report
from deltaproof.exchange import Exchange


class Outcome(StrEnum):
    """What came of a scenario, or of one attempt at it; of several attempts, the first of these that any came to.

    FAILED: what it demands of the server beyond single streams did not hold. UNREACHABLE: there was no response to
    judge, and nothing says that the scenario is why. JUDGED: the response had in it what the scenario is for, and
    its verdicts say the rest. UNSUPPORTED: the server properly refused a feature that is optional. UNEXERCISED: the
    response did not have in it what the scenario is for. SKIPPED: it was not run, or not to its end.
    """

    FAILED = "failed"
    UNREACHABLE = "unreachable"
    JUDGED = "judged"
    UNSUPPORTED = "unsupported"
    UNEXERCISED = "unexercised"
    SKIPPED = "skipped"


class CheckName(StrEnum):
    """What scenarios demand beyond the rules for single streams; `MEANS` says what each is."""

    ANSWERS = "answers"
    ACCEPTS = "accepts"
    STREAMS = "streams"
    COMPLETES = "completes"
    REFUSES = "refuses"
    ACCEPTS_HISTORY = "accepts-history"
    ANSWERS_PLAIN = "answers-plain"
    KEEPS_APART = "keeps-apart"
    SURVIVES_HANG_UP = "survives-hang-up"


MEANS: Mapping[CheckName, str] = {
    CheckName.ANSWERS: "each request gets an HTTP response",
    CheckName.ACCEPTS: "a request that is right is accepted; an optional feature may be refused, with a 4xx and JSON",
    CheckName.STREAMS: "a request with stream true is answered by a stream of chunks",
    CheckName.COMPLETES: "the stream is not cut, and tells of no failure",
    CheckName.REFUSES: "a bad request is refused, with a 4xx and a JSON body",
    CheckName.ACCEPTS_HISTORY: "the assembled message is accepted as history, with replies to its calls",
    CheckName.ANSWERS_PLAIN: "the same request without streaming gets one JSON object",
    CheckName.KEEPS_APART: "of two streams at once, neither has anything of the other",
    CheckName.SURVIVES_HANG_UP: "after a client has gone in mid-stream, the next request works",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One demand that was put to the test.

    Attributes:
        name: which.
        message: what is wrong, no final full stop; empty where it holds.
        text: the server's words, shortened; empty where there are none.
        level: what it weighs where it does not hold.
        blame: whom it is held against then.
    """

    name: CheckName
    message: str = ""
    text: str = ""
    level: Level = Level.ERROR
    blame: Blame = Blame.PROTOCOL

    @property
    def holds(self) -> bool:
        """Whether the demand is met."""
        return not self.message


class Arrival(StrEnum):
    """Whether a response streams; see `deltaproof.suite.timing`."""

    STREAM = "stream"
    BURST = "burst"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Timing:
    """When the parts of a response came, in seconds since its request was sent; see `deltaproof.suite.timing`.

    Attributes:
        first_byte: the body's first byte, None where there was none.
        first_argument: the first event with argument text, None where there was none.
        fragments_per_second: pieces of text and arguments, None where it does not stream.
        longest_gap: the longest time between two reads, None where there was one only.
        arrival: whether it streams.
    """

    first_byte: float | None
    first_argument: float | None
    fragments_per_second: float | None
    longest_gap: float | None
    arrival: Arrival


@dataclass(frozen=True, slots=True)
class Attempt:
    """One go at a scenario.

    Attributes:
        outcome: what came of it.
        reason: why it is not JUDGED, in words without a final full stop; else empty.
        blame: whom that is held against, None where nobody is to blame.
        checks: what was demanded beyond the rules, in the order it was put to the test.
        judged: the streams and refusals, in the order they were asked for.
        kept: everything that was sent and read, for the record; more than `judged` where something is no stream.
        timing: of the stream that the scenario is about, None where there was none.
    """

    outcome: Outcome
    reason: str = ""
    blame: Blame | None = None
    checks: tuple[Check, ...] = ()
    judged: tuple[Judged, ...] = ()
    kept: tuple[Exchange, ...] = ()
    timing: Timing | None = None


@dataclass(frozen=True, slots=True)
class ScenarioRun:
    """A scenario with all attempts at it."""

    scenario: Scenario
    attempts: tuple[Attempt, ...]

    @property
    def outcome(self) -> Outcome:
        """What came of it."""
        order = list(Outcome)
        return min((attempt.outcome for attempt in self.attempts), key=order.index, default=Outcome.SKIPPED)

    @property
    def decisive(self) -> Attempt:
        """The last attempt that came to that outcome."""
        outcome = self.outcome
        return next((one for one in reversed(self.attempts) if one.outcome is outcome), Attempt(outcome))

    @property
    def judged(self) -> tuple[Judged, ...]:
        """All that was judged, whatever came of the attempt: a stream without a call is a stream."""
        return tuple(judged for attempt in self.attempts for judged in attempt.judged)

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks, each distinct one once."""
        return tuple(dict.fromkeys(check for attempt in self.attempts for check in attempt.checks))

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that do not hold."""
        return tuple(check for check in self.checks if not check.holds)

    @property
    def levels(self) -> Counter[Level]:
        """How many findings and failed checks there are of each level."""
        found = Counter(finding.level for judged in self.judged for finding in judged.judgement.findings)
        return found + Counter(check.level for check in self.failures)

    @property
    def timing(self) -> Timing | None:
        """The median of each measure over the attempts that came to the outcome; it streams only if all did."""
        outcome = self.outcome
        timings = [one.timing for one in self.attempts if one.outcome is outcome and one.timing]
        if not timings:
            return None
        arrivals = {timing.arrival for timing in timings}
        return Timing(
            first_byte=_median(timing.first_byte for timing in timings),
            first_argument=_median(timing.first_argument for timing in timings),
            fragments_per_second=_median(timing.fragments_per_second for timing in timings),
            longest_gap=_median(timing.longest_gap for timing in timings),
            arrival=next(one for one in (Arrival.BURST, Arrival.STREAM, Arrival.UNKNOWN) if one in arrivals),
        )


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """The suite against one endpoint.

    Attributes:
        url, model: the endpoint, and the model asked for.
        server: what the endpoint says it is in its Server header, empty where it does not.
        fingerprint: what its chunks say it is, their system_fingerprint; empty where they do not.
        profile, provider: by which the streams were weighed.
        runs: the scenarios, in the order they are reported.
        interrupted: whether the operator ended it early.
    """

    url: str
    model: str
    server: str
    fingerprint: str
    profile: str
    provider: str | None
    runs: tuple[ScenarioRun, ...]
    interrupted: bool

    @property
    def report(self) -> Report:
        """What the rules say, over all scenarios."""
        judged = tuple(judged for run in self.runs for judged in run.judged)
        return Report(self.profile, self.provider, judged)

    @property
    def levels(self) -> Counter[Level]:
        """How many findings and failed checks there are of each level."""
        return sum((run.levels for run in self.runs), Counter())

    @property
    def outcomes(self) -> Counter[Outcome]:
        """How many scenarios came to each outcome."""
        return Counter(run.outcome for run in self.runs)

    def reaches(self, level: Level) -> bool:
        """Tell whether any finding or failed check is at a level or above it."""
        order = list(Level)
        levels = self.levels
        return any(levels[one] for one in order[: order.index(level) + 1])


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
