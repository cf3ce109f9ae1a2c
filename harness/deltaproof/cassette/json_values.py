"""JSON text to values, and where it is broken. Knows no recording format."""

from __future__ import annotations

import json
from collections.abc import Mapping

import orjson

from deltaproof.errors import UnreadableError

CONTAINERS = 16_000_000
"""Brackets and braces that a document may have: each costs many times its own byte once it is parsed."""

BOM = b"\xef\xbb\xbf"


def parse(content: bytes, source: str, *, line: int = 1) -> object:
    """Parse a document whose first line is line `line` of `source`.

    What orjson refuses and Python's parser takes (NaN, lone surrogates) is taken: other recorders write it.
    Raises `UnreadableError` with line and column.
    """
    content = content.removeprefix(BOM)
    if content.count(b"[") + content.count(b"{") > CONTAINERS:
        raise UnreadableError(f"the JSON has more than {CONTAINERS:,} brackets: it is not read", where=source)
    try:
        parsed: object = orjson.loads(content)
    except orjson.JSONDecodeError:
        parsed = _slowly(content, source, line)
    return parsed


def loads(content: bytes | str) -> object:
    """Parse one value, or return None for what is not JSON."""
    try:
        parsed: object = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    return parsed


def loads_object(content: bytes | str) -> Mapping[str, object] | None:
    """Parse one object, or return None for what is no JSON object."""
    parsed = loads(content)
    return parsed if isinstance(parsed, dict) else None


def dumps(value: object) -> bytes:
    """Write a parsed value again, on one line.

    Python's own writer keeps what orjson would turn into null or refuse: NaN and lone surrogates, which are escaped.
    """
    try:
        written = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        return written.encode() if _is_utf8(written) else json.dumps(value, separators=(",", ":")).encode()
    except RecursionError as error:
        raise UnreadableError("the JSON is nested too deeply") from error


def _slowly(content: bytes, source: str, line: int) -> object:
    """Parse with Python's parser, which also says where it stopped."""
    try:
        parsed: object = json.loads(content)
    except json.JSONDecodeError as error:
        where = f"{source}:{line + error.lineno - 1}:{error.colno}"
        raise UnreadableError(f"not valid JSON: {_lower(error.msg)}", where=where) from error
    except UnicodeDecodeError as error:
        before = content[: error.start]
        row, column = line + before.count(b"\n"), error.start - before.rfind(b"\n")
        where = f"{source}:{row}:{column}"
        raise UnreadableError(f"not valid {error.encoding.upper()}: {error.reason}", where=where) from error
    except RecursionError as error:
        raise UnreadableError("the JSON is nested too deeply", where=f"{source}:{line}") from error
    return parsed


def _is_utf8(written: str) -> bool:
    """Tell whether text can be written as UTF-8, which has no lone surrogates."""
    try:
        written.encode()
    except UnicodeEncodeError:
        return False
    return True


def _lower(sentence: str) -> str:
    """Write a parser's sentence as the continuation of ours."""
    return sentence[:1].lower() + sentence[1:]
