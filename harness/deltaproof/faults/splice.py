"""JSON text rewritten where its value changed, and nowhere else. Knows JSON and how a server writes it, no chunks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

_DECODER = json.JSONDecoder()
_SPACES = re.compile(r"[ \t\r\n]*")
_HALVES = re.compile("[\ud800-\udfff]")


class Style(NamedTuple):
    """How a server writes JSON: what follows a key, what parts members, and whether beyond ASCII it escapes."""

    colon: str
    comma: str
    escapes: bool

    def text(self, value: object) -> str:
        """Return a value's JSON text in this style; a lone half of a surrogate pair is escaped in any."""
        text = json.dumps(value, ensure_ascii=self.escapes, separators=(self.comma, self.colon))
        return _HALVES.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def style_of(text: str, *, escapes: bool) -> Style:
    """Return the style of an object's JSON text, told by its first two members; compact where it has fewer."""
    text = text.strip(" \t\r\n")
    members = list(islice(_parts(text), 2))
    colon = text[members[0].key_end : members[0].start] if members else ":"
    comma = text[members[0].end : members[1].begin] if len(members) > 1 else ","
    return Style(colon, comma, escapes)


def splice(text: str, value: object, style: Style) -> str:
    """Return a JSON text that means `value`; what the text and the value have in common stays as it is written.

    Members that are new follow the order of the value and the style; the rest keeps its spaces, escapes, digits and
    keys given twice.
    """
    start = _skip(text, 0)
    old, end = _DECODER.raw_decode(text, start)
    return text[:start] + _changed(text[start:end], old, value, style) + text[end:]


class _Part(NamedTuple):
    """A member of an object, or an element of an array: where it begins, its key ends, its value starts and ends."""

    key: object
    begin: int
    key_end: int
    start: int
    end: int
    old: object


def _changed(raw: str, old: object, new: object, style: Style) -> str:
    """Return the text of a value that was `old`, written as `raw`, and is `new`."""
    if json.dumps(old) == json.dumps(new):  # not ==, which takes true for 1
        return raw
    if isinstance(old, dict) and isinstance(new, dict):
        members = [(key, value, style.text(key) + style.colon) for key, value in new.items()]
    elif isinstance(old, list) and isinstance(new, list):
        members = [(position, value, "") for position, value in enumerate(new)]
    else:
        return style.text(new)
    parts = list(_parts(raw))
    known: dict[object, list[_Part]] = {}
    for part in parts:
        known.setdefault(part.key, []).append(part)
    texts = []
    for key, value, before in members:
        *twice, last = known.get(key, [None])
        texts += [raw[part.begin : part.end] for part in twice if part]
        texts.append(
            raw[last.begin : last.start] + _changed(raw[last.start : last.end], last.old, value, style)
            if last
            else before + style.text(value)
        )
    comma = raw[parts[0].end : parts[1].begin] if len(parts) > 1 else style.comma
    head = raw[: parts[0].begin] if parts else raw[0]
    tail = raw[parts[-1].end :] if parts else raw[-1]
    return head + comma.join(texts) + tail


def _parts(raw: str) -> Iterator[_Part]:
    """Yield the parts of the text of one object or array."""
    position = _skip(raw, 1)
    number = 0
    while raw[position] not in "}]":
        begin = key_end = position
        key: object = number
        if raw[0] == "{":
            key, key_end = _DECODER.raw_decode(raw, begin)
            position = _skip(raw, _skip(raw, key_end) + 1)
        old, end = _DECODER.raw_decode(raw, position)
        yield _Part(key, begin, key_end, position, end, old)
        number += 1
        position = _skip(raw, end)
        if raw[position] == ",":
            position = _skip(raw, position + 1)


def _skip(text: str, position: int) -> int:
    """Return the next position that is no white space."""
    spaces = _SPACES.match(text, position)
    return spaces.end() if spaces else position
