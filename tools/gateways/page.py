"""Writes `docs/gateways.md` from what was measured; what faults become is in page_faults.py. Runs no gateway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deltaproof.passage.kinds import Kind
from tools.gateways.measured import Measured, Told
from tools.gateways.page_faults import faults
from tools.gateways.words import paragraphs
from tools.servers.environment import ROOT

PAGE = ROOT / "docs" / "gateways.md"
CAME = 120
"""Characters that are shown of what came out."""

INTRODUCTION = """\
# What gateways make of streams

Every committed [cassette](../cassettes/README.md) was what a gateway's upstream answered; its recorded request went to
the gateway, and what came out was judged and held against what went in:

    deltaproof replay cassettes --through http://localhost:4000/v1 --upstream-port 9000

The gateways are real ones, started on loopback by `python -m tools.gateways all`, which also writes this page and
`tests/gateways.json`. They were asked one request at a time, after some to get warm, on two cores that had other work
too. The profile is de-facto.
"""

TIMES = """\
*Added* is how much later the first fragment comes than the upstream wrote it: half come with at most the median, 99 of
100 with at most the second time. What a gateway takes before it asks is not in it; `replay --through` tells that beside
it. The upstream waits a second for its first fragment to come out. What comes only after it has said more is asked for
once more, alone, with five seconds: if it then comes in time, it is *slow*, which is worth knowing, else *held back*.
Those are counted in a column of their own, and their times are left out; where no time is known, there is a dash.

The tables below name what was said of the passages: what is wrong in bold, then what is worth knowing. A passage can
show several remarks, so the rows add up to more than the passages that are not as they should be. *Deviates* is a rule
that is broken by what came out and was not by what went in, and *repaired* is the other way round.
"""


def page_of(measured: Mapping[str, Measured]) -> str:
    """Return the page: how many passages are as they should be, what each gateway changes, and what faults become."""
    lines = [INTRODUCTION]
    lines += ["| gateway | set up | passages | as they should be | held back | added, median | added, 99 of 100 |"]
    lines += ["| --- | --- | ---: | ---: | ---: | ---: | ---: |", *(_row(one) for one in measured.values()), "", TIMES]
    for name, one in measured.items():
        lines += [*_section(name, one), ""]
    return "\n".join([*lines, *faults(measured), ""])


def _row(one: Measured) -> str:
    cells = (
        f"{one.title} {one.version}",
        one.settings,
        f"{one.passages}",
        f"{one.passages - one.wrong}",
        f"{one.held}",
        _time(one.median),
        _time(one.p99),
    )
    return f"| {' | '.join(cells)} |"


def _time(milliseconds: float | None) -> str:
    return "—" if milliseconds is None else f"{milliseconds:,.1f} ms"


def _section(name: str, one: Measured) -> Iterator[str]:
    """Yield what was said of a gateway: in plain words where there are some, then all of it."""
    yield f"## {name}: {one.title} {one.version}"
    yield ""
    yield "It was given this, with the upstream's own port in place of 9000:"
    yield ""
    yield from ("```", *one.configuration.rstrip().splitlines(), "```")
    yield ""
    if not one.told:
        yield "Every passage came out as it went in."
        return
    if plain := paragraphs(name, one):
        yield from (f"- {words}" for words in plain)
        yield ""
    wrong = [told for told in one.told if Kind(told.kind).is_wrong]
    yield "| what | about | passages | such as |"
    yield "| --- | --- | ---: | --- |"
    yield from (_told(told, f"**{told.kind}**") for told in wrong)
    yield from (_told(told, told.kind) for told in one.told if told not in wrong)
    if came := [told for told in wrong if told.came]:
        yield ""
        yield "What came out in the first passage of each row in bold:"
        yield ""
        yield from (f"- {_about(told)}: `` {_short(told.came)} ``" for told in came)


def _about(told: Told) -> str:
    return f"{told.kind} {told.rule}".rstrip()


def _told(told: Told, kind: str) -> str:
    slug = told.rule.partition(".")[0]
    means = told.means.replace("|", "\\|")
    about = f"[{slug}](../specs/rules/{slug}.md): {means}" if slug else means
    return f"| {kind} | {about} | {told.passages} | {', '.join(told.names)} |"


def _short(text: str) -> str:
    return text if len(text) <= CAME else f"{text[: CAME - 1]}…"
