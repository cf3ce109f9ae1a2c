"""What in a file still looks like a secret: what scrubbing would have taken out, had it been recorded by us.

Any file is read as text, line by line: raw streams, headers, cassettes, a journal's pages. Those that are recordings
are read by entry too, so that a key in a compressed or binary body is found. No secret is told, only where it is and
of which kind.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deltaproof.cassette.coding import names, readable, undecodable
from deltaproof.cassette.paths import LIMIT, named, read_kept, read_kept_bytes
from deltaproof.cassette.recording import Sighting
from deltaproof.cassette.scrub import DEFAULT, Cleaner
from deltaproof.cassette.scrub_rules import Scrub, is_placeholder
from deltaproof.errors import UnreadableError
from deltaproof.exchange import Exchange

_HEADER = re.compile(r"\s*(?:[<>] )?(?:- )?['\"]?(?P<name>[A-Za-z0-9_-]{2,60})['\"]?:\s*(?P<value>.*)")
_ENTRY = re.compile(r"\s*- (?P<value>.*)")
_URL = re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s\"'<>\\]{1,4000}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Leak:
    """Something that looks like a secret: in which file, on which line (0 where lines mean nothing), and what it is."""

    path: Path
    line: int
    what: str

    def __str__(self) -> str:
        """Tell the place as editors and terminals know it."""
        return f"{named(self.path)}:{self.line}: {self.what}" if self.line else f"{named(self.path)}: {self.what}"


def leaks(path: Path, scrub: Scrub = DEFAULT) -> Iterator[Leak | UnreadableError]:
    """Yield what looks like a secret in a file, or in all files of a folder but those of git; never raises.

    What cannot be read, nobody can vouch for: it is an error.
    """
    cleaner = Cleaner(scrub)
    for file in _files(path):
        try:
            with file.open("rb") as lines:
                if os.fstat(lines.fileno()).st_size > LIMIT:
                    yield _too_large(named(file))
                else:
                    yield from _leaks(lines, read_kept(file), file, cleaner)
        except OSError as error:
            yield UnreadableError(f"it cannot be read: {error.strerror or error}", where=named(file))


def leaks_in(content: bytes, source: str, scrub: Scrub = DEFAULT) -> Iterator[Leak | UnreadableError]:
    """Yield what looks like a secret in bytes from elsewhere, such as standard input; `source` is what to call them."""
    if len(content) > LIMIT:
        yield _too_large(source)
    else:
        yield from _leaks(io.BytesIO(content), read_kept_bytes(content, source), Path(source), Cleaner(scrub))


def _too_large(source: str) -> UnreadableError:
    return UnreadableError(f"it has more than {LIMIT // 2**20} MiB: it is not read", where=source)


def _leaks(lines: Iterable[bytes], kept: Iterator[Sighting], path: Path, cleaner: Cleaner) -> Iterator[Leak]:
    """Look at the lines, and where those are clean at what they are as a recording."""
    clean = True
    for leak in _in_lines(lines, path, cleaner):
        clean = False
        yield leak
    if clean:
        yield from _in_entries(kept, path, cleaner)


def _files(path: Path) -> Iterator[Path]:
    """Yield a file, or the files of a folder at any depth, none that is a link."""
    if not path.is_dir():
        yield path
        return
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(set(folders) - {".git"})
        yield from (file for name in sorted(files) if (file := Path(folder, name)).is_file() and not file.is_symlink())


def _in_lines(lines: Iterable[bytes], path: Path, cleaner: Cleaner) -> Iterator[Leak]:
    """Yield what looks like a secret in a file as text."""
    header = ""  # a secret one, whose values stand on the lines after it
    for number, line in enumerate(lines, 1):
        text = line.decode(errors="replace")
        value = None
        if match := _HEADER.match(text):
            header = match["name"] if cleaner.is_secret_header(match["name"]) else ""
            value = match["value"] if header else None
        elif header and (match := _ENTRY.match(text)):
            value = match["value"]
        else:
            header = ""
        if value is not None and not is_placeholder(_unquoted(value)):
            yield Leak(path, number, f"the value of the header {header}")
        elif value is None:
            yield from (Leak(path, number, what) for what in cleaner.kinds(line))
            yield from (Leak(path, number, what) for url in _URL.findall(text) for what in cleaner.kinds_in_url(url))


def _unquoted(value: str) -> str:
    """Return a value without what YAML and JSON put around it; one that begins on the next line is nothing."""
    bare = value.strip().rstrip(",").strip("\"'")
    return "" if bare in {"[", "[]", "{", "|", "|-", ">-", "null", "~"} else bare


def _in_entries(kept: Iterator[Sighting], path: Path, cleaner: Cleaner) -> Iterator[Leak]:
    """Yield what shows only where a file is read as a recording."""
    for one in kept:
        if isinstance(one, Exchange):
            yield from (Leak(path, 0, f"{what}, in entry {one.entry}") for what in _in_exchange(one, cleaner))


def _in_exchange(exchange: Exchange, cleaner: Cleaner) -> Iterator[str]:
    """Yield the kinds of secrets in an exchange."""
    codings = names(exchange.head.get("content-encoding") if exchange.head else None)
    if coding := undecodable(exchange.body, codings):
        yield f"a {coding}-encoded body, for which no decoder is installed: nobody can tell"
    for name, value in (*exchange.sent_headers, *(exchange.head.headers if exchange.head else ())):
        if cleaner.is_secret_header(name):
            if not is_placeholder(value):
                yield f"the value of the header {name}"
        else:
            yield from cleaner.kinds(value.encode(errors="replace"))
    yield from cleaner.kinds_in_url(exchange.url)
    yield from cleaner.kinds(exchange.sent)
    yield from cleaner.kinds(readable(exchange).body)
