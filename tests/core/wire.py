"""Chunks and streams written in short, and ways to feed and read them. No tests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import pairwise

from hypothesis import strategies as st

from deltaproof.exchange import End, Exchange, Head
from deltaproof.stream import Reader, Repeats, Subject, Transcript, read_request
from deltaproof.verdict import Judge, Judgement

DONE = b"data: [DONE]\n\n"


def event(value: object) -> bytes:
    """Return a plain event that carries a value as compact JSON, or bytes as they are."""
    raw = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return b"data: " + raw + b"\n\n"


def body(*values: object) -> bytes:
    """Return a stream of plain events without `[DONE]`."""
    return b"".join(event(value) for value in values)


def choice(delta: object, finish: object = None, *, index: object = 0) -> dict[str, object]:
    """Return an element of `choices`."""
    return {"index": index, "delta": delta, "finish_reason": finish}


def chunk(*choices: object, **rest: object) -> dict[str, object]:
    """Return a chunk with the constants that every chunk has."""
    constants = {"id": "c-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "m"}
    return {**constants, "choices": list(choices), **rest}


def says(**delta: object) -> dict[str, object]:
    """Return a chunk with one choice and its delta."""
    return chunk(choice(delta))


def calls(*entries: object) -> dict[str, object]:
    """Return a chunk whose only choice has these entries of tool calls."""
    return says(tool_calls=list(entries))


def opening(index: int = 0, name: str = "f", arguments: str = "", **rest: object) -> dict[str, object]:
    """Return an entry that opens a call as OpenAI does; the id is `call_` and the index."""
    function = {"name": name, "arguments": arguments}
    return {"index": index, "id": f"call_{index}", "type": "function", "function": function, **rest}


def more(arguments: object, index: int = 0, **rest: object) -> dict[str, object]:
    """Return an entry that continues a call as OpenAI does."""
    return {"index": index, "function": {"arguments": arguments}, **rest}


def finished(reason: object = "tool_calls") -> dict[str, object]:
    """Return the last chunk of a choice."""
    return chunk(choice({}, reason))


def pieces(stream: bytes, cuts: Iterable[int]) -> Iterator[bytes]:
    """Yield a stream in pieces, cut at some offsets; those beyond its end do no cut."""
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    return (stream[low:high] for low, high in pairwise(edges))


def byte_by_byte(stream: bytes) -> Iterator[bytes]:
    """Yield a stream one byte at a time."""
    return (stream[at : at + 1] for at in range(len(stream)))


def subjects(stream: bytes, *, request: dict[str, object] | None = None) -> list[Subject | Repeats]:
    """Return everything that a stream says, read in one piece."""
    reader = Reader(request=read_request(request) if request is not None else None)
    return [*reader.feed(stream), *reader.close()]


def read(parts: Iterable[bytes], *, end: End = End.EOF, head: Head | None = None) -> Transcript:
    """Return the transcript of a stream that comes in parts."""
    reader = Reader(head=head)
    for part in parts:
        for _ in reader.feed(part):
            pass
    *_, transcript = reader.close(end)
    assert isinstance(transcript, Transcript)
    return transcript


def transcript_of(*values: object) -> Transcript:
    """Return the transcript of a stream of plain events, read in one piece."""
    return read([body(*values)])


def judged(parts: Iterable[bytes], exchange: Exchange) -> Judgement:
    """Return the judgement of a stream that comes in parts, by the strictest profile."""
    judge = Judge(exchange, profile="openai-strict")
    for part in parts:
        judge.feed(part)
    return judge.close(exchange.end)


def cuts() -> st.SearchStrategy[list[int]]:
    """Return offsets at which to cut a stream: a few, or many close together."""
    return st.lists(st.integers(1, 4000), max_size=30)
