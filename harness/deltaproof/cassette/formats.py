"""Which format a file is in, by what stands in it, and its recordings as sightings. Each format has its own file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from enum import Enum, auto
from typing import BinaryIO, TypeAlias

from deltaproof.cassette import chunklists, eventstream, interactions
from deltaproof.cassette.eventstream import Beside
from deltaproof.cassette.json_values import BOM, parse
from deltaproof.cassette.recording import Placed, Recording, Sighting, Unrecognised
from deltaproof.cassette.sift import PLAIN
from deltaproof.errors import UnreadableError
from deltaproof.exchange import Exchange, Skipped

EXTENSIONS = frozenset({".sse", ".txt", ".http", ".yaml", ".yml", ".json", ".jsonl", ".ndjson", ".har"})
"""The names under which recordings are looked for in a folder."""

STREAM, YAML = ".sse", frozenset({".yaml", ".yml"})
_START = 64 * 2**10  # bytes that decide on the format
_FIELD = re.compile(rb"(?:data|event|id|retry)(?::|[\r\n]|$)|:")
_CHUNK = re.compile(rb"^data: ?(?:\{|\[DONE\])", re.MULTILINE)
_CASSETTE = re.compile(rb"^(?:interactions|http_interactions|recorded_with|when|then|version):", re.MULTILINE)


Turn: TypeAlias = Callable[[Recording, str, int], Exchange | Skipped]
"""What makes an exchange of a recording from a source at a position, or says why it is none."""


class _Format(Enum):
    """How a file is to be read."""

    RESPONSE = auto()
    YAML = auto()
    JSON = auto()


def read(
    stream: BinaryIO, source: str, extension: str, beside: Beside, turn: Turn
) -> Iterator[Sighting | Unrecognised]:
    """Yield what a seekable file holds, one entry at a time.

    Raises `UnreadableError` where reading cannot go on; what is wrong with one entry is yielded, and the next follows.
    """
    start = stream.read(_START)
    stream.seek(0)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableError("the file is UTF-16, which no recorder writes", where=source, hint=_UTF16_HINT)
    match _format(start, extension):
        case _Format.RESPONSE:
            asked = True if extension == STREAM else None
            whole = eventstream.recording(stream.read(), source, beside, asked=asked)
            yield from _sightings([Placed(whole)], source, turn)
        case _Format.YAML:
            yield from _sightings(interactions.from_yaml(stream, source), source, turn)
        case _Format.JSON if chunklists.lines_of_json(stream):
            yield from _sightings(chunklists.from_lines(stream, source), source, turn)
        case _Format.JSON:
            yield from _sightings(_document(parse(stream.read(), source), source), source, turn)
        case None:
            yield Unrecognised("it begins like none")


_UTF16_HINT = "PowerShell's `>` writes it; let curl write the file itself with `-o`"


def _format(start: bytes, extension: str) -> _Format | None:
    """Tell how a file is to be read; its extension only decides what its content leaves open."""
    content = start.removeprefix(BOM)
    text = content.lstrip()
    if extension == STREAM or not start or eventstream.HEAD.match(content):
        return _Format.RESPONSE
    if extension in YAML:
        return _Format.RESPONSE if _CHUNK.search(start) and not _CASSETTE.search(start) else _Format.YAML
    if _FIELD.match(text):
        return _Format.RESPONSE
    if text[:1] in {b"{", b"["}:
        return _Format.JSON
    return _Format.YAML if _CASSETTE.search(start) else None


def _document(document: object, source: str) -> Iterator[Placed | Skipped | Unrecognised]:
    """Yield what one JSON value holds."""
    match document:
        case list() if chunklists.are_chunks(document):
            yield Placed(chunklists.recording(document))
        case dict() if document.get("object") == "chat.completion":
            yield Skipped(source, PLAIN)
        case dict() if chunklists.is_chunk(document):
            yield Placed(chunklists.recording([document]))
        case dict():
            yield from interactions.from_json(document, source)
        case _:
            yield Unrecognised("it is JSON, but no cassette, HAR file or list of chunks")


def _sightings(
    found: Iterable[Placed | Skipped | Unrecognised], source: str, turn: Turn
) -> Iterator[Sighting | Unrecognised]:
    """Turn recordings into what is to be judged or named, numbered from 0."""
    entry = 0
    for one in found:
        match one:
            case Placed():
                yield _sighting(one, source, entry, turn)
                entry += 1
            case _:
                yield one


def _sighting(placed: Placed, source: str, entry: int, turn: Turn) -> Sighting:
    """Turn one recording; an error gets its place."""
    where = f"{source}:{placed.line} (entry {entry})" if placed.line else f"{source} (entry {entry})"
    try:
        if not isinstance(placed.recording, UnreadableError):
            return turn(placed.recording, source, entry)
        error = placed.recording
    except UnreadableError as raised:
        error = raised
    return located(error, where)


def located(error: UnreadableError, where: str) -> UnreadableError:
    """Return an error with its place, or with `where` if it does not know one."""
    return UnreadableError(error.what, where=error.where or where, hint=error.hint)
