"""YAML text to values, a part at a time, safe to use on files from strangers. Knows no recording format.

Built on libyaml's events: nothing but text, bytes, numbers, truth values, null, lists and mappings come out, whatever
the tags say. Aliases share what they name and are counted at full size, so that a bomb is refused, not expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO, NoReturn, Protocol

import yaml

from deltaproof.cassette.fields import from_base64
from deltaproof.cassette.recording import DocumentEnd, Part
from deltaproof.errors import UnreadableError

DEPTH = 100
"""How deep lists and mappings may be nested."""

NODES = 200_000
"""How many values one part may have."""

ALIASED = 16 * 2**20
"""Values and characters that all aliases of a file together may stand for."""

_STANDARD = "tag:yaml.org,2002:"
_BINARY = frozenset({_STANDARD + "binary", "!binary"})
_TYPED = frozenset({_STANDARD + name for name in ("null", "bool", "int", "float")})
_CONSTANTS: Mapping[str, object] = {
    **dict.fromkeys(("", "~", "null"), None),
    **dict.fromkeys(("true", "yes", "on"), True),
    **dict.fromkeys(("false", "no", "off"), False),
}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?([0-9]{1,30}\.[0-9]{0,30}|\.[0-9]{1,30})([eE][-+]?[0-9]{1,3})?")


def parts(
    stream: BinaryIO, source: str, *, lists: Mapping[str, str], whole: frozenset[str]
) -> Iterator[Part | DocumentEnd]:
    """Read top-level mappings, keeping one part at a time in memory.

    Of a key in `lists` each entry is a part; its value there is the key that a recorder writes beside the list, and
    without it the file was cut short: the last entry is then withheld. Of a key in `whole` the value is a part. Other
    keys are passed over. Raises `UnreadableError` with line and column.
    """
    loader = yaml.CSafeLoader(stream)
    try:
        yield from _Walker(loader, source, lists, whole).documents()
    except yaml.MarkedYAMLError as error:
        problem = " ".join(part for part in (error.context, error.problem) if part)
        _refuse(f"not valid YAML: {problem}", source, error.problem_mark or error.context_mark)
    except yaml.reader.ReaderError as error:
        stream.seek(0)
        before = stream.read(error.position)
        row, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        raise UnreadableError(f"not valid YAML: {error.reason}", where=f"{source}:{row}:{column}") from error
    finally:
        loader.dispose()


class _Mark(Protocol):
    """A place in a file, as PyYAML's two parsers name it: both numbers count from 0."""

    line: int
    column: int


