"""Paths to files: which files of a folder are read, and what lies beside them. What stands in a file is elsewhere."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from deltaproof.cassette import eventstream
from deltaproof.cassette.eventstream import Beside
from deltaproof.cassette.formats import EXTENSIONS, STREAM, Turn, located, read
from deltaproof.cassette.recording import Sighting, Unrecognised
from deltaproof.cassette.sift import keep, sift
from deltaproof.errors import UnreadableError
from deltaproof.exchange import Skipped

LIMIT = 256 * 2**20
"""Bytes that a file may have."""

REQUEST, HEADERS = ".request.json", ".headers"
"""What is put in place of `.sse` to name the request and the response head beside it."""

SNAPSHOT = "snapshot.yaml"
"""The file in any folder that holds the shapes of its recordings, and is none itself."""

UNRECOGNISED = "no recording format is recognised"
_FORMATS = (
    "Known are event streams with or without their head, VCR cassettes (vcrpy, go-vcr, ruby-vcr, httpmock), HAR files, "
    "and JSON lines or lists of chunks"
)


def read_path(path: Path) -> Iterator[Sighting]:
    """Yield what a file or a folder holds for judging, one entry at a time, in the order of names; never raises.

    Streamed chat completions come with content encodings undone; whatever else there is is named as skipped. A file
    that was named is read whatever it is called, and is an error if it is no recording. In a folder, at any depth, what
    is hidden, no recording, or a link that leads out of it is named as skipped.
    """
    yield from _path(path, sift)


def read_kept(path: Path) -> Iterator[Sighting]:
    """Yield every exchange of a file or a folder as kept, whatever it is, in the order of names; never raises.

    Bodies are as they were sent. Files are chosen as by `read_path`.
    """
    yield from _path(path, keep)


def _path(path: Path, turn: Turn) -> Iterator[Sighting]:
    """Read a file that was named, or the files of a folder."""
    try:
        is_folder = path.is_dir()
    except OSError as error:
        yield _failed(error, path)
        return
    if is_folder:
        yield from _folder(path, turn)
        return
    for sighting in _file(path, path.parent, turn):
        yield _refused(sighting, named(path)) if isinstance(sighting, Unrecognised) else sighting


def read_bytes(content: bytes, source: str) -> Iterator[Sighting]:
    """Yield what bytes from elsewhere hold for judging, such as standard input; `source` is what to call them.

    Never raises.
    """
    yield from _bytes(content, source, sift)


def read_kept_bytes(content: bytes, source: str) -> Iterator[Sighting]:
    """Yield every exchange that bytes from elsewhere hold, as `read_kept` does; never raises."""
    yield from _bytes(content, source, keep)


def _bytes(content: bytes, source: str, turn: Turn) -> Iterator[Sighting]:
    stream = io.BytesIO(content)
    try:
        _check(len(content), source)
        for sighting in read(stream, source, Path(source).suffix.lower(), Beside(), turn):
            yield _refused(sighting, source) if isinstance(sighting, Unrecognised) else sighting
    except UnreadableError as error:
        yield located(error, source)


def named(path: Path) -> str:
    """Return a path as text that any report can hold, also if its bytes are not UTF-8."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _refused(unrecognised: Unrecognised, source: str) -> UnreadableError:
    """Return the error for something that was named and is no recording."""
    return UnreadableError(f"{UNRECOGNISED}: {unrecognised.what}", where=source, hint=_FORMATS)


def files_in(folder: Path) -> Iterator[Path | Sighting]:
    """Yield the files of a folder that are read, at any depth, in the order of names; never raises.

    What is passed over is named as skipped, and what cannot be looked into is an error.
    """
    root = _target(folder)
    waiting = [folder]  # no recursion, however deep it is
    while waiting:
        path = waiting.pop()
        try:
            mode = path.lstat().st_mode
            if path != folder and (reason := _passed_over(path, mode, root)):
                yield Skipped(named(path), reason)
            elif stat.S_ISDIR(mode) or path == folder:
                waiting += sorted(path.iterdir(), reverse=True)
            elif not _is_beside(path):
                yield path
        except OSError as error:
            yield _failed(error, path)


