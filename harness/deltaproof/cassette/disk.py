"""Files that are replaced whole or not at all, and what to tell of a disk that refuses. Not what stands in them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from deltaproof.cassette.paths import named
from deltaproof.errors import DeltaproofError


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, unless it is there; raises `DeltaproofError` where the system refuses."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refused(error, "the folder cannot be made", folder) from error


def replace_file(path: Path, content: bytes) -> None:
    """Write a file beside `path`, and put it in its place once it is complete and on the disk.

    Raises `DeltaproofError` where the system refuses it or its folder.
    """
    make_folder(path.parent)
    beside = path.parent / f".{os.urandom(8).hex()}.tmp"
    try:
        try:
            with beside.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise refused(error, "it cannot be written", path) from error


def remove_file(path: Path) -> None:
    """Remove a file, unless it is not there; raises `DeltaproofError` where the system refuses."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise refused(error, "it cannot be removed", path) from error


def write_all(file: int, content: bytes | memoryview) -> int:
    """Write to a file descriptor what the disk takes, and return how many bytes that was."""
    done = 0
    while done < len(content):
        try:
            done += os.write(file, content[done:])
        except OSError:
            break
    return done


def refused(error: OSError, what: str, path: Path) -> DeltaproofError:
    """Return the error for what the system refused."""
    return DeltaproofError(f"{what}: {error.strerror or error}", where=named(path), hint=_hint(error))


def _hint(error: OSError) -> str:
    """Say what to do about it."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "Make room, or write to another disk"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return "Choose a folder that you may write to"
        case errno.EEXIST | errno.ENOTDIR | errno.EISDIR | errno.ELOOP:
            return "Move away what is there, or choose another path"
        case _:
            return "Choose another path"
