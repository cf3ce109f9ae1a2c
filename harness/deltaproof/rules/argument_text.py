"""What the joined arguments of a call are: one object, the beginning of one, or what went wrong. No rule lives here."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from typing import NamedTuple, NoReturn

from deltaproof.stream import Place, Text, ToolCall
from deltaproof.stream.strict import is_too_deep

SPACE = " \t\r\n"
"""What JSON takes for white space; str.strip() alone takes more."""


class Form(StrEnum):
    """What a text is that should be one JSON object.

    RESENT, CUMULATIVE and RETRACTED are what fragments make that do not only append; TRAILING has something else
    after a whole value; INVALID is the beginning of no JSON text and none of these.
    """

    OBJECT = "object"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    NULL = "null"
    NOT_AN_OBJECT = "not-an-object"
    ENCODED_TWICE = "encoded-twice"
    RESENT = "resent"
    CUMULATIVE = "cumulative"
    RETRACTED = "retracted"
    TRAILING = "trailing"
    INVALID = "invalid"


NOT_APPENDED = frozenset({Form.RESENT, Form.CUMULATIVE, Form.RETRACTED, Form.TRAILING})


class Reading(NamedTuple):
    """A text's form, and the position of the character that decides it; the text's end where it is merely cut."""

    form: Form
    position: int = 0


class Scan(NamedTuple):
    """Where the first JSON value ends, None if it does not; where the text stops being the beginning of one, if so."""

    end: int | None
    wrong: int | None


def read_arguments(arguments: Text) -> Reading:
    """Return what the joined fragments are; time and memory grow with the text's length only, whatever it says."""
    text = str(arguments)
    if not text.strip(SPACE):
        return Reading(Form.EMPTY)
    try:
        value = _parsed(text)
    except (RecursionError, ValueError):
        return _explain(arguments, text)
    if isinstance(value, dict):
        return Reading(Form.OBJECT)
    return Reading(_form_of(value))


def place_of(call: ToolCall, position: int) -> Place:
    """Return where the fragment is that brought a character of a call's arguments."""
    fragment = call.arguments.at(position)
    return Place(fragment.event, fragment.offset, call.choice, call.index) if fragment else call.place


def around(text: str, position: int) -> str:
    """Return the few characters before and after a position."""
    return text[max(0, position - 40) : position + 40]


def scan(text: str) -> Scan:
    """Follow RFC 8259 through a text, token by token; without recursion, so that any depth will do."""
    open_brackets: list[str] = []
    expected = _VALUE
    position = _skip_space(text, 0)
    while position < len(text):
        token = expected.match(text, position)
        if token is None:
            return Scan(None, None if _UNFINISHED[expected].fullmatch(text, position) else position)
        match token[0][0]:
            case "{" | "[" as bracket:
                open_brackets.append(bracket)
                expected = _KEY_OR_END if bracket == "{" else _VALUE_OR_END
            case ":":
                expected = _VALUE
            case ",":
                expected = _KEY if open_brackets[-1] == "{" else _VALUE
            case '"' if expected is _KEY or expected is _KEY_OR_END:
                expected = _COLON
            case first:
                if first in "}]":
                    open_brackets.pop()
                if not open_brackets:
                    rest = _skip_space(text, token.end())
                    return Scan(token.end(), rest if rest < len(text) else None)
                expected = _MORE_MEMBERS if open_brackets[-1] == "{" else _MORE_ELEMENTS
        position = _skip_space(text, token.end())
    return Scan(None, None)


def _skip_space(text: str, position: int) -> int:
    """Return the next position that is no white space, the text's end where there is none."""
    spaces = _SPACES.match(text, position)
    return spaces.end() if spaces else position


