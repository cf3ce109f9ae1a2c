"""Where two JSON values differ, and when they are equal: numbers by value, objects in any order. Knows no requests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import Final

from deltaproof.cassette.scrub import SCRUBBED

MOST = 1000
"""Differences that are counted."""

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_SHOWN = 80  # characters of a value


class _Absent:
    """Stands for a value that is not there, which null is not."""


ABSENT: Final = _Absent()


@dataclass(frozen=True, slots=True)
class Difference:
    """One place at which a value differs from a recorded one.

    Attributes:
        path: such as `messages[0].content`; empty for the whole.
        recorded, asked: the two values, ABSENT where there is none.
    """

    path: str
    recorded: object
    asked: object

    @property
    def weight(self) -> int:
        """How much differs there: how many values there are in the larger of the two."""
        return max(_size(self.recorded), _size(self.asked))

    def __str__(self) -> str:
        """Say it in words."""
        return f"{self.path or 'the body'} is {shown(self.recorded)}, not {shown(self.asked)}"


def shown(value: object) -> str:
    """Write a value on one line, the beginning of a long one."""
    if isinstance(value, _Absent):
        return "absent"
    try:
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "nested too deeply to be shown"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def compare(recorded: object, asked: object, *, most: int | None = None) -> tuple[Difference, ...]:
    """Return the places where a value differs from a recorded one, in the order of the recorded; `most` of them.

    What was scrubbed equals anything.
    """
    try:
        return tuple(islice(_differences(recorded, asked, ""), MOST if most is None else most))
    except RecursionError:
        return (Difference("", recorded, asked),)


def canonical(value: object) -> bytes | None:
    """Write a value so that equal ones are written alike: 1.0 as 1, keys in order; None if it is nested too deeply."""
    try:
        return json.dumps(_with_whole_numbers(value), sort_keys=True, separators=(",", ":")).encode()
    except RecursionError:
        return None


def _size(value: object) -> int:
    """Count the values in one that are no objects or lists, each of these empty as one; without recursion."""
    waiting, size = [value], 0
    while waiting:
        match waiting.pop():
            case dict() as members if members:
                waiting += members.values()
            case list() as elements if elements:
                waiting += elements
            case _:
                size += 1
    return size


def _with_whole_numbers(value: object) -> object:
    match value:
        case dict():
            return {name: _with_whole_numbers(member) for name, member in value.items()}
        case list():
            return [_with_whole_numbers(element) for element in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


def _differences(recorded: object, asked: object, path: str) -> Iterator[Difference]:
    match recorded, asked:
        case dict(), dict():
            for name in {**recorded, **asked}:
                below = f"{path}.{name}" if path else name
                if not _WORD.fullmatch(name):
                    below = f"{path}[{json.dumps(name, ensure_ascii=False)}]"
                yield from _differences(recorded.get(name, ABSENT), asked.get(name, ABSENT), below)
        case list(), list():
            for position, (one, other) in enumerate(zip_longest(recorded, asked, fillvalue=ABSENT)):
                yield from _differences(one, other, f"{path}[{position}]")
        case _ if recorded == SCRUBBED and not isinstance(asked, _Absent):
            pass
        case _ if isinstance(recorded, bool) is not isinstance(asked, bool) or recorded != asked:
            yield Difference(path, recorded, asked)
