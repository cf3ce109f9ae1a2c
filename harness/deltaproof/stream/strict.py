"""Bytes to one JSON value, strictly, with a name for what is wrong. Knows JSON, not chunks."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from typing import NamedTuple

import orjson

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_BRIEF = 60  # characters that fit into a sentence
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_CUT_VALUE = re.compile("-|t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?")
_CUT_NUMBER = re.compile(r"(?<=[0-9])(?:\.|[eE][+-]?)")  # the digits before were taken for a whole one
_CUT_ESCAPE = re.compile("u[0-9a-fA-F]{0,4}")


class Problem(StrEnum):
    """What is wrong with a text that should be one JSON object.

    With DUPLICATE_KEYS and LONE_SURROGATE there is a value all the same.
    """

    NONE = ""
    NOT_UTF8 = "not-utf8"
    TRUNCATED = "truncated"
    INVALID = "invalid"
    NOT_A_NUMBER = "not-a-number"
    TWO_DOCUMENTS = "two-documents"
    TRAILING_TEXT = "trailing-text"
    TOO_DEEP = "too-deep"
    NOT_AN_OBJECT = "not-an-object"
    DUPLICATE_KEYS = "duplicate-keys"
    LONE_SURROGATE = "lone-surrogate"


class Parsed(NamedTuple):
    """A JSON value with the problem it has; `value` is None where the problem left none."""

    value: object
    problem: Problem = Problem.NONE
    detail: str = ""


def parse(data: bytes) -> Parsed:
    """Parse one JSON object as RFC 8259 has it, any bytes accepted.

    Rejected are NaN and Infinity, text after the value, and nesting deeper than 254 levels; keys given twice and lone
    surrogates are reported beside the value.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        return _explain(data, str(error))
    if not isinstance(value, dict):
        return Parsed(None, Problem.NOT_AN_OBJECT, f"a JSON {_TYPE_NAMES[type(value)]}")
    try:
        key = _duplicate_key(data, value)
    except orjson.JSONEncodeError:
        return _TOO_DEEP
    return Parsed(value) if key is None else Parsed(value, Problem.DUPLICATE_KEYS, f"the key {key!r} stands twice")


def is_json(text: str) -> bool:
    """Tell whether a text is one JSON value."""
    try:
        orjson.loads(text)
    except ValueError:
        return False
    return True


def is_same_json(one: str, other: str) -> bool:
    """Tell whether two texts are one JSON value each, and equal, in whatever style they are written."""
    try:
        return bool(orjson.loads(one) == orjson.loads(other))
    except (RecursionError, ValueError):
        return False


def json_text(value: object) -> str:
    """Return a parsed value as compact JSON text, a lone surrogate escaped; "…" for what is nested too deep."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        pass
    try:
        return json.dumps(value, separators=(",", ":"))
    except RecursionError:
        return "…"


def in_brief(value: object) -> str:
    """Return a parsed value for a person: its JSON text; a long string is cut, another long value named by its type."""
    if isinstance(value, str) and len(value) > _BRIEF:
        return json_text(f"{value[:_BRIEF]}…")
    text = json_text(value)
    return text if len(text) <= _BRIEF or isinstance(value, str) else type_name(value)


_TYPE_NAMES = {
    list: "array",
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
    dict: "object",
}


def type_name(value: object) -> str:
    """Return the JSON name of a value's type, with its article: "an array", "null"."""
    name = _TYPE_NAMES[type(value)]
    if value is None:
        return name
    return f"{'an' if name[0] in 'ao' else 'a'} {name}"


def _duplicate_key(data: bytes, value: object) -> str | None:
    """Return a key that an object gives twice.

    A parser that keeps the last of two equal keys drops a string and its quotes. So where the value, written again,
    has as many quotes as the text, nothing was dropped; only otherwise, or where a quote may be escaped in another
    way, is the text parsed a second time.
    """
    again = orjson.dumps(value)
    if again == data or (again.count(b'"') == data.count(b'"') and b"\\u0022" not in data):
        return None
    twice: list[str] = []

    def look(pairs: list[tuple[str, object]]) -> None:
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                twice.append(name)
            seen.add(name)

    try:
        json.loads(data, object_pairs_hook=look, parse_int=float)
    except (RecursionError, ValueError):
        return None
    return twice[0] if twice else None


