"""Writes `docs/gateways.md` from what was measured. Runs no gateway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deltaproof.passage.remarks import Kind
from tools.gateways.measured import Measured, Told
from tools.gateways.measuring import BROKEN
from tools.gateways.words import paragraphs
from tools.servers.environment import ROOT

PAGE = ROOT / "docs" / "gateways.md"

INTRODUCTION = """\
# What gateways make of streams

Every committed [cassette](../cassettes/README.md) was what a gateway's upstream answered; its recorded request went to
the gateway, and what came out was judged and held against what went in:

    deltaproof replay cassettes --through http://localhost:4000/v1 --upstream-port 9000

The gateways are real ones, started on loopback by `python -m tools.gateways all`, which also writes this page and
`tests/gateways.json`. They were asked one request at a time, after some to get warm, on two cores that had other work
too. The profile is de-facto. What is wrong stands in bold, the rest is worth knowing.
"""


def page_of(measured: Mapping[str, Measured]) -> str:
    """Return the page: how many passages are as they should be, what each gateway changes, and what faults become."""
    lines = [INTRODUCTION, "| gateway | set up | passages | as they should be | added to the first fragment |"]
    lines += ["| --- | --- | ---: | ---: | --- |", *(_row(one) for one in measured.values()), ""]
    lines += ["Half of the first fragments came with at most the first time added, 99 of 100 with at most the second."]
    for name, one in measured.items():
        lines += ["", *_section(name, one)]
    return "\n".join([*lines, "", *_faults(measured), ""])


def _row(one: Measured) -> str:
    added = f"{one.median:,.1f} ms, {one.p99:,.1f} ms"
    return f"| {_label(one)} | {one.settings} | {one.passages} | {one.passages - one.wrong} | {added} |"


def _label(one: Measured) -> str:
    return f"{one.title} {one.version}"


def _section(name: str, one: Measured) -> Iterator[str]:
    """Yield what was said of a gateway: in plain words where there are some, then all of it."""
    yield f"## {name}: {_label(one)}"
    yield ""
    if not one.told:
        yield "Every passage came out as it went in."
        return
    if plain := paragraphs(name, one):
        yield from (f"- {words}" for words in plain)
        yield ""
    yield "| what | about | passages | such as | what came out |"
    yield "| --- | --- | ---: | --- | --- |"
    yield from (_told(told) for told in one.told)


def _told(told: Told) -> str:
    slug = told.rule.partition(".")[0]
    about = f"[{slug}](../specs/rules/{slug}.md): {_cell(told.means)}" if slug else _cell(told.means)
    came = f"`` {_cell(told.came)} ``" if told.came else ""
    kind = f"**{told.kind}**" if Kind(told.kind).is_wrong else told.kind
    return f"| {kind} | {about} | {told.passages} | {', '.join(told.names)} | {came} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _faults(measured: Mapping[str, Measured]) -> Iterator[str]:
    """Yield what becomes of streams that are broken on purpose."""
    yield "## Broken on purpose"
    yield ""
    yield f"{', '.join(BROKEN)} went in once more with"
    yield "each of these faults that applies; `deltaproof faults` says what they are. Named is what was not said of the"
    yield "whole recording too, held fragments aside; `·` is a fault that was passed on, or an error that was told."
    yield ""
    yield f"| fault | {' | '.join(measured)} |"
    yield f"| --- |{' --- |' * len(measured)}"
    for fault in dict.fromkeys(fault for one in measured.values() for fault in one.tried):
        yield f"| {fault} | {' | '.join(_became(one, fault) for one in measured.values())} |"


def _became(one: Measured, fault: str) -> str:
    tried = one.tried.get(fault, 0)
    said = one.broken.get(fault, {})
    order = list(Kind)
    words = sorted(said, key=lambda what: order.index(Kind(what.split()[0])))
    return ", ".join(f"{what} ({said[what]} of {tried})" if said[what] < tried else what for what in words) or "·"
