"""The YAML that vcrpy wrote, laid out for people: a body's lines are lines of the file. No value is changed here.

vcrpy's serializer folds bodies at 80 columns, escapes all that is not ASCII and sorts headers. Here each line of a body
becomes a line of a literal block, so that a diff in git shows which events changed; headers stand as they were sent.
What a literal block would lose or hide (carriage returns, control characters, a byte order mark, tabs, blanks at the
end of a line, which editors strip) is written in double quotes, still line by line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import yaml

HIDDEN = re.compile("[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""A character that a literal block cannot hold, or that nobody would see in one."""

_TRAILING = re.compile(r"[^\S\n](?=\n|\Z)")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_ESCAPED = re.compile(rf'["\\\n]|{HIDDEN.pattern}')
_ESCAPES: Mapping[str, str] = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_STEP = 2  # columns by which PyYAML indents
_TEXT = "tag:yaml.org,2002:str"


def laid_out(text: str, headers: Sequence[Sequence[Sequence[str]]]) -> str:
    """Lay out what vcrpy's serializer wrote; `headers` has for each interaction the names of both heads' headers."""
    pieces: list[str] = []
    done = 0
    for start, end, instead in _replacements(text, headers):
        pieces += [text[done:start], instead]
        done = end
    return "".join([*pieces, text[done:]])


def scalar(text: str, indent: int) -> str:
    """Write text as the value of a key, its lines indented by `indent` columns, which are 2 more than the key's.

    What follows it begins on a new line.
    """
    if not text:
        return "''"
    if HIDDEN.search(text) or _TRAILING.search(text):
        return _quoted(text, "\n" + " " * indent)
    return _literal(text, "\n" + " " * indent)


def _literal(text: str, margin: str) -> str:
    """Write a literal block; the block's indentation is told where the first line does not show it."""
    content = text.rstrip("\n")
    breaks = len(text) - len(content)
    told = str(_STEP) if text[0] in " \n" else ""
    keep = "-" if not breaks else "" if breaks == 1 and content else "+"
    lines = (margin + line if line else "\n" for line in content.split("\n"))
    return f"|{told}{keep}" + "".join(lines) + "\n" * (breaks - 1)


def _quoted(text: str, margin: str) -> str:
    """Write text in double quotes; YAML joins the lines, and drops the blanks before each that are not escaped."""
    lines = (_ESCAPED.sub(_escape, line) for line in _LINE.findall(text))
    return '"' + "".join("\\" + margin + (f"\\{line}" if line.startswith(" ") else line) for line in lines) + '"'


def _escape(match: re.Match[str]) -> str:
    """Return YAML's escape for one character."""
    code = ord(match[0])
    return _ESCAPES.get(match[0]) or (f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}")  # noqa: PLR2004 - one byte


def _replacements(text: str, headers: Sequence[Sequence[Sequence[str]]]) -> Iterator[tuple[int, int, str]]:
    """Yield from where to where in the file what stands instead, from top to bottom."""
    import yaml

    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    for interaction, (sent, received) in zip(_at(root, "interactions").value if root else (), headers, strict=True):
        yield from _body(_at(interaction, "request", "body"), _STEP * 3)
        if sent:
            yield _in_order(text, _at(interaction, "request", "headers"), sent)
        yield from _body(_at(interaction, "response", "body", "string"), _STEP * 4)
        if received:
            yield _in_order(text, _at(interaction, "response", "headers"), received)
        stream = _at(interaction, "response", "stream")
        if any(name.value == "answer" for name, _ in stream.value):
            yield from _body(_at(stream, "answer"), _STEP * 4)


def _at(node: yaml.Node, *path: str) -> yaml.Node:
    """Return what stands in mappings under a path of keys, all of which vcrpy writes."""
    for key in path:
        node = next(value for name, value in node.value if name.value == key)
    return node


def _body(node: yaml.Node, indent: int) -> Iterator[tuple[int, int, str]]:
    """Yield the text of a body; no text is null, and bytes that are not UTF-8."""
    if node.tag == _TEXT:
        yield node.start_mark.index, node.end_mark.index, scalar(node.value, indent)


def _in_order(text: str, headers: yaml.Node, names: Sequence[str]) -> tuple[int, int, str]:
    """Return the lines of the headers, one name's after the other's."""
    marks = [name.start_mark for name, _ in headers.value] + [headers.end_mark]
    starts = [text.rfind("\n", 0, mark.index) + 1 for mark in marks]
    written = {
        name.value: text[start:end] for (name, _), (start, end) in zip(headers.value, pairwise(starts), strict=True)
    }
    return starts[0], starts[-1], "".join(written[name] for name in names)
