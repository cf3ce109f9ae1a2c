"""Chunks without their framing: JSON lines of chunks or of lists of chunks, and one JSON list of chunks.

The framing is rebuilt, so neither it nor `[DONE]` is evidence; the text of a chunk on a line of its own is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from deltaproof.cassette.json_values import BOM, dumps, parse
from deltaproof.cassette.look import protocol_of
from deltaproof.cassette.recording import Placed, Recording, Unrecognised
from deltaproof.errors import UnreadableError
from deltaproof.exchange import Fidelity

LINE = 64 * 2**20
"""Bytes that one line may have."""

_DONE = b"[DONE]"


def is_chunk(value: object) -> bool:
    """Tell whether a value is a chunk of some protocol's stream."""
    return isinstance(value, dict) and protocol_of(value) is not None and value.get("object") != "chat.completion"


def are_chunks(value: object) -> bool:
    """Tell whether a value is a list that begins with a chunk."""
    return isinstance(value, list) and bool(value) and is_chunk(value[0])


def recording(chunks: Iterable[object]) -> Recording:
    """Rebuild the stream that parsed chunks came from."""
    return _rebuilt(dumps(chunk) for chunk in chunks)


def from_lines(stream: BinaryIO, source: str) -> Iterator[Placed | Unrecognised]:
    """Yield one recording for lines of chunks, or one for each line that is a list of them.

    Raises `UnreadableError` with line and column for a line that is not JSON, as the last one of a file cut short.
    """
    single: list[bytes] = []
    first = 0
    for number, line in _lines(stream, source):
        value = None if line == _DONE and single else parse(line, source, line=number)
        if not first and not (is_chunk(value) or are_chunks(value)):
            yield Unrecognised("its lines are JSON, but no chunks")
            return
        first = first or number
        if isinstance(value, list):
            yield Placed(recording(value), number)
        elif isinstance(value, dict) or line == _DONE:
            single.append(line)
        else:
            raise UnreadableError("this line is neither a chunk nor a list of chunks", where=f"{source}:{number}")
    if single:
        yield Placed(_rebuilt(single), first)


def lines_of_json(stream: BinaryIO) -> bool:
    """Tell whether a file that begins as JSON is lines of JSON: its first line is complete, and more follow."""
    stream.seek(0)
    first = stream.readline(LINE).removeprefix(BOM)
    more = bool(stream.read(2**16).strip())
    stream.seek(0)
    try:
        return more and parse(first, "") is not None
    except UnreadableError:
        return False


def _lines(stream: BinaryIO, source: str) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, with their numbers."""
    number = 0
    while line := stream.readline(LINE + 1):
        number += 1
        if len(line) > LINE:
            raise UnreadableError(
                f"a line of more than {LINE // 2**20} MiB: it is not read", where=f"{source}:{number}"
            )
        stripped = line.removeprefix(BOM).strip()
        if stripped:
            yield number, stripped


def _rebuilt(chunks: Iterable[bytes]) -> Recording:
    """Frame chunks as a server would."""
    body = b"".join(b"data: %s\n\n" % chunk for chunk in chunks)
    return Recording(body=body, asked=True, fidelity=Fidelity.RECONSTRUCTED)
