"""The accumulators that deltaproof has drivers for, read from `specs/accumulators.toml`. Runs and installs none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from deltaproof.catalog import specs_folder
from deltaproof.catalog.toml import read_toml
from deltaproof.errors import CatalogError, UnknownNameError


class Language(StrEnum):
    """What runs a driver."""

    PYTHON = "python"
    NODE = "node"


@dataclass(frozen=True, slots=True)
class Accumulator:
    """Client code that folds streams, and the driver that runs it.

    Attributes:
        name: what the operator calls it.
        title: what it is, a phrase.
        language: what runs its driver.
        package: the distribution whose version is told.
        driver: the name of the driver's file.
        requires: what is installed for it, pinned; empty for Node, whose lock file says it.
        environment: the name of the environment it is installed in.
        cheap: whether it belongs to the set that says much and costs little.
    """

    name: str
    title: str
    language: Language
    package: str
    driver: str
    requires: tuple[str, ...]
    environment: str
    cheap: bool


_KEYS = {"title", "language", "package", "driver", "requires", "environment", "cheap"}


def read_accumulators(path: Path) -> Mapping[str, Accumulator]:
    """Read a list of accumulators, by name.

    Raises:
        CatalogError: it is malformed, or has a key that accumulators do not have.
    """
    told = read_toml(path.read_text(encoding="utf-8"), path)
    found: dict[str, Accumulator] = {}
    for name, table in told.items():
        if unknown := sorted(table.keys() - _KEYS):
            raise CatalogError(f"accumulators have no {', '.join(unknown)}", where=f"{path}, {name}")
        try:
            found[name] = Accumulator(
                name=name,
                title=table["title"],
                language=Language(table["language"]),
                package=table["package"],
                driver=table["driver"],
                requires=tuple(table.get("requires", ())),
                environment=table["environment"],
                cheap=table["cheap"],
            )
        except (KeyError, ValueError) as error:
            raise CatalogError(f"{error} is missing or wrong", where=f"{path}, {name}") from None
    return found


@lru_cache(maxsize=1)
def known_accumulators() -> Mapping[str, Accumulator]:
    """Return the built-in accumulators by name, in the order of their list."""
    return read_accumulators(specs_folder() / "accumulators.toml")


def known_accumulator(name: str) -> Accumulator:
    """Return a built-in accumulator.

    Raises:
        UnknownNameError: there is none of that name.
    """
    found = known_accumulators().get(name)
    if found is None:
        names = ", ".join(known_accumulators())
        raise UnknownNameError(f"there is no accumulator {name!r}", hint=f"One of {names}")
    return found
