"""What a gateway is that runs here: shapes only. Each one is started in a file of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that runs.

    Attributes:
        title: what it is called.
        version: as it says it, or as it was pinned.
        url: the base URL that clients are given, with its /v1.
        settings: how it is set up, in words without a final full stop.
        configuration: what it was given, as it would be with the upstream at port 9000, a few lines.
    """

    title: str
    version: str
    url: str
    settings: str
    configuration: str


SHOWN = 9000
"""The upstream's port in configurations that are shown."""

Serving: TypeAlias = Callable[[int], AbstractContextManager[Gateway]]
"""Runs a gateway whose upstream is http://127.0.0.1:PORT/v1, for as long as the block runs."""
