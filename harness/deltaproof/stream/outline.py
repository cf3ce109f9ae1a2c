"""What rules of moments see of a chunk: everything but the words. So two chunks of one outline deviate alike.

Where a rule could look at a fragment's text, what it says of one chunk would not hold for the next of the same shape.
The outline makes that impossible: a text is "…", or "" where it is empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import orjson

ELLIPSIS = "…"
_ARGUMENTS = ("arguments", "input")
_BODIES = ("delta", "message")
_OWN = (*_ARGUMENTS, "name", "id")
_CONSTANTS: Mapping[str, tuple[type, str | int]] = {
    "id": (str, ELLIPSIS),
    "created": (int, 1),
    "model": (str, ELLIPSIS),
}
_LONGEST_KEY = 2048  # keys are remembered beyond the stream; what is longer holds logprobs or the like, and is unique
_OPAQUE = ("obfuscation", "system_fingerprint")


class Envelope(NamedTuple):
    """The first usable value of each constant of the envelope, None until it was seen."""

    id: str | None = None
    created: int | None = None
    model: str | None = None


def of_body(body: Mapping[str, object]) -> dict[str, object]:
    """Return a delta with its texts outlined: every string but the role, and the arguments in its calls."""
    outlined: dict[str, object] = {}
    for key, value in body.items():
        if type(value) is str:
            outlined[key] = value if key == "role" or not value else ELLIPSIS
        elif key == "tool_calls" and type(value) is list:
            outlined[key] = [of_opening(element) if type(element) is dict else element for element in value]
        elif key == "function_call" and type(value) is dict:
            outlined[key] = _of_function(value)
        else:
            outlined[key] = value
    return outlined


def of_opening(entry: Mapping[str, object]) -> dict[str, object]:
    """Return an element of tool_calls with its arguments, its name and its id outlined."""
    return {
        key: {name: _in_outline(name, member) for name, member in value.items()}
        if type(value) is dict
        else _in_outline(key, value)
        for key, value in entry.items()
    }


def _in_outline(key: str, value: object) -> object:
    return ELLIPSIS if key in _OWN and type(value) is str and value else value


def of_entry(entry: Mapping[str, object]) -> dict[str, object]:
    """Return an element of tool_calls with its arguments outlined."""
    return {key: _of_function(value) if type(value) is dict else value for key, value in entry.items()}


def _of_function(function: dict[str, object]) -> dict[str, object]:
    return {
        key: ELLIPSIS if key in _ARGUMENTS and type(value) is str and value else value
        for key, value in function.items()
    }


def of_chunk(value: Mapping[str, object], first: Envelope) -> tuple[dict[str, object], Envelope]:
    """Return a chunk, and the constants before it, outlined.

    Of its choices the deltas and messages show only that they are there. A constant that is the stream's first, or
    becomes it, looks the same in every stream; one that differs is as it was sent.
    """
    outlined = dict(value)
    choices = value.get("choices")
    if type(choices) is list:
        outlined["choices"] = [_of_choice(choice) for choice in choices]
    known: list[str | int | None] = [*first]
    for position, (key, (kind, same)) in enumerate(_CONSTANTS.items()):
        told = value.get(key)
        if told and type(told) is kind and known[position] in (None, told):
            outlined[key] = same
            known[position] = known[position] and same
    for key in _OPAQUE:
        if type(outlined.get(key)) is str:
            outlined[key] = ELLIPSIS if outlined[key] else ""
    return outlined, Envelope(*known)  # type: ignore[arg-type]  # each has the type that it had


def _of_choice(choice: object) -> object:
    if type(choice) is not dict:
        return choice
    return {key: {} if key in _BODIES and type(value) is dict else value for key, value in choice.items()}


def key_of(value: object) -> str | None:
    """Return a key that only equal values have, None for a value too odd or too large to have one."""
    try:
        key = orjson.dumps(value).decode()  # the bytes that it writes keep 4 KiB each
    except TypeError:
        return None
    return key if len(key) <= _LONGEST_KEY else None