class _Walker:
    """Goes through the events of a file once."""

    def __init__(self, loader: yaml.CSafeLoader, source: str, lists: Mapping[str, str], whole: frozenset[str]) -> None:
        self._loader = loader
        self._source = source
        self._lists = lists
        self._whole = whole
        self._anchors: dict[str, tuple[object, int]] = {}
        self._aliased = 0
        self._nodes = 0

    def documents(self) -> Iterator[Part | DocumentEnd]:
        """Yield the parts of all documents."""
        while True:
            match event := self._next():
                case yaml.StreamEndEvent():
                    return
                case yaml.MappingStartEvent():
                    yield from self._top_level()
                case yaml.NodeEvent():
                    self._skip(event)
                    yield DocumentEnd(frozenset())
                case yaml.DocumentStartEvent():
                    self._anchors.clear()

    def _top_level(self) -> Iterator[Part | DocumentEnd]:
        """Yield the parts of one top-level mapping."""
        keys = set[str]()
        held: list[Part] = []  # the last entry of each list
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._key(event)
            keys.add(key)
            event = self._next()
            if key in self._lists and isinstance(event, yaml.SequenceStartEvent):
                last: Part | None = None
                while not isinstance(event := self._next(), yaml.SequenceEndEvent):
                    if last:
                        yield last
                    last = self._part(key, event)
                held += [last] if last else []
            elif key in self._whole:
                yield self._part(key, event)
            else:
                self._skip(event)
        for key in sorted(keys & set(self._lists)):
            if (beside := self._lists[key]) not in keys:
                _refuse(
                    f"the file is cut short: `{beside}` is missing, which stands beside `{key}`",
                    self._source,
                    event.end_mark,
                )
        yield from held
        yield DocumentEnd(frozenset(keys))

    def _part(self, key: str, event: yaml.Event) -> Part:
        """Build one part."""
        self._nodes = 0
        return Part(key, self._value(event, 0)[0], _line(event))

    def _next(self) -> yaml.Event:
        """Return the next event."""
        event = self._loader.get_event()
        return event if event is not None else yaml.StreamEndEvent()

    def _skip(self, event: yaml.Event) -> None:
        """Pass over one value, but build what has an anchor: an alias may name it."""
        depth = 0
        self._nodes = 0
        while True:
            if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.anchor:
                self._value(event, 0)
            elif isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if not depth:
                return
            event = self._next()

    def _key(self, event: yaml.Event) -> str:
        """Return a mapping's key, which is text in every format that is read here."""
        if not isinstance(event, yaml.ScalarEvent):
            _refuse("a mapping's key is no plain text", self._source, event.start_mark)
        return str(event.value)

    def _value(self, event: yaml.Event, depth: int) -> tuple[object, int]:
        """Build the value that begins with `event`; return it with its size, in values and characters."""
        self._nodes += 1
        if self._nodes > NODES:
            _refuse(f"one entry has more than {NODES:,} values: it is not read", self._source, event.start_mark)
        if depth > DEPTH:
            _refuse(f"nested more than {DEPTH} levels deep: it is not read", self._source, event.start_mark)
        match event:
            case yaml.AliasEvent():
                return self._alias(event)
            case yaml.ScalarEvent():
                built, size = self._scalar(event), 1 + len(event.value)
            case yaml.SequenceStartEvent():
                built, size = self._sequence(depth)
            case _:
                built, size = self._mapping(depth)
        if isinstance(event, yaml.NodeEvent) and event.anchor:
            self._anchors[event.anchor] = built, size
        return built, size

    def _alias(self, event: yaml.AliasEvent) -> tuple[object, int]:
        """Return what an alias names."""
        if event.anchor not in self._anchors:
            _refuse(f"the alias *{event.anchor} names nothing that is complete", self._source, event.start_mark)
        built, size = self._anchors[event.anchor]
        self._aliased += size
        if self._aliased > ALIASED:
            _refuse(
                f"aliases stand for more than {ALIASED // 2**20} MiB: it is not read", self._source, event.start_mark
            )
        return built, size

    def _sequence(self, depth: int) -> tuple[list[object], int]:
        """Build a list up to its end."""
        built: list[object] = []
        total = 1
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            value, size = self._value(event, depth + 1)
            built.append(value)
            total += size
        return built, total

    def _mapping(self, depth: int) -> tuple[dict[str, object], int]:
        """Build a mapping up to its end; of equal keys the last counts, and `<<` fills in what is absent."""
        built: dict[str, object] = {}
        merged: list[object] = []
        total = 1
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._key(event)
            value, size = self._value(self._next(), depth + 1)
            if key == "<<":
                merged += value if isinstance(value, list) else [value]
            else:
                built[key] = value
            total += size + len(key)
        for other in merged:
            if isinstance(other, dict):
                built = other | built
        return built, total

    def _scalar(self, event: yaml.ScalarEvent) -> object:
        """Return a scalar's value; tags other than those of plain values are ignored, never obeyed."""
        written = str(event.value)
        if event.tag in _BINARY:
            try:
                return from_base64(written, f"the {event.tag.removeprefix(_STANDARD)} value")
            except UnreadableError as error:
                _refuse(error.what, self._source, event.start_mark)
        if event.tag in _TYPED or (event.tag is None and event.implicit[0]):
            return _plain(written)
        return written


def _plain(written: str) -> object:
    """Return what an unquoted scalar stands for; dates stay text."""
    if written.lower() in _CONSTANTS:
        return _CONSTANTS[written.lower()]
    if _INTEGER.fullmatch(written):
        return int(written)
    return float(written) if _FLOAT.fullmatch(written) else written


def _line(event: yaml.Event) -> int:
    """Return the line that an event begins at, from 1."""
    return event.start_mark.line + 1 if event.start_mark else 0


def _refuse(what: str, source: str, mark: _Mark | None) -> NoReturn:
    """Raise an error that says where; marks count from 0, people from 1."""
    where = f"{source}:{mark.line + 1}:{mark.column + 1}" if mark else source
    raise UnreadableError(what, where=where)