_SPACES = re.compile(rf"[{SPACE}]*+")
_CHARACTERS = r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+'
_STRING = _CHARACTERS + '"'
_SCALAR = rf"{_STRING}|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|true|false|null"
_VALUE = re.compile(rf"[{{\[]|{_SCALAR}")
_VALUE_OR_END = re.compile(rf"[{{\[\]]|{_SCALAR}")
_KEY = re.compile(_STRING)
_KEY_OR_END = re.compile(rf"\}}|{_STRING}")
_COLON = re.compile(":")
_MORE_MEMBERS = re.compile("[,}]")
_MORE_ELEMENTS = re.compile(r"[,\]]")

_UNFINISHED_STRING = _CHARACTERS + r"(?:\\(?:u[0-9a-fA-F]{0,3})?)?"
_UNFINISHED_SCALAR = rf"{_UNFINISHED_STRING}|-|t|tr|tru|f|fa|fal|fals|n|nu|nul"
_UNFINISHED_NUMBER = re.compile(r"(?<=[0-9])(?:\.|[eE][+-]?)")  # the digits before were taken for a whole one
_NEVER = re.compile(r"(?!)")
_UNFINISHED = {
    _VALUE: re.compile(_UNFINISHED_SCALAR),
    _VALUE_OR_END: re.compile(_UNFINISHED_SCALAR),
    _KEY: re.compile(_UNFINISHED_STRING),
    _KEY_OR_END: re.compile(_UNFINISHED_STRING),
    _COLON: _NEVER,
    _MORE_MEMBERS: _UNFINISHED_NUMBER,
    _MORE_ELEMENTS: _UNFINISHED_NUMBER,
}


def _parsed(text: str) -> object:
    """Return the JSON value of a text, whole numbers as floats; ValueError if it has none or nests too deep."""
    if is_too_deep(text.encode(errors="replace")):
        raise ValueError
    return json.loads(text, parse_int=float, parse_constant=_refuse)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _form_of(value: object) -> Form:
    """Return the form of a JSON value that is no object."""
    if value is None:
        return Form.NULL
    if isinstance(value, str) and (inner := value.strip(SPACE)).startswith("{") and scan(inner) == (len(inner), None):
        return Form.ENCODED_TWICE
    return Form.NOT_AN_OBJECT


def _explain(arguments: Text, text: str) -> Reading:
    """Return the form of a text that the parser refused."""
    end, wrong = scan(text)
    if end is not None and wrong is None:  # too deep for the parser, or a number that it cannot hold
        return Reading(Form.OBJECT if text.lstrip(SPACE).startswith("{") else Form.NOT_AN_OBJECT)
    if end is not None and wrong is not None:
        return Reading(Form.RESENT if _repeats(text[:end], text[wrong:]) else Form.TRAILING, wrong)
    snapshot = _second_snapshot(arguments)
    if snapshot is not None and (wrong is not None or _is_object(text[snapshot:])):
        return Reading(Form.CUMULATIVE, snapshot)
    if wrong is None:
        return Reading(Form.TRUNCATED, len(text))
    broken = arguments.at(wrong)
    if broken and broken.start and _is_object(text[broken.start :]):
        return Reading(Form.RETRACTED, broken.start)
    return Reading(Form.INVALID, wrong)


def _repeats(value: str, rest: str) -> bool:
    """Tell whether what follows a value is that value again, perhaps written differently."""
    if not rest.replace(value.strip(SPACE), "").strip(SPACE):
        return True
    try:
        return bool(_parsed(value) == _parsed(rest))
    except (RecursionError, ValueError):
        return False


def _second_snapshot(arguments: Text) -> int | None:
    """Return where the second begins of fragments that each repeat the one before and go on, None if they do not."""
    pieces = (piece for piece in arguments.pieces() if piece.text.strip(SPACE))
    first = last = next(pieces, None)
    second: int | None = None
    for piece in pieces:
        if last is None or not piece.text.startswith(last.text):
            return None
        second = piece.start if second is None else second
        last = piece
    if first is None or last is None or len(last.text) == len(first.text):
        return None
    return second if scan(last.text).wrong is None else None


def _is_object(text: str) -> bool:
    end, wrong = scan(text)
    return end is not None and wrong is None and text.lstrip(SPACE).startswith("{")
