"""Calls that were sent and calls that were said, and which of them are the same. Weighs nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deltaproof.accumulate.answers import SaidCall
from deltaproof.fold import FoldedChoice
from deltaproof.stream import Request

_BRIEF = 60  # characters of a name or of arguments that fit into a line


@dataclass(frozen=True, slots=True)
class SentCall:
    """A call as the stream means it."""

    name: str
    arguments: str
    id: str | None = None
    is_custom: bool = False
    is_legacy: bool = False

    @property
    def brief(self) -> str:
        """The call for a person."""
        return _brief(self.name, self.arguments)


@dataclass(frozen=True, slots=True)
class StrangeCall:
    """A call that was said and not sent; `is_executable` where code that parses its arguments would carry it out."""

    name: str
    arguments: str

    @property
    def brief(self) -> str:
        """The call for a person."""
        return _brief(self.name, self.arguments)

    @property
    def is_executable(self) -> bool:
        """Whether its arguments are a JSON object, or none at all, which most code takes for an empty one."""
        return parsed_arguments(self.arguments) is not None or not self.arguments.strip()


@dataclass(frozen=True, slots=True)
class Pairing:
    """Which calls were said as they were sent, which were sent only, and which were said only."""

    pairs: tuple[tuple[SentCall, SaidCall], ...]
    missing: tuple[SentCall, ...]
    strange: tuple[StrangeCall, ...]


def sent_calls(choice: FoldedChoice | None) -> tuple[SentCall, ...]:
    """Return the calls of a choice, the deprecated function call after the others unless it is the same as one."""
    return tuple(_sent(choice)) if choice is not None else ()


def _sent(choice: FoldedChoice) -> Iterator[SentCall]:
    for call in choice.tool_calls:
        yield SentCall(call.name or "", call.arguments, call.id, is_custom=call.type == "custom")
    legacy = choice.function_call
    if legacy is not None and all(
        (call.name, call.arguments) != (legacy.name, legacy.arguments) for call in choice.tool_calls
    ):  # some servers tell each call in both ways
        yield SentCall(legacy.name or "", legacy.arguments, is_legacy=True)


def known_tools(request: Request | None, choice: FoldedChoice | None) -> frozenset[str]:
    """Return the names of tools that a caller has: those declared, and those that were called."""
    declared = request.tools if request is not None else ()
    return frozenset((*declared, *(call.name for call in sent_calls(choice) if call.name)))


def pair(sent: Iterable[SentCall], said: Iterable[SaidCall], *, lenient: bool) -> Pairing:
    """Pair what was sent with what was said, first where the ids are equal too.

    `lenient`: arguments that were sent empty are the same as an empty object. That is not so in a stream that was cut:
    there the rest of them never came.
    """
    missing, left = list(sent), list(said)
    pairs: list[tuple[SentCall, SaidCall]] = []
    for by_id in (True, False):
        for call in tuple(missing):
            found = next(
                (one for one in left if _is_same(call, one, lenient) and (not by_id or one.id == call.id)), None
            )
            if found is not None:
                pairs.append((call, found))
                missing.remove(call)
                left.remove(found)
    return Pairing(tuple(pairs), tuple(missing), tuple(StrangeCall(call.name, call.arguments) for call in left))


def _is_same(sent: SentCall, said: SaidCall, lenient: bool) -> bool:  # noqa: FBT001 - private, passed on
    if sent.name != said.name:
        return False
    if sent.arguments == said.arguments:
        return True
    if sent.is_custom:
        return False
    meant, got = parsed_arguments(sent.arguments), parsed_arguments(said.arguments)
    if lenient and not sent.arguments.strip():
        meant = {}
    if lenient and not said.arguments.strip():
        got = {}
    return meant is not None and got is not None and _is_equal(meant, got)


def parsed_arguments(text: str) -> dict[str, object] | None:
    """Return the object that arguments are, whole numbers of any size kept; None where they are none."""
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (RecursionError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _refuse(name: str) -> object:
    raise ValueError(name)  # NaN and Infinity, which JSON does not have


def _is_equal(one: object, other: object) -> bool:
    """Compare JSON values; in Python true is 1, in JSON it is not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_equal, one, other))
    return one == other


def _brief(name: str, arguments: str) -> str:
    return f"{_cut(name) or 'a tool without a name'}({_cut(' '.join(arguments.split()))})"


def _cut(text: str) -> str:
    return text if len(text) <= _BRIEF else f"{text[: _BRIEF - 1]}…"
