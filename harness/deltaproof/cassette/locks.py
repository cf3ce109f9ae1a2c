"""Who may write a file or use a folder, among all processes of this machine; a lock goes with its descriptor.

On Windows there are none, and nothing records there; what writes whole files does without.
"""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path


class Hold(Enum):
    """Whether others may have the same: nobody, or all that share it too."""

    ALONE = "alone"
    SHARED = "shared"


def take(descriptor: int, hold: Hold = Hold.ALONE) -> bool:
    """Take a lock, unless another has one that forbids it; return whether it was taken.

    Raises `OSError` on a file system without locks, as some network drives are.
    """
    import fcntl

    how = fcntl.LOCK_EX if hold is Hold.ALONE else fcntl.LOCK_SH
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for(descriptor: int) -> None:
    """Take a lock, once nobody else has one; go on without where there are none."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except (ImportError, OSError):
        return


def is_still(descriptor: int, path: Path) -> bool:
    """Tell whether a path still leads to an open file, which another may have replaced or removed."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False
