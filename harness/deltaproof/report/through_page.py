"""What came of recordings sent through a gateway as a page in Markdown. Judges nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.metadata import version

from deltaproof.passage.passage import Passages
from deltaproof.passage.remarks import Remarked
from deltaproof.passage.spots import spots_of
from deltaproof.report.through import MEANS, Group, added_by, grouped, kinds, place
from deltaproof.report.visible import visible

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~])")
_TICKS = re.compile(r"`+")


def through_markdown(passages: Passages, found: Sequence[Remarked]) -> str:
    """Return what came of a gateway as Markdown: what is wrong with examples, then what is worth knowing.

    It is the same again where nothing else is, but for what is added to the time to the first fragment.
    """
    wrong = sum(one.is_wrong for one in found)
    by = f"the profile {passages.profile}{f' and the waivers of {passages.provider}' if passages.provider else ''}"
    judged = f"{_count(len(found), 'passage')}, judged by deltaproof {version('deltaproof')} with {by}"
    unseen = sum(one.is_unseen for one in found)
    also = f", {unseen:,} not seen to the end" if unseen else ""
    told = f"{judged}: {len(found) - wrong - unseen:,} as they should be, {wrong:,} not{also}."
    lines = ["# What came out of a gateway", "", told, ""]
    lines += [f"- gateway: {_code(passages.gateway)}"]
    lines += [f"- server: {_code(passages.server)}"] if passages.server else []
    lines += [*_first_fragment(found), ""]
    counts = kinds(found)
    if counts:
        lines += ["| what | means | passages |", "| --- | --- | ---: |"]
        lines += [f"| {kind} | {MEANS[kind]} | {count:,} |" for kind, count in counts.items()]
        lines.append("")
    groups = grouped(found)
    bad = [group for group in groups if group.remark.kind.is_wrong]
    notes = [group for group in groups if not group.remark.kind.is_wrong]
    if bad:
        lines += ["## What is wrong", ""]
        lines += [line for group in bad for line in _wrong(group)]
    if notes:
        lines += ["## Worth knowing", "", "| what | which | passages | such as |", "| --- | --- | ---: | --- |"]
        lines += [
            f"| {group.remark.kind} | {_markdown(group.line)} | {len(group.passages):,} | {_markdown(group.names)} |"
            for group in notes
        ]
        lines.append("")
    if passages.unsent:
        lines += [f"Not sent, {passages.why_unsent}: {_count(len(passages.unsent), 'recording')}.", ""]
    return "\n".join(lines).rstrip() + "\n"


def _first_fragment(found: Sequence[Remarked]) -> Iterator[str]:
    """Yield what the gateway adds to the time to the first fragment; nothing where none came."""
    held = sum(one.passage.held for one in found)
    if (added := added_by(found)) is not None:
        yield f"- first fragment: {added}; {f'{held:,} held back and not counted' if held else 'none held back'}"
        yield f"- the upstream was asked after {added.asked_after * 1000:.1f} ms (median)"
    elif held:
        yield f"- first fragment: held back in {_count(held, 'passage')}"


def _wrong(group: Group) -> Iterator[str]:
    """Yield what is wrong with some passages, with what went in and came out of the first."""
    remark = group.remark
    finding = remark.finding
    yield f"### {remark.kind}: {_markdown(group.heading)} ({_count(len(group.passages), 'passage')})"
    yield ""
    yield f"- found: {_markdown(finding.message if finding is not None else remark.reason)}"
    yield f"- where: {_markdown(group.names)}"
    spots = spots_of(group.passages[0].passage, remark)
    for word, spot in (("in", spots.given), ("out", spots.came)):
        yield f"- {word}: {_code(place(spot))}"
    if finding is not None:
        yield f"- page: {_code(f'deltaproof rules {finding.rule}')}"
    yield ""


def _code(text: str) -> str:
    """Return a text as code, in more backticks than it has in a row."""
    shown = visible(text)
    ticks = "`" * (max(map(len, _TICKS.findall(shown)), default=0) + 1)
    return f"{ticks} {shown} {ticks}" if len(ticks) > 1 else f"`{shown}`"


def _markdown(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", visible(text))


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
