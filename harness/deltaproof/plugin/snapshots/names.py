"""Where the snapshots of a module's tests are, and what their entries are called. Reads no file.

<folder of the test's module>/snapshots/<module's stem>.yaml

An entry has the test's name, its classes before it: test_weather, TestAgent.test_weather[paris]. The second comparison
of a test has #1 after it. This is loaded with the plugin, and so makes nothing that takes time, such as dataclasses.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from deltaproof.plugin.snapshots.snapshot import Snapshot

FOLDER, SUFFIX = "snapshots", ".yaml"

SNAPSHOT: pytest.StashKey[Snapshot] = pytest.StashKey()
"""Of a test: what it compares with, if it does."""

COMPARED = pytest.StashKey[bool]()
"""Of a run: whether any test compares."""


def file_beside(module: Path) -> Path:
    """Return the file for the snapshots of a module's tests."""
    return module.parent / FOLDER / f"{module.stem}{SUFFIX}"


def name_of(item: pytest.Item) -> str:
    """Return a test's name with those of its classes."""
    node: pytest.Item | pytest.Collector | None = item
    names: list[str] = []
    while isinstance(node, pytest.Item | pytest.Collector) and not isinstance(node, pytest.File):
        names.append(node.name)
        node = node.parent
    return ".".join(reversed(names))
