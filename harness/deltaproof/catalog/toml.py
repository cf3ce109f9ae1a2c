"""Reads TOML for the rest of the catalog, with an error that names the file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from deltaproof.errors import CatalogError


def read_toml(text: str, path: Path) -> dict[str, Any]:  # type: ignore[explicit-any]  # the types TOML has; callers check
    """Parse TOML that stands in a file.

    Raises:
        CatalogError: it is malformed.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"its TOML is wrong: {error}", where=str(path)) from None
