"""The form that nearly every request has, read at a tenth of the cost; what has any other form is left to h11.

Read is what h11 would read, and nothing that it would refuse; tests hold the two against each other.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_HEAD = re.compile(
    rb"([A-Z]{1,20}) (/[\x21-\x7e]*) HTTP/1\.1\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ \t]*[\x20-\x7e\t]*\r\n)+)\r\n"
)
_LINE = re.compile(rb"([^:]+):[ \t]*([^\r]*?)[ \t]*\r\n")
_OTHERWISE = frozenset({"transfer-encoding", "expect", "upgrade", "connection", "proxy-connection"})
_LONGEST = 64 * 2**10  # bytes of a head
_MOST_DIGITS = 7  # of a content-length


class PlainHead(NamedTuple):
    """The head of a request over HTTP/1.1 that keeps its connection; its body is told by its length, 0 without one."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    length: int
    size: int


def plain_head(content: bytes) -> PlainHead | None:
    """Read the head with which bytes begin, `size` bytes of them; None if it is not complete or has another form."""
    match = _HEAD.match(content, 0, _LONGEST)
    if match is None:
        return None
    headers = tuple((name.decode(), value.decode()) for name, value in _LINE.findall(match[3]))
    length, hosts = 0, 0
    lengths = 0
    for name, value in headers:
        lower = name.lower()
        if lower == "host":
            hosts += 1
        elif lower == "content-length":
            lengths += 1
            if not value.isdigit() or len(value) > _MOST_DIGITS:
                return None
            length = int(value)
        elif lower in _OTHERWISE and not (lower == "connection" and value.lower() == "keep-alive"):
            return None
    if hosts != 1 or lengths > 1:
        return None
    return PlainHead(match[1].decode(), match[2].decode(), headers, length, match.end())
