"""What came of recordings sent through a gateway, for a person at a terminal: each thing once. Judges nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deltaproof.catalog import Level, load
from deltaproof.passage.kinds import Kind
from deltaproof.passage.passage import Passages
from deltaproof.passage.remarks import Remark, Remarked
from deltaproof.passage.spots import Spot, spots_of
from deltaproof.report.visible import visible

if TYPE_CHECKING:
    from rich.console import Console

MEANS: Mapping[Kind, str] = {
    Kind.EXECUTABLE: "a call that can be carried out, and was not sent",
    Kind.MIXED_UP: "the answer to another request",
    Kind.SWALLOWED: "an error or a cut that nobody is told of",
    Kind.ERROR_LOST: "an error of which nothing is told any more",
    Kind.MADE_UP: "an answer that the upstream was not asked for",
    Kind.UNUSABLE: "something else that was not sent",
    Kind.LOST: "calls or text missing, without an error",
    Kind.NO_ANSWER: "no answer in time",
    Kind.ERROR: "an error where there should be a message",
    Kind.DEVIATES: "a rule broken that was not broken so in what went in",
    Kind.HELD_BACK: "a first fragment that waits for what comes after it",
    Kind.IDS_LOST: "ids lost",
    Kind.FINISH_LOST: "finish_reason lost",
    Kind.USAGE_CHANGED: "another usage, or none where it was asked for",
    Kind.REPAIRED: "a rule broken in what went in, and kept in what came out",
    Kind.DEVIATES_NOTE: "a rule broken that is a note by the profile, or waived",
    Kind.STATUS: "a refusal with another status",
    Kind.ERROR_REWORDED: "an error with other words, another type or code",
    Kind.END: "a broken body that ends in order, and only what is missing tells of it",
    Kind.REFUSED: "a refusal without asking the upstream, which refuses too",
    Kind.ASKED_AGAIN: "the upstream asked more than once",
    Kind.MERGED: "a text that comes out in fewer fragments",
    Kind.SLOW: "a first fragment that comes late, and by itself",
    Kind.UNSEEN: "what is made of an upstream's silence not waited for",
}
"""What each kind of remark says, a phrase."""

_COLOURS = {Kind.EXECUTABLE: "bold red", Kind.MIXED_UP: "bold red", Kind.SWALLOWED: "bold red"}
_NAMED = 3
_MANY = 20  # passages from which on 99 of 100 are spoken of
_SHOWN = 12  # groups of one kind


@dataclass(frozen=True, slots=True)
class Group:
    """The same thing said of several passages: the first time, and all of them."""

    remark: Remark
    passages: tuple[Remarked, ...]

    @property
    def heading(self) -> str:
        """What it is, in one line: the rule and what its case means, else what its kind means, and what it is about."""
        finding, about = self.remark.finding, self.remark.about
        if finding is not None:
            return f"{finding.rule}, {finding.level}: {self.remark.reason}"
        return f"{MEANS[self.remark.kind]}: {about}" if about else MEANS[self.remark.kind]

    @property
    def line(self) -> str:
        """What it is, where nothing else is told: the rule and what its case means, else the reason."""
        finding = self.remark.finding
        return f"{finding.rule}: {self.remark.reason}" if finding is not None else self.remark.reason

    @property
    def names(self) -> str:
        """The first of the recordings, and how many more."""
        names = [one.passage.given.name for one in self.passages]
        more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        return ", ".join(names[:_NAMED]) + more


def grouped(found: Sequence[Remarked]) -> list[Group]:
    """Put what is said in the same words together, the gravest first, then by level, then the most frequent."""
    together: dict[tuple[Kind, str], list[tuple[Remark, Remarked]]] = {}
    for one in found:
        for remark in one.remarks:
            together.setdefault((remark.kind, remark.about), []).append((remark, one))
    order, levels = list(Kind), list(Level)

    def gravity(key: tuple[Kind, str]) -> tuple[int, int, int]:
        finding = together[key][0][0].finding
        return order.index(key[0]), levels.index(finding.level) if finding is not None else 0, -len(together[key])

    keys = sorted(together, key=gravity)
    return [Group(together[key][0][0], tuple(one for _, one in together[key])) for key in keys]


class Added(NamedTuple):
    """What a gateway adds to the time to the first fragment: seconds, half and 99 of 100 are below; of how many.

    Of few passages there are no 99 of 100. `asked_after` is how long half of the requests at most had been there before
    the upstream was asked, which is not in the others.
    """

    median: float
    p99: float | None
    passages: int
    asked_after: float

    def __str__(self) -> str:
        """Say it in words."""
        most = f", {self.p99 * 1000:.1f} ms (99 of 100)" if self.p99 is not None else ""
        return f"{self.median * 1000:.1f} ms added (median){most}, over {_count(self.passages, 'passage')}"


def added_by(found: Sequence[Remarked]) -> Added | None:
    """Return what was added to the time to the first fragment, None where none came; those held back do not count."""
    counted = [one.passage for one in found if not one.passage.held]
    times = sorted(passage.added for passage in counted if passage.added is not None)
    if not times:
        return None
    p99 = times[ceil(len(times) * 0.99) - 1] if len(times) >= _MANY else None
    before = [passage.asked_after for passage in counted if passage.asked_after is not None]
    return Added(median(times), p99, len(times), median(before))


def print_through(passages: Passages, found: Sequence[Remarked], console: Console) -> None:
    """Print what is wrong, then what is worth knowing, then a summary of the gateway."""
    groups = grouped(found)
    wrong = [group for group in groups if group.remark.kind.is_wrong]
    notes = [group for group in groups if not group.remark.kind.is_wrong]
    shown: Counter[Kind] = Counter()
    for group in wrong:
        shown[group.remark.kind] += 1
        if shown[group.remark.kind] <= _SHOWN:
            _print_wrong(group, console)
    for kind, times in shown.items():
        if times > _SHOWN:
            console.print(f"… and {times - _SHOWN} more kinds of {kind}; --format json has them all")
    if notes:
        console.print(Text("Worth knowing", "bold"))
        for group in notes:
            _print_note(group, console)
        console.print()
    for line in summary(passages, found):
        console.print(line)


def _print_wrong(group: Group, console: Console) -> None:
    """Print what is wrong with some passages: what, where, what went in and came out, and the page."""
    remark, first = group.remark, group.passages[0]
    title = Text(f"✗ {remark.kind}  ", _COLOURS.get(remark.kind, "red"))
    if remark.finding is not None:
        title.append(remark.finding.rule, "bold").append(f"  {remark.finding.level}: {visible(remark.reason)}")
    else:
        title.append(visible(group.heading))
    title.append(f"  ({_count(len(group.passages), 'passage')})", "dim")
    console.print(title)
    lines = [("found", remark.finding.message if remark.finding is not None else remark.reason)]
    lines.append(("where", group.names))
    spots = spots_of(first.passage, remark)
    lines += [("in", place(spots.given)), ("out", place(spots.came))]
    if remark.finding is not None:
        page = load().pages[remark.finding.rule]
        lines.append(("why", page.cases[remark.finding.case].why or page.why))
        lines.append(("page", f"deltaproof rules {remark.finding.rule}"))
    console.print(Padding(_facts(lines), (0, 0, 1, 2), expand=False))


def place(spot: Spot) -> str:
    """Say where a spot is and what stands there."""
    return f"event {spot.event}, byte {spot.offset:,}: {spot.text}" if spot.event else spot.text


def _print_note(group: Group, console: Console) -> None:
    line = Text("· ", "dim").append(f"{group.remark.kind}  ", "cyan").append(visible(group.line))
    console.print(line.append(f"  {len(group.passages):,}", "bold"))
    console.print(Padding(Text(visible(group.names), "dim"), (0, 0, 0, 4)))


def _facts(lines: Sequence[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in lines:
        grid.add_row(name, Text(visible(text)))
    return grid


def summary(passages: Passages, found: Sequence[Remarked]) -> list[Text]:
    """Say in a few lines what came of a gateway: how many of each, what it adds, what was not sent."""
    wrong = sum(one.is_wrong for one in found)
    server = f" ({visible(passages.server)})" if passages.server else ""
    line = Text(f"{_count(len(found), 'passage')} through {visible(passages.gateway)}{server}: ")
    unseen = sum(one.is_unseen for one in found)
    line.append(f"{len(found) - wrong - unseen:,} as they should be", "green" if found and not wrong else "")
    if unseen:
        line.append(f", {unseen:,} not seen to the end", "yellow")
    if wrong:
        line.append(f", {wrong:,} not", "bold red")
    counts = kinds(found)
    if counts:
        told = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
        line.append(f"; {told}")
    lines = [line.append(f"; {passages.seconds:.1f} s")]
    held = sum(one.passage.held for one in found)
    left_out = f"; {held:,} held back and not counted" if held else "; none held back"
    if (added := added_by(found)) is not None:
        lines.append(Text(f"first fragment: {added}{left_out}"))
        lines.append(Text(f"the upstream was asked after {added.asked_after * 1000:.1f} ms (median)"))
    elif held:
        lines.append(Text(f"first fragment: held back in {_count(held, 'passage')}"))
    if passages.strays:
        told = ", ".join(f"{what} ({times:,} times)" for what, times in list(passages.strays.items())[:_NAMED])
        lines.append(Text(f"asked of the upstream without a marker: {visible(told)}", "yellow"))
    if passages.unsent:
        told = f"not sent, {passages.why_unsent}: {_count(len(passages.unsent), 'recording')}"
        lines.append(Text(told, "yellow"))
    return lines


def kinds(found: Sequence[Remarked]) -> dict[Kind, int]:
    """Return of how many passages each kind is said, the gravest first."""
    counts = Counter(kind for one in found for kind in {remark.kind for remark in one.remarks})
    return {kind: counts[kind] for kind in Kind if counts[kind]}


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
