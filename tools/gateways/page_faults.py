"""What `docs/gateways.md` says of streams that are broken on purpose. The rest of the page is in page.py."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from deltaproof.passage.kinds import Kind
from tools.gateways.measured import Measured
from tools.gateways.measuring import BROKEN

BROKEN_SO = """\
broken by each of the faults below that applies. In them are two calls; text, then a call; a call, then usage. This is a
selection, of faults in names, indexes, ids, the end, cuts, errors and framing: every fault on every recording would be
thousands of passages for each gateway, one after the other. `deltaproof faults` lists them all, and says what they are.

A cell names what is said of the broken recording and was not said of the whole one; that a first fragment was held back
is left out. Where it is said of some of the recordings only, a count follows. A `·` says that the gateway passed the
fault on, or told the client of the error."""


def faults(measured: Mapping[str, Measured]) -> Iterator[str]:
    """Yield what becomes of streams that are broken on purpose."""
    tried = list(dict.fromkeys(fault for one in measured.values() for fault in one.tried))
    changed = [fault for fault in tried if any(one.broken.get(fault) for one in measured.values())]
    same = [fault for fault in tried if fault not in changed]
    columns = {name: one for name, one in measured.items() if any(one.broken.get(fault) for fault in changed)}
    unmoved = [name for name in measured if name not in columns]
    yield "## Broken on purpose"
    yield ""
    yield f"{_listed(f'`{name}`' for name in BROKEN)} went in once more,"
    yield BROKEN_SO
    if columns:
        yield ""
        yield f"| fault | {' | '.join(columns)} |"
        yield f"| --- |{' --- |' * len(columns)}"
        for fault in changed:
            yield f"| {fault} | {' | '.join(_became(one, fault) for one in columns.values())} |"
    if unmoved:
        yield ""
        yield f"Of {_listed(f'`{name}`' for name in unmoved)} nothing is said: there is no column for that."
    if same:
        yield ""
        yield f"Every gateway passed these on, or told the client of the error: {_listed(same)}."


def _became(one: Measured, fault: str) -> str:
    tried = one.tried.get(fault, 0)
    said = one.broken.get(fault, {})
    order = list(Kind)
    words = sorted(said, key=lambda what: order.index(Kind(what.split()[0])))
    told = (f"{_linked(what)} ({said[what]} of {tried})" if said[what] < tried else _linked(what) for what in words)
    return ", ".join(told) or "·"


def _linked(what: str) -> str:
    """Return a kind, in bold if it is wrong, and the rule and case that it is about as a link to the rule's page."""
    kind, _, rule = what.partition(" ")
    shown = f"**{kind}**" if Kind(kind).is_wrong else kind
    return f"{shown} [{rule}](../specs/rules/{rule.partition('.')[0]}.md)" if rule else shown


def _listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
