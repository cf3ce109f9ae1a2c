"""A file that is one response as it was sent: an event stream, bare or under the heads that `curl -i` prints.

And what lies beside it: `NAME.request.json`, the request's body, and `NAME.headers`, what `curl -D` writes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from deltaproof.cassette.json_values import BOM, parse
from deltaproof.cassette.recording import Recording
from deltaproof.errors import UnreadableError
from deltaproof.exchange import Head

HEAD = re.compile(rb"HTTP/[0-9](?:\.[0-9])? ([0-9]{3})(?: [^\r\n]*)?\r?\n")
"""A status line."""

HEADS = 256 * 2**10
"""Bytes that all heads of a response together may have; curl itself takes no more than 300 KB."""

_LINE = re.compile(rb"([^\r\n]*)(?:\r?\n|$)")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", re.DOTALL)  # RFC 9110, 5.6.2: a token


@dataclass(frozen=True, slots=True)
class Beside:
    """What the files beside a response tell: its request and its head, None where they do not."""

    request: Mapping[str, object] | None = None
    head: Head | None = None


def recording(content: bytes, source: str, beside: Beside, *, asked: bool | None) -> Recording:
    """Read a response; `asked` tells whether a stream was asked for, where the name of the file says so.

    Raises `UnreadableError` if there is nothing to read, or if a head is broken off.
    """
    if not content and beside == Beside():
        raise UnreadableError("there is nothing in it", where=source)
    start = len(BOM) if content.startswith(BOM) and HEAD.match(content, len(BOM)) else 0
    head, body = split(content[start:], source)
    return Recording(body=body, head=head or beside.head, request=beside.request, asked=asked)


def split(content: bytes, source: str) -> tuple[Head | None, bytes]:
    """Split the heads from the body; of several, as from a proxy, a redirect or `100 Continue`, the last one counts."""
    head: Head | None = None
    position = number = 0
    while status := HEAD.match(content, position):
        fields: list[tuple[str, str]] = []
        position = status.end()
        number += 1
        while (line := _LINE.match(content, position)) and line.end() > position and line[1]:
            position = line.end()
            number += 1
            if position > HEADS:
                raise UnreadableError(f"the head has more than {HEADS // 2**10} KiB: it is not read", where=source)
            fields.append(_field(line[1], fields, f"{source}:{number}"))
        if not line or line.end() == position:
            raise UnreadableError("the head of the response is cut short: no empty line ends it", where=source)
        position = line.end()
        number += 1
        head = Head(int(status[1]), tuple(fields))
    return head, content[position:]


def request(content: bytes, source: str) -> Mapping[str, object]:
    """Read `NAME.request.json`."""
    parsed = parse(content, source)
    if isinstance(parsed, dict):
        return parsed
    raise UnreadableError("a request is a JSON object, and this is none", where=source)


def head(content: bytes, source: str) -> Head:
    """Read `NAME.headers`; the empty line at its end may be missing."""
    found, rest = split(content.rstrip(b"\r\n") + b"\n\n", source)
    if found and not rest:
        return found
    raise UnreadableError(
        "these are no response headers", where=source, hint="Write a status line first, such as `HTTP/1.1 200 OK`"
    )


def _field(line: bytes, before: list[tuple[str, str]], where: str) -> tuple[str, str]:
    """Read one header line; one that begins with a blank continues the line before, as RFC 9112 5.2 has it."""
    if line[:1] in {b" ", b"\t"} and before:
        name, value = before.pop()
        return name, f"{value} {line.strip().decode('latin-1')}".strip()
    field = _FIELD.fullmatch(line)
    if field is None:
        raise UnreadableError("this is no header line", where=where)
    return field[1].decode("ascii"), field[2].decode("latin-1")
