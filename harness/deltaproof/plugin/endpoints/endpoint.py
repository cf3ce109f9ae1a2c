"""What the fixture `deltaproof` gives a test: where its client goes, and what passed there. Opens and fails nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deltaproof.cassette.sift import sift_kept
from deltaproof.checking import Judged, Report
from deltaproof.errors import DeltaproofError, UnknownNameError, UnreadableError
from deltaproof.exchange import Exchange, Skipped
from deltaproof.fold import FoldedChoice
from deltaproof.plugin.endpoints.passing import Passing, Trouble, told
from deltaproof.plugin.settings import LEVELS
from deltaproof.plugin.snapshots.snapshot import Snapshot
from deltaproof.plugin.terms import Terms
from deltaproof.plugin.texts import failing
from deltaproof.verdict import Judgement, judge

if TYPE_CHECKING:
    from deltaproof.plugin.cases import AccumulatorCase


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call of a stream as a client should have it; the arguments are text."""

    id: str | None
    name: str | None
    arguments: str


@dataclass(frozen=True, slots=True)
class Stream:
    """What one stream means: the message of its first choice.

    Attributes:
        content, finish_reason: None where none was sent.
        exchange: the request and the response, byte for byte, its content encodings undone.
        judgement: what the rules say of it.
    """

    content: str | None
    tool_calls: tuple[Call, ...]
    finish_reason: str | None
    exchange: Exchange = field(repr=False)
    judgement: Judgement = field(repr=False)


class Endpoint:
    """An endpoint on this machine that answers from a test's cassette, or records what another one answers.

    Attributes:
        base_url: what clients take as the base URL of an API.
        terms: by what is judged what passes.
        case: the accumulator's case that it serves, None where it is no such case.
        snapshot: what the test's streams are compared with; it is the test's, and set when that begins.
    """

    snapshot: Snapshot

    def __init__(
        self,
        base_url: str,
        passing: Passing,
        terms: Terms,
        settle: Callable[[], None],
        under_way: Callable[[], int] = lambda: 0,
    ) -> None:
        """Stand before a server.

        Args:
            base_url: where it is.
            passing: what has passed there.
            terms: by what that is judged.
            settle: waits until what has ended is in `passing`.
            under_way: returns how many responses have begun and will be in `passing` only when they end.
        """
        self.base_url = base_url
        self.terms = terms
        self.case: AccumulatorCase | None = None
        self._passing = passing
        self._settle = settle
        self._under_way = under_way
        self._begun = self._troubled = 0
        self._judgements: dict[tuple[int, str, str | None], Judged] = {}

    def __repr__(self) -> str:
        """Name it by where it is."""
        return f"<deltaproof at {self.base_url}>"

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """What has passed in this test so far: as it was asked when it is replayed, as it ended when it is recorded.

        Streams have their content encodings undone; all else is as it was sent.
        """
        return tuple(
            sighting if isinstance(sighting, Exchange) else kept
            for kept, sighting in ((kept, sift_kept(kept)) for kept in self._passed())
        )

    @property
    def stream(self) -> Stream:
        """The last streamed chat completion that has passed in this test.

        Raises:
            DeltaproofError: none has.
        """
        __tracebackhide__ = True
        report = self._report(self.terms)
        if not report.judged:
            raise self._nothing(report)
        last = report.judged[-1]
        choices = last.judgement.message.choices
        message = choices[0] if choices else FoldedChoice(0, None, None, None, (), None, None)
        calls = tuple(Call(call.id, call.name, call.arguments) for call in message.tool_calls)
        return Stream(message.content, calls, message.finish_reason, last.exchange, last.judgement)

    @property
    def report(self) -> Report:
        """What is found in all that has passed in this test so far, by the test's profile."""
        return self._report(self.terms)

    def report_after(self, count: int) -> Report:
        """Judge what has passed in this test after so many exchanges."""
        return self._report(self.terms, count)

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """What was asked in this test and not recorded, and what could not be kept."""
        self._settle()
        return tuple(self._passing.troubles[self._troubled :])

    def check(self, *, profile: str = "", provider: str = "", fail_on: str = "") -> Report:
        """Judge what has passed in this test so far, now, and perhaps by another profile; return what was found.

        Args:
            profile: in place of the one that the test is judged by.
            provider: in place of the one whose waivers apply.
            fail_on: the level from which findings fail; the test's own without it.

        Raises:
            AssertionError: there are findings at that level or above; its message is the report.
            DeltaproofError: nothing has passed that could be judged.
            UnknownNameError: there is no such profile, provider or level.
        """
        __tracebackhide__ = True
        if fail_on and fail_on not in LEVELS:
            raise UnknownNameError(f"there is no level {fail_on!r}", hint=f"Known: {', '.join(LEVELS)}")
        terms = Terms(
            profile or self.terms.profile,
            provider or self.terms.provider,
            fail_on or self.terms.fail_on,
            strict=self.terms.strict,
        )
        try:
            report = self._report(terms)
        except UnknownNameError as error:
            raise error.with_traceback(None) from None  # from here: no line of ours is shown
        if not report.judged and not report.unreadable:
            raise self._nothing(report)
        if text := failing(report, terms.fail_on):
            raise AssertionError(text)
        return report

    def begin(self) -> None:
        """Begin another test: what has passed so far belongs to those before it."""
        self._settle()
        self._begun = len(self._passing.exchanges)
        self._troubled = len(self._passing.troubles)

    def _passed(self) -> list[Exchange]:
        self._settle()
        return self._passing.exchanges[self._begun :]

    def _report(self, terms: Terms, first: int = 0) -> Report:
        """Judge what has passed from one on; each exchange once by each profile."""
        judged: list[Judged] = []
        skipped: list[Skipped] = []
        unreadable: list[UnreadableError] = []
        for number, kept in enumerate(self._passed()[first:], self._begun + first):
            key = number, terms.profile, terms.provider
            if key in self._judgements:
                judged.append(self._judgements[key])
                continue
            match sift_kept(kept):
                case Exchange() as exchange:
                    judgement = judge(exchange, profile=terms.profile, provider=terms.provider)
                    judged.append(self._judgements.setdefault(key, Judged(exchange, judgement)))
                case Skipped() as passed_over:
                    skipped.append(passed_over)
                case UnreadableError() as error:
                    unreadable.append(error)
        return Report(terms.profile, terms.provider, tuple(judged), tuple(skipped), tuple(unreadable))

    def _nothing(self, report: Report) -> DeltaproofError:
        """Say why there is no stream."""
        if self._under_way():
            hint = "Let the client read it to its end, or close it, before you look at it"
            return DeltaproofError("a response is still on its way, and is recorded when it ends", hint=hint)
        if report.unreadable:
            return report.unreadable[-1]
        if self.troubles:
            return DeltaproofError(f"no stream has passed: {told(self.troubles)}")
        if report.skipped:
            return DeltaproofError(f"no stream has passed, only {report.skipped[-1].reason}")
        hint = f"Lead the client to {self.base_url}, which is deltaproof.base_url, and let it ask for a stream"
        return DeltaproofError("nothing has passed yet", hint=hint)
