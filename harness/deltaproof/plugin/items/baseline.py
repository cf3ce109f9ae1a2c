"""What is known to deviate at an endpoint, in a file that people read, review and add reasons to. Runs nothing.

    deviations:
    - deviation: checks.accepts       # a scenario's demand, or a rule with its case
      scenarios:
      - custom-tool
    - deviation: choice-index-order.gap
      why: the server numbers choices by slot
      scenarios:
      - n-2
    baseline: 1

What a scenario demands beyond the rules is called `checks.NAME`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deltaproof.cassette.fields import kind, listing, mapping
from deltaproof.cassette.plain_yaml import dump, load
from deltaproof.catalog import load as load_catalog
from deltaproof.catalog import load_scenarios
from deltaproof.errors import UnknownNameError, UnreadableError
from deltaproof.suite.outcome import CheckName

CHECKS = "checks"
"""What stands in place of a rule where a scenario's demand is meant."""

_VERSION = 1
_COMMENT = "What is known to deviate; `pytest --deltaproof-update` writes it anew, and keeps each `why`."
_KEYS = {"deviation", "why", "scenarios"}


@dataclass(frozen=True, slots=True)
class Known:
    """A deviation that is known.

    Attributes:
        deviation: a rule's slug with a case's name, or `checks` with a demand's name, joined by a full stop.
        scenarios: in which.
        why: the reason that somebody gave; empty where nobody did.
        where: the file and the line.
    """

    deviation: str
    scenarios: tuple[str, ...]
    why: str
    where: str


def read_baseline(path: Path) -> tuple[Known, ...]:
    """Return what a file says is known.

    Raises:
        UnreadableError: it is no baseline; with the line of what is wrong.
    """
    known: dict[str, Known] = {}
    version: object = None
    for part in load(path, "deviations", "baseline"):
        if part.key == "baseline":
            version = part.value
            continue
        where = f"{path}:{part.line}"
        try:
            one = _known(part.value, where)
        except UnreadableError as error:
            raise UnreadableError(error.what, where=where) from None
        if one.deviation in known:
            raise UnreadableError(f"there are two entries of {one.deviation}", where=where)
        known[one.deviation] = one
    if version != _VERSION:
        raise UnreadableError(f"it is no baseline that this version reads: `baseline` is {version!r}", where=str(path))
    return tuple(known.values())


def raise_if_strange(known: Iterable[Known]) -> None:
    """Raise for what cannot come true: a rule, a case, a demand or a scenario that there is not.

    Raises:
        UnknownNameError: there is such an entry.
    """
    hint = "Mend it, or write the file anew with --deltaproof-update"
    for one in known:
        if not is_deviation(one.deviation):
            raise UnknownNameError(f"there is no deviation {one.deviation!r}", where=one.where, hint=hint)
        for name in one.scenarios:
            if name not in load_scenarios():
                raise UnknownNameError(f"there is no scenario {name!r}", where=one.where, hint=hint)


def is_deviation(text: str) -> bool:
    """Tell whether there is such a rule with such a case, or such a demand."""
    rule, _, case = text.partition(".")
    if rule == CHECKS:
        return case in list(CheckName)
    page = load_catalog().pages.get(rule)
    return page is not None and case in page.cases


def write_baseline(path: Path, pairs: Iterable[tuple[str, str]], whys: Mapping[str, str]) -> None:
    """Write what is known, pairs of scenario and deviation, in place of what a file says.

    Raises:
        DeltaproofError: the system refuses the file.
    """
    dump(path, _COMMENT, "deviations", list(_entries(pairs, whys)), ("baseline", _VERSION))


def _entries(pairs: Iterable[tuple[str, str]], whys: Mapping[str, str]) -> Iterator[dict[str, object]]:
    together: dict[str, list[str]] = {}
    for scenario, deviation in sorted(pairs):
        together.setdefault(deviation, []).append(scenario)
    for deviation, scenarios in sorted(together.items()):
        why = {"why": whys[deviation]} if whys.get(deviation) else {}
        yield {"deviation": deviation, **why, "scenarios": scenarios}


def _known(value: object, where: str) -> Known:
    """Read an entry. Raises `UnreadableError` without a place."""
    entry = mapping(value, "the entry")
    if unknown := sorted(entry.keys() - _KEYS):
        raise UnreadableError(f"entries have no {', '.join(unknown)}")
    scenarios = listing(entry.get("scenarios"), "`scenarios`")
    return Known(
        deviation=_text(entry.get("deviation"), "`deviation`"),
        scenarios=tuple(_text(name, "an entry of `scenarios`") for name in scenarios),
        why=_text(entry.get("why", ""), "`why`"),
        where=where,
    )


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise UnreadableError(f"{what} is {kind(value)}, not text")
    return value
