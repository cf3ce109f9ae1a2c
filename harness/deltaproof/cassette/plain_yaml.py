"""Files of plain values as YAML: text, numbers, lists and mappings, no recordings. What they mean is said by others.

Read like recordings, by the parser for files from strangers. A file is a mapping with one list, and after it a key that
is always there, by which a file that was cut short is known.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from deltaproof.cassette.disk import replace_file
from deltaproof.cassette.paths import named
from deltaproof.cassette.recording import Part
from deltaproof.cassette.yaml_values import parts
from deltaproof.errors import UnreadableError

LIMIT = 16 * 2**20
"""Bytes that such a file may have."""

_WIDTH = 100  # after which PyYAML begins a new line with the next word


def load(path: Path, entries: str, last: str) -> Iterator[Part]:
    """Yield the entries of the list under the key `entries`, and the value under the key `last`, each with its line.

    What stands under `entries` and is no list is yielded as one entry, for the caller to refuse.
    Raises `UnreadableError` with line and column; without them where the file has `last` and not `entries`, or other
    keys, and where it is not there.
    """
    source = named(path)
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > LIMIT:
                raise UnreadableError(f"it has more than {LIMIT // 2**20} MiB: it is not read", where=source)
            keys = set[str]()
            for part in parts(file, source, lists={entries: last}, whole=frozenset({entries, last})):
                if isinstance(part, Part):
                    yield part
                else:
                    keys |= part.keys
            if last in keys:
                _raise_if_strange(keys, {entries, last}, source)
    except OSError as error:
        raise UnreadableError(f"it cannot be read: {error.strerror or error}", where=source) from error


def _raise_if_strange(keys: set[str], known: set[str], source: str) -> None:
    """Raise for a file with other keys than those that it always has."""
    hint = f"It has the keys {' and '.join(sorted(known))}"
    for key in sorted(keys - known):
        raise UnreadableError(f"there is no key {key!r}", where=source, hint=hint)
    for key in sorted(known - keys):
        raise UnreadableError(f"the key {key!r} is missing", where=source, hint=hint)


def dump(path: Path, comment: str, entries: str, values: Sequence[Mapping[str, object]], last: tuple[str, int]) -> None:
    """Write a file that `load` reads, in place of what is there, whole or not at all; `comment` is its first line.

    Raises `DeltaproofError` where the system refuses the file.
    """
    import yaml

    text = yaml.dump(
        {entries: list(values), last[0]: last[1]},
        Dumper=yaml.CSafeDumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=_WIDTH,
    )
    replace_file(path, f"# {comment}\n{text}".encode())
