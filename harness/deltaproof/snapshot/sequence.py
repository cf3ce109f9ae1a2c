"""Two sequences of steps to what changed between them, in sentences. Knows how steps are written, not what they say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from deltaproof.snapshot.folding import TIMES

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_NOTES = " ("


class _Step(NamedTuple):
    """A step that is on one side only.

    Attributes:
        parts, notes: what it says.
        times: how often it comes, empty for once.
        before: the parts of the step before it, empty where it is the first.
    """

    parts: str
    notes: frozenset[str]
    times: str
    before: str

    @property
    def often(self) -> str:
        return f"{self.times} chunks" if self.times else "one chunk"

    @property
    def where(self) -> str:
        return f'after "{self.before}"' if self.before else "first"

    @property
    def whole(self) -> str:
        notes = f" ({', '.join(sorted(self.notes))})" if self.notes else ""
        return f'"{self.parts}{notes}{TIMES}{self.times}"' if self.times else f'"{self.parts}{notes}"'


def ordinal(position: int) -> str:
    """Return "first" for 0, "second" for 1; from the eleventh on a number."""
    if position < len(_ORDINALS):
        return _ORDINALS[position]
    number = position + 1
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number // 10 % 10 != 1 else "th"
    return f"{number}{ending}"


def sequence_changes(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Say what changed: notes on a step, in how many chunks it comes, its place; then what is new and what is gone."""
    gone: list[_Step] = []
    come: list[_Step] = []
    for tag, start, stop, begin, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            gone += (_step(old, number) for number in range(start, stop))
            come += (_step(new, number) for number in range(begin, end))
    pairs = _pairs(gone, come)
    yield from _noted(pairs)
    for was, now in pairs:
        if was.times != now.times:
            yield f'"{now.parts}" now arrives in {now.often} (was {was.often})'
        elif was.before != now.before and was.notes == now.notes:
            yield f'"{now.parts}" now arrives {now.where} (was {was.where})'
    yield from _replaced(gone, come)


def _pairs(gone: list[_Step], come: list[_Step]) -> list[tuple[_Step, _Step]]:
    """Take the steps out of both lists that are there before and after, but for notes, times or place."""
    pairs: list[tuple[_Step, _Step]] = []
    for now in list(come):
        alike = [was for was in gone if was.parts == now.parts]
        if alike:
            was = next((one for one in alike if one.notes == now.notes), alike[0])
            gone.remove(was)
            come.remove(now)
            pairs.append((was, now))
    return pairs


def _noted(pairs: Sequence[tuple[_Step, _Step]]) -> Iterator[str]:
    """Say with which notes steps come now, those with the same ones together."""
    together: dict[tuple[frozenset[str], frozenset[str]], dict[str, None]] = {}
    for was, now in pairs:
        if was.notes != now.notes:
            together.setdefault((now.notes - was.notes, was.notes - now.notes), {})[f'"{now.parts}"'] = None
    for (added, gone), steps in together.items():
        comes = "comes" if len(steps) == 1 else "come"
        told = [f"now {comes} with {', '.join(sorted(added))}"] if added else []
        told += [f"no longer {comes} with {', '.join(sorted(gone))}"] if gone else []
        yield f"{', '.join(steps)} {' and '.join(told)}"


def _replaced(gone: list[_Step], come: list[_Step]) -> Iterator[str]:
    """Say what arrives in place of something else, what arrives no longer, and what is new."""
    left = list(gone)
    for now in come:
        was = next((one for one in left if one.before == now.before), None)
        if was is None:
            yield f"{now.whole} now arrives {now.where}"
        else:
            left.remove(was)
            yield f"{now.whole} now arrives in place of {was.whole}"
    if left:
        yield f"{', '.join(was.whole for was in left)} no longer {'arrives' if len(left) == 1 else 'arrive'}"


def _step(steps: Sequence[str], number: int) -> _Step:
    said, _, times = steps[number].partition(TIMES)
    parts, notes = _parted(said)
    before = _parted(steps[number - 1].partition(TIMES)[0])[0] if number else ""
    return _Step(parts, notes, times, before)


def _parted(said: str) -> tuple[str, frozenset[str]]:
    """Part a step from its notes; steps that come in turns have notes of their own, and stay whole."""
    parts, parenthesis, notes = said.rpartition(_NOTES)
    if not parenthesis or not notes.endswith(")") or " | " in said:
        return said, frozenset()
    return parts, frozenset(notes.removesuffix(")").split(", "))
