"""What is recorded as constants in Python, for tests to hold. Writes no tests."""

from __future__ import annotations

import json

from deltaproof.exchange import Exchange

_LONGEST = 16_384
"""Bytes of a body that a person may read in a test."""

_WIDTH = 100
_BASIC = 0xFFFF  # beyond which JSON escapes a character as two, and Python as one


def is_told_by_constants(exchange: Exchange) -> bool:
    """Tell whether nothing of a response is lost in these constants, but when it came; and it is not too long."""
    if len(exchange.body) > _LONGEST:
        return False
    if exchange.head is None:
        return True
    names = [name.lower() for name, _ in exchange.head.headers]
    return exchange.head.status == 200 and len(names) == len(set(names))  # noqa: PLR2004 - what `check` takes it to be


def constants_of(exchange: Exchange) -> list[str]:
    """Return REQUEST and HEADERS, where they are known, and BODY as Python has them."""
    constants = []
    if exchange.request is not None:
        constants.append(f"REQUEST = {literal(dict(exchange.request))}")
    if exchange.head is not None:
        constants.append(f"HEADERS = {literal(dict(exchange.head.headers))}")
    lines = [f"    {line!r}" for line in exchange.body.splitlines(keepends=True)]
    return [*constants, "\n".join(("BODY = (", *lines, ")")) if lines else 'BODY = b""']


def literal(value: object, margin: str = "") -> str:
    """Return a JSON value as Python writes it, on several lines where one is too long."""
    inner = margin + "    "
    match value:
        case dict():
            parts = [f"{literal(key, inner)}: {literal(member, inner)}" for key, member in value.items()]
            begin, end = "{}"
        case list():
            parts = [literal(element, inner) for element in value]
            begin, end = "[]"
        case str():
            return ascii(value) if any(ord(character) > _BASIC for character in value) else json.dumps(value)
        case _:
            return repr(value)
    line = f"{begin}{', '.join(parts)}{end}"
    if len(margin) + len(line) <= _WIDTH and "\n" not in line:
        return line
    return "\n".join((begin, *(f"{inner}{part}," for part in parts), margin + end))
