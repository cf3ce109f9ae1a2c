"""Files that list what was recorded, in YAML or JSON: who recorded each entry. How one entry is read is elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import BinaryIO

from deltaproof.cassette import govcr, har, httpmock, rubyvcr, vcrpy
from deltaproof.cassette.recording import DocumentEnd, Part, Placed, Recording, Unrecognised
from deltaproof.errors import UnreadableError
from deltaproof.exchange import Skipped

LISTS = {"interactions": "version", "http_interactions": "recorded_with"}
"""The keys that hold a list of interactions, each with the key that its recorders write beside it."""

WHEN, THEN = "when", "then"


def from_yaml(stream: BinaryIO, source: str) -> Iterator[Placed | Skipped | Unrecognised]:
    """Yield the recordings of a YAML file one by one; raises `UnreadableError` where the file breaks off."""
    from deltaproof.cassette.yaml_values import parts  # here, since PyYAML costs more than the rest of a start

    yield from _recordings(parts(stream, source, lists=LISTS, whole=frozenset({WHEN, THEN})), source)


def from_json(document: Mapping[str, object], source: str) -> Iterator[Placed | Skipped | Unrecognised]:
    """Yield the recordings of a JSON document: a cassette of a JSON serializer, or a HAR file."""
    yield from _recordings(_parts(document), source)


def _parts(document: Mapping[str, object]) -> Iterator[Part | DocumentEnd]:
    """Yield what a JSON document lists as a YAML file's parts are; it cannot be cut short and still parse."""
    keys = set(document)
    for key, value in document.items():
        entries = value.get("entries") if key == "log" and isinstance(value, dict) else value
        if (key in LISTS or key == "log") and isinstance(entries, list):
            for entry in entries:
                yield Part(key, entry)
        elif key == "log":
            keys.discard(key)
        else:
            yield Part(key, value)
    yield DocumentEnd(frozenset(keys))


def _recordings(parts: Iterable[Part | DocumentEnd], source: str) -> Iterator[Placed | Skipped | Unrecognised]:
    """Yield a recording for each entry; a file of a known format that lists nothing is told from an unknown one."""
    count = 0
    recognised = False
    mock: dict[str, Part] = {}
    for part in parts:
        match part:
            case Part(key=key) if key in _READERS:
                count += 1
                yield _placed(part.line, _READERS[key], part.value)
            case Part(key=key) if key in {WHEN, THEN}:
                mock[key] = part
            case DocumentEnd(keys=keys):
                recognised |= not keys.isdisjoint(_READERS)
                if mock:
                    count += 1
                    yield _mock(mock)
                    mock = {}
    if not count:
        yield (
            Skipped(source, "a cassette without interactions")
            if recognised
            else Unrecognised("no key at its top level is that of one")
        )


def _placed(line: int, read: Callable[[object], Recording], value: object) -> Placed:
    """Read one entry, and keep what is wrong with it from hiding the others."""
    try:
        return Placed(read(value), line)
    except UnreadableError as error:
        return Placed(error, line)


def _interaction(value: object) -> Recording:
    """Read an entry of `interactions`, which is what vcrpy and go-vcr both call theirs."""
    match value:
        case {"request": {"url": _}, "response": {"body": str() | bytes() | None}}:
            return govcr.recording(value)
        case _:
            return vcrpy.recording(value)


def _mock(mock: Mapping[str, Part]) -> Placed:
    """Read a document of httpmock, which is a `when` and a `then`."""
    line = min(part.line for part in mock.values())
    if len(mock) == 1:
        missing = THEN if WHEN in mock else WHEN
        return Placed(UnreadableError(f"`{missing}` is missing: the file is cut short or damaged"), line)
    return _placed(line, lambda value: httpmock.recording(value, mock[THEN].value), mock[WHEN].value)


_READERS: Mapping[str, Callable[[object], Recording]] = {
    "interactions": _interaction,
    "http_interactions": rubyvcr.recording,
    "log": har.recording,
}
