"""Two shapes to what changed between them, in sentences. differences.py finds where, sequence.py how steps differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from operator import itemgetter
from typing import NamedTuple

from deltaproof.catalog import load
from deltaproof.snapshot.differences import differences
from deltaproof.snapshot.sequence import ordinal, sequence_changes
from deltaproof.snapshot.shape import Shape
from deltaproof.verdict import Verdict

_UNEXERCISED = Verdict.UNEXERCISED.value
_NAMES = {
    "status": "the status",
    "type": "the content-type",
    "end": "how the body ends",
}
_FIELDS = {"chunk_fields": "chunks", "choice_fields": "choices"}
_ENDS = {
    "eof": "properly",
    "cut": "cut",
    "reset": "by a reset",
    "timeout": "in silence",
    "client-gone": "by the client",
}
_DOING = {Verdict.CONFORMS.value: "conforming", _UNEXERCISED: "with nothing to look at"}
_SHOWN = 8
_ORDER = ("status", "type", "end", "body", "choices", "arrived", *_FIELDS, "verdicts")


class ChangeKind(StrEnum):
    """What a change is about.

    SHAPE: what arrived. WORSE: a rule deviates that did not, or by another case. VERDICT: any other verdict.
    """

    SHAPE = "shape"
    WORSE = "worse"
    VERDICT = "verdict"


class Change(NamedTuple):
    """One thing that changed: a sentence without capital and full stop; the rule that is about, empty where none is."""

    kind: ChangeKind
    text: str
    rule: str = ""


def changes(old: Shape, new: Shape) -> list[Change]:
    """Return what changed from one shape to another, what arrived first, then the verdicts.

    Where a recording does not know the response's head, that is no change. Where a client has left, compared is what
    both have seen, the last step of the shorter one left out.
    """
    found: list[tuple[tuple[int, list[str]], Change]] = []
    verdicts: list[tuple[str, str, str]] = []
    fields: dict[tuple[str, str], list[str]] = {}
    for path, was, now in differences(old, new):
        match path:
            case ["verdicts", str() as slug]:
                verdicts.append((slug, was or _UNEXERCISED, now or _UNEXERCISED))
            case ["chunk_fields" | "choice_fields" as which, str() as name]:
                fields.setdefault((which, f"{_FIELDS[which]} {'now' if now else 'no longer'} have"), []).append(name)
            case _:
                told = (Change(ChangeKind.SHAPE, text) for text in _told(path, was, now))
                found += (((_ORDER.index(path[0]), path), change) for change in told)
    for (where, have), names in fields.items():
        told_fields = f"{have} the {'field' if len(names) == 1 else 'fields'} {', '.join(sorted(names))}"
        found.append(((_ORDER.index(where), []), Change(ChangeKind.SHAPE, told_fields)))
    found.sort(key=itemgetter(0))
    return [change for _, change in found] + list(_verdict_changes(verdicts))


def _told(path: list[str], was: str, now: str) -> Iterator[str]:
    """Say how a text changed that is no verdict."""
    match path:
        case ["arrived"]:
            yield from sequence_changes(_lines(was), _lines(now))
        case ["choices", choice, "arrived"]:
            yield from (_of(choice, text) for text in sequence_changes(_lines(was), _lines(now)))
        case ["choices", choice, "calls", call]:
            nth, named = ordinal(int(call)), f", {now or was}," if now or was else ""
            told = f"a {nth} call{named} now comes" if now else f"the {nth} call{named} no longer comes"
            yield _of(choice, told)
        case ["choices", choice, "calls", _, "name_chunks"] if "0" in (was, now):
            pass  # that there is a name now, or none, is told
        case ["choices", choice, "calls", call, about]:
            yield _of(choice, _call_change(f"the {ordinal(int(call))} call", about, was, now))
        case ["body"]:
            yield f"the body is now {now or 'a stream'} (was {was or 'a stream'})"
        case ["end"]:
            yield f"the body now ends {_ENDS.get(now, now)} (was {_ENDS.get(was, was)})"
        case [name]:
            yield f"{_NAMES[name]} is now {now or 'not there'} (was {was or 'not there'})"


def _lines(text: str) -> list[str]:
    return text.split("\n") if text else []


def _of(choice: str, text: str) -> str:
    return text if choice == "0" else f"choice {choice}: {text}"


def _call_change(call: str, about: str, was: str, now: str) -> str:
    """Say how a call changed."""
    match about:
        case "name_chunks":
            return f"{call}'s name now arrives in {now} {'chunk' if now == '1' else 'chunks'} (was {was})"
        case "name" if now and was:
            return f"{call} is now {now} (was {was})"
        case "id" if not (now and was):
            return f"{call} now has an id" if now else f"{call} now has no id"
        case _ if not now:
            return f"{call} now has no {about} (was {was})"
        case _:
            return f"{call}'s {about} is now {now} (was {was or 'not there'})"


def _verdict_changes(verdicts: Iterable[tuple[str, str, str]]) -> Iterator[Change]:
    """Say what became of verdicts: each rule that deviates, or did, by itself, the others together."""
    pages = list(load().pages)
    together: dict[tuple[str, str], list[str]] = {}
    order = {slug: number for number, slug in enumerate(pages)}
    for slug, was, now in sorted(verdicts, key=lambda verdict: order.get(verdict[0], len(order))):
        old, new = (value.partition(": ")[0] for value in (was, now))
        if Verdict.DEVIATES in (old, new):
            yield from _deviation_changes(slug, was, now)
        else:
            together.setdefault((old, new), []).append(slug)
    for (old, new), slugs in together.items():
        more = f" and {len(slugs) - _SHOWN} more rules" if len(slugs) > _SHOWN else ""
        told = f"{_DOING.get(old, old)} before, now {_DOING.get(new, new)}: {', '.join(slugs[:_SHOWN])}{more}"
        yield Change(ChangeKind.VERDICT, told)


def _deviation_changes(slug: str, was: str, now: str) -> Iterator[Change]:
    """Say how a rule deviates now, or no longer."""
    (old, _, old_cases), (new, _, new_cases) = was.partition(": "), now.partition(": ")
    before, after = (cases.split(", ") if cases else [] for cases in (old_cases, new_cases))
    if new != Verdict.DEVIATES:
        yield Change(
            ChangeKind.VERDICT, f"the rule {slug} now {_plain(new)} (was deviates{_means(slug, before)})", slug
        )
    elif old != Verdict.DEVIATES:
        kind = ChangeKind.WORSE if after else ChangeKind.VERDICT  # without a case, the profile does not count it
        yield Change(kind, f"the rule {slug} now deviates (was {_plain(old)}){_means(slug, after)}", slug)
    else:
        if added := [case for case in after if case not in before]:
            yield Change(ChangeKind.WORSE, f"the rule {slug} now deviates in another way{_means(slug, added)}", slug)
        if gone := [case for case in before if case not in after]:
            yield Change(ChangeKind.VERDICT, f"the rule {slug} no longer deviates so{_means(slug, gone)}", slug)


def _plain(verdict: str) -> str:
    return "is undecided" if verdict == Verdict.UNDECIDED else verdict


def _means(slug: str, cases: Iterable[str]) -> str:
    """Say what cases mean; the name stands for one that the catalog does not know."""
    page = load().pages.get(slug)
    words = [page.cases[case].means if page and case in page.cases else case for case in cases]
    return f": {'; '.join(words)}" if words else ""
