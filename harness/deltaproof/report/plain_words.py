"""A run told in plain words: what the server does differently, and what comes of it for those who call it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.table import Table
from rich.text import Text

from deltaproof.catalog import Level, load
from deltaproof.report.visible import visible
from deltaproof.suite.outcome import MEANS, Check, CheckName, Outcome, SuiteRun
from deltaproof.verdict import Verdict

if TYPE_CHECKING:
    from rich.console import Console

_SHOWN = 3


class _Words(NamedTuple):
    """What a server does and what that does to its clients, each a sentence without its full stop."""

    what: str
    so: str


# For those that know HTTP but not the rules. What is not here is told in the words of its page.
_RULES: Mapping[tuple[str, str], _Words] = {
    ("request-allowed-tools", "outside"): _Words(
        "It calls a tool that the request had ruled out for this turn",
        "An application that withholds a tool, say one that spends money, sees it called all the same",
    ),
    ("request-allowed-tools", "missing"): _Words(
        "It makes no tool call, although the request demanded one of those on its list",
        "Code that reads the call finds none, and fails",
    ),
    ("request-tool-choice-named", "other"): _Words(
        "It calls another tool than the one that the request named",
        "Callers read the arguments as those of the tool that they named, and get values that mean something else",
    ),
    ("request-tool-choice-named", "missing"): _Words(
        "It makes no tool call, although the request named the tool to call",
        "Code that reads the call finds none, and fails",
    ),
    ("request-tool-choice-required", "missing"): _Words(
        "It makes no tool call, although the request demanded one",
        "Code that reads the call finds none, and fails",
    ),
    ("request-parallel-tool-calls-false", "several"): _Words(
        "It makes several tool calls in one answer, although the request asked for one at most",
        "A client that handles one call at a time runs the first and loses the others",
    ),
    ("choice-index-order", "gap"): _Words(
        "Asked for several answers at once, it begins a later one before the first",
        "Clients that keep the answers in a list, each at its number, stop with an index error",
    ),
    ("choice-logprobs", "partial"): _Words(
        "Asked for the probabilities of its words, it leaves out one of the two lists that OpenAI always sends",
        "Code that reads both lists without asking whether they are there fails",
    ),
    ("http-error-body", "missing-key"): _Words(
        "When it turns a request down, its error lacks a field that OpenAI's always has",
        "Programs that look there for what was wrong with the request find nothing",
    ),
    ("http-error-body", "wrong-type"): _Words(
        "When it turns a request down, a field of its error is of another type than OpenAI's",
        "Programs that compare that field with the words they know never find one, and handle no error as they should",
    ),
}
# By the check, and by what its message has in it; the first that fits.
_CHECKS: tuple[tuple[CheckName, str, _Words], ...] = (
    (
        CheckName.ACCEPTS,
        "the server failed",
        _Words(
            "It answers a request that is right with a 5xx status, as if the server were broken",
            "Clients take a 5xx for a passing fault and try again in vain, where a 4xx would say what is not supported",
        ),
    ),
    (
        CheckName.ACCEPTS,
        "",
        _Words("It does not accept a request that is right", "Whoever relies on that feature gets no answer"),
    ),
    (
        CheckName.REFUSES,
        "accepted with status",
        _Words(
            "It answers wrong requests as if they were right, instead of with a 4xx status and an error in JSON",
            "A mistake in the caller's code is not noticed where it was made, and shows as a strange answer later",
        ),
    ),
    (
        CheckName.REFUSES,
        "",
        _Words(
            "It turns wrong requests down, but not with a 4xx status and an error in JSON",
            "Clients cannot show their users what was wrong, and may try again in vain",
        ),
    ),
)


class Difference(NamedTuple):
    """One thing that a server does differently.

    Attributes:
        level: how much it weighs.
        what: what it does, a sentence.
        so: what comes of it, a sentence.
        where: the scenarios that showed it.
    """

    level: Level
    what: str
    so: str
    where: tuple[str, ...]


class _Fact(NamedTuple):
    """What one scenario showed: in general, how it was here, and what comes of it."""

    level: Level
    words: _Words
    message: str
    scenario: str


def differences(suite: SuiteRun) -> list[Difference]:
    """Return what a run found at level warning and above, the gravest first, each thing once."""
    together: dict[tuple[Level, _Words], list[_Fact]] = {}
    for fact in (*_of_rules(suite), *_of_checks(suite)):
        together.setdefault((fact.level, fact.words), []).append(fact)
    levels = list(Level)
    return [
        Difference(
            level, _told(words.what, facts), _sentence(words.so), tuple(dict.fromkeys(fact.scenario for fact in facts))
        )
        for (level, words), facts in sorted(together.items(), key=lambda entry: levels.index(entry[0][0]))
    ]


def _of_rules(suite: SuiteRun) -> Iterator[_Fact]:
    pages = load().pages
    for run in suite.runs:
        for judged in run.judged:
            for finding in judged.judgement.findings:
                if finding.level in (Level.ERROR, Level.WARNING):
                    page = pages[finding.rule]
                    case = page.cases[finding.case]
                    own = _Words(case.means, (case.why or page.why).removesuffix("."))
                    words = _RULES.get((finding.rule, finding.case), own)
                    yield _Fact(finding.level, words, finding.message, run.scenario.name)


def _of_checks(suite: SuiteRun) -> Iterator[_Fact]:
    for run in suite.runs:
        for check in run.failures:
            if check.level in (Level.ERROR, Level.WARNING):
                title = run.scenario.title
                message = check.message if check.message.startswith(title) else f"{title}: {check.message}"
                yield _Fact(check.level, _of_check(check), message, run.scenario.name)


def _of_check(check: Check) -> _Words:
    """Choose the words for a failed check; those that have none of their own say what was expected."""
    fitting = (words for name, part, words in _CHECKS if name is check.name and part in check.message)
    return next(fitting, _Words("It fails a demand of the suite", f"What is expected: {MEANS[check.name]}"))


def _told(what: str, facts: Sequence[_Fact]) -> str:
    """Say a thing, and then how it was here, each way once."""
    seen = list(dict.fromkeys(fact.message for fact in facts))
    return _sentence(f"{what} ({'; '.join(seen)})")


def _sentence(phrase: str) -> str:
    """Begin with a capital, unless the first word is a name such as tool_choice."""
    word = phrase.split(" ", 1)[0]
    return f"{phrase[:1].upper() if word.isalpha() else phrase[:1]}{phrase[1:]}."


def print_plain_words(suite: SuiteRun, name: str, console: Console) -> None:
    """Print the differences of a server by that name as a numbered list, then what conforms."""
    found = differences(suite)
    console.print(Text(f"What {name} does differently, in plain words", "bold"))
    console.print()
    grid = Table.grid(padding=(0, 1, 1, 0))
    grid.add_column(justify="right")
    grid.add_column(overflow="fold")
    for number, one in enumerate(found, 1):
        told = Text(visible(one.what))
        told.append(f"\n→ {visible(one.so)}", "bold")
        told.append(f" [{_names(one.where)}]", "dim")
        grid.add_row(f"{number}.", told)
    console.print(grid)
    verdicts = suite.report.verdicts
    counts = {verdict: sum(known is verdict for known in verdicts.values()) for verdict in Verdict}
    unsupported = [run.scenario.name for run in suite.runs if run.outcome is Outcome.UNSUPPORTED]
    console.print(
        f"Of {len(verdicts)} rules {counts[Verdict.CONFORMS]} conform in every scenario, {counts[Verdict.DEVIATES]} "
        f"deviate in some, {counts[Verdict.UNDECIDED]} are undecided, and {counts[Verdict.UNEXERCISED]} had nothing to "
        f"look at." + (f" Properly refused: {', '.join(unsupported)}." if unsupported else "")
    )


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