def _explain(data: bytes, complaint: str) -> Parsed:
    """Name what the fast parser refused."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return Parsed(None, Problem.NOT_UTF8, f"byte {data[error.start]:#04x} at {error.start} is not UTF-8")
    if is_too_deep(data):
        return _TOO_DEEP
    constants: list[str] = []
    decoder = json.JSONDecoder(parse_constant=constants.append, parse_int=_number)
    start = len(text) - len(text.lstrip(" \t\r\n"))
    try:
        value, end = decoder.raw_decode(text, start)
    except json.JSONDecodeError as error:
        if error.pos >= len(text) or _is_cut(text, error):
            return Parsed(None, Problem.TRUNCATED, f"the JSON text ends inside, after {len(text):,} characters")
        return Parsed(None, Problem.INVALID, f"{error.msg} at character {error.pos}")
    rest = text[end:].strip(" \t\r\n")
    if constants:
        return Parsed(None, Problem.NOT_A_NUMBER, f"{constants[0]} is no JSON")
    if rest:
        if rest[0] in "{[":
            return Parsed(None, Problem.TWO_DOCUMENTS, f"a second document starts at character {text.index(rest, end)}")
        return Parsed(None, Problem.TRAILING_TEXT, f"{rest[:40]!r} follows the value")
    if not isinstance(value, dict):
        return Parsed(None, Problem.NOT_AN_OBJECT, f"a JSON {_TYPE_NAMES[type(value)]}")
    if half := _lone_surrogate(value):
        return Parsed(value, Problem.LONE_SURROGATE, f"{half} without its other half")
    return Parsed(None, Problem.INVALID, complaint)


def _number(digits: str) -> float:
    """Return an integer as the fast parser does: a float where it does not fit into 64 bits."""
    if len(digits) <= len("-9223372036854775808") and -(2**63) <= int(digits) < 2**64:
        return int(digits)
    return float(digits)


def _is_cut(text: str, error: json.JSONDecodeError) -> bool:
    """Tell whether what the parser stumbled over is the beginning of something that goes on after the text's end."""
    match error.msg.split()[0]:
        case "Unterminated":
            return True
        case "Expecting" if error.msg == "Expecting value":
            return _CUT_VALUE.fullmatch(text, error.pos) is not None
        case "Expecting":
            return _CUT_NUMBER.fullmatch(text, error.pos) is not None
        case _:
            return _CUT_ESCAPE.fullmatch(text, error.pos) is not None


_DEPTH = 254
"""As deep as the fast parser writes; it reads 1,024 levels, and recursion in C, as of `==`, ends before 1,000."""

_TOO_DEEP = Parsed(None, Problem.TOO_DEEP, f"nested more than {_DEPTH} levels deep")


def is_too_deep(text: bytes) -> bool:
    """Tell whether brackets nest more than 254 levels deep, those in strings not counted.

    How deep Python's own parser goes differs from one Python to the next: to judge alike, ask here first.
    """
    if text.count(b"[") + text.count(b"{") <= _DEPTH:
        return False
    depth = 0
    for bracket in _STRING.sub(b"", text).translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > _DEPTH:
            return True
    return False


def _lone_surrogate(value: object) -> str | None:
    """Return the first half of a surrogate pair that stands alone in some string, escaped."""
    pending = [value]
    while pending:
        match pending.pop():
            case dict() as members:
                pending += members.keys()
                pending += members.values()
            case list() as elements:
                pending += elements
            case str() as text:
                if half := re.search("[\ud800-\udfff]", text):
                    return f"\\u{ord(half[0]):04x}"
    return None
