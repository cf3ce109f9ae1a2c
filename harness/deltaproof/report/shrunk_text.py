"""What came of making a recording smaller, for a person at a terminal: how small it is, and what is in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deltaproof.accumulate.outcome import Ruling
from deltaproof.catalog import load
from deltaproof.exchange import Exchange
from deltaproof.report.matrix import LOOKS
from deltaproof.report.overview import COLOURS, MARKS, label
from deltaproof.report.visible import visible
from deltaproof.shrink import Shrunk
from deltaproof.sse import Decoder
from deltaproof.verdict import Finding

if TYPE_CHECKING:
    from rich.console import Console

_SHOWN = 4096
"""Bytes of a stream that are shown: more is no small one, and stands in the file."""

_LINE = 400
"""Bytes of a line that are shown: the lines of a small stream have fewer."""

_CONTINUES = 0x80  # the upper two bits of a byte of UTF-8 that begins no character


@dataclass(frozen=True, slots=True)
class Kept:
    """What a smaller recording still shows: a line that says it, who says so, and whether that is so again."""

    title: Text
    by: str
    again: str = ""


def kept_finding(finding: Finding, profile: str) -> Kept:
    """Return a finding as what is kept."""
    title = Text(f"{MARKS[finding.level]} {finding.level}  ", COLOURS[finding.level])
    title.append(finding.rule, "bold")
    title.append(f"  {load().pages[finding.rule].cases[finding.case].means}", "none")
    return Kept(title, f"judged by {profile}")


def kept_mistake(ruling: Ruling, accumulator: str, looks: int, others: Sequence[str]) -> Kept:
    """Return a client's mistake as what is kept, and what came of it `looks` times: that, but for the `others`."""
    look = LOOKS[ruling.outcome]
    title = Text(f"{look.mark} {ruling.kind}  ", look.colour)
    title.append(visible(ruling.reason), "none")
    times = "once" if looks == 1 else f"{looks} times"
    again = f"folded {times} by a new process: "
    again += f"not always the same, also {', '.join(others)}" if others else "the same"
    return Kept(title, f"folded by {accumulator}", again)


def print_shrunk(before: Exchange, shrunk: Shrunk, kept: Kept, written: Sequence[str], console: Console) -> None:
    """Print what was kept, how small the recording is, where it is, and the stream itself."""
    after = shrunk.exchange
    console.print(kept.title)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("from", Text(visible(f"{label(before)}, {kept.by}")))
    table.add_row("events", f"{_events(after):,} of {_events(before):,}")
    table.add_row("bytes", f"{len(after.body):,} of {len(before.body):,}")
    table.add_row("tried", f"{shrunk.tries:,} times, {_outcome(shrunk)}")
    if kept.again:
        table.add_row("again", Text(visible(kept.again)))
    table.add_row("wrote", Text(visible(", ".join(written))))
    console.print(Padding(table, (0, 0, 1, 2)))
    for line in _lines(after.body):
        console.print(Text(visible(line)), soft_wrap=True)  # lines stay whole, to be copied


def _lines(body: bytes) -> Iterator[str]:
    """Yield the lines of a stream; where one is long, or there are many, with how much more there is."""
    start = shown = 0
    while start < len(body) and shown < _SHOWN:
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
        cut = end if end - start <= _LINE else _before_character(body, start + _LINE)
        more = f"… and {end - cut:,} bytes more" if cut < end else ""
        yield body[start:cut].decode(errors="backslashreplace") + more
        shown += cut + 1 - start
        start = end + 1
    if start < len(body):
        yield f"… and {len(body) - start:,} bytes more"


def _before_character(body: bytes, at: int) -> int:
    """Return where the UTF-8 character begins that a byte belongs to; that byte itself, if it belongs to none."""
    return next((at - back for back in range(4) if body[at - back] & 0xC0 != _CONTINUES), at)


def _outcome(shrunk: Shrunk) -> str:
    return (
        "and nothing more can be left out" if shrunk.complete else "until the time was up: there may be a smaller one"
    )


def _events(exchange: Exchange) -> int:
    decoder = Decoder(limit=len(exchange.body))
    return len([event for event in decoder.feed(exchange.body) + decoder.close() if event.data is not None])