def read_found(path: Path, folder: Path) -> Iterator[Sighting]:
    """Yield what a file holds that was found in a folder, as `read_path` of the folder does; never raises."""
    yield from _found(path, _target(folder), sift)


def _folder(folder: Path, turn: Turn) -> Iterator[Sighting]:
    root = _target(folder)
    for one in files_in(folder):
        if isinstance(one, Path):
            yield from _found(one, root, turn)
        else:
            yield one


def _found(path: Path, root: Path, turn: Turn) -> Iterator[Sighting]:
    for sighting in _file(path, root, turn):
        yield Skipped(named(path), UNRECOGNISED) if isinstance(sighting, Unrecognised) else sighting


def _passed_over(path: Path, mode: int, root: Path) -> str:
    """Say why something in a folder is not read, or nothing if it is."""
    if path.name.startswith("."):
        return "hidden"
    if path.name == SNAPSHOT:
        return "a snapshot of recordings, not one itself"
    if stat.S_ISLNK(mode):
        target = _target(path)
        if not target.is_relative_to(root):
            return "a link that leads out of the folder"
        if target.is_dir():
            return "a link to a folder: what it leads to is read in its own place"
        mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        return ""
    if not stat.S_ISREG(mode):
        return "no regular file"
    if path.name.endswith((REQUEST, HEADERS)):
        return "" if _is_beside(path) else f"it belongs to a {STREAM} file that is not there"
    return "" if path.suffix.lower() in EXTENSIONS else f"{path.suffix or 'no extension'}: not one of a recording"


def _is_beside(path: Path) -> bool:
    """Tell whether a file is a part of the event stream beside it."""
    return any(
        path.name.endswith(ending) and path.with_name(path.name.removesuffix(ending) + STREAM).is_file()
        for ending in (REQUEST, HEADERS)
    )


def _file(path: Path, root: Path, turn: Turn) -> Iterator[Sighting | Unrecognised]:
    """Read one file with what lies beside it; what is wrong with a neighbour does not keep the file from being read."""
    try:
        request = head = None
        for name, beside in _beside(path, root):
            try:
                with _open(beside) as stream:
                    if name == REQUEST:
                        request = eventstream.request(stream.read(), named(beside))
                    else:
                        head = eventstream.head(stream.read(), named(beside))
            except UnreadableError as error:
                yield error
        with _open(path) as stream:
            yield from read(stream, named(path), path.suffix.lower(), Beside(request, head), turn)
    except UnreadableError as error:
        yield located(error, named(path))
    except OSError as error:
        yield _failed(error, path)


def _beside(path: Path, root: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files that belong to an event stream, none that is a link out of `root`."""
    for ending in (REQUEST, HEADERS) if path.suffix == STREAM else ():
        beside = path.with_name(path.name.removesuffix(STREAM) + ending)
        if beside.is_file() and _target(beside).is_relative_to(_target(root)):
            yield ending, beside


def _target(path: Path) -> Path:
    """Return where a path leads; `Path.resolve` would raise for links that lead to themselves."""
    return Path(os.path.realpath(path))


def _open(path: Path) -> BinaryIO:
    """Open a file that can be read twice; pipes, which are named to be read once, are read into memory."""
    stream = path.open("rb")
    status = os.fstat(stream.fileno())
    if stat.S_ISREG(status.st_mode) and status.st_size <= LIMIT:
        return stream
    with stream:
        _check(status.st_size, named(path))
        content = stream.read(LIMIT + 1)
    _check(len(content), named(path))
    return io.BytesIO(content)


def _check(size: int, source: str) -> None:
    """Refuse what is over the limit."""
    if size > LIMIT:
        raise UnreadableError(f"it has more than {LIMIT // 2**20} MiB: it is not read", where=source)


def _failed(error: OSError, path: Path) -> UnreadableError:
    """Return the error for what the system refused."""
    return UnreadableError(f"it cannot be read: {error.strerror or error}", where=named(path))
