"""Facts about the list of built-in accumulators, and about where their clients are looked for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from deltaproof.accumulate.known import Language, known_accumulators, read_accumulators
from deltaproof.errors import CatalogError

REPOSITORY = Path(__file__).parents[2]
FOLDERS = {
    Language.PYTHON: REPOSITORY / "harness" / "deltaproof" / "drivers",
    Language.NODE: REPOSITORY / "harness" / "node",
}
SHARED = {"lines.py", "openai_client.py", "entry_point.py", "lines.mjs"}


def test_every_driver_is_listed_and_every_listed_driver_is_there() -> None:
    """A driver that nobody can name is dead, and a name without a driver is a lie."""
    listed = {(one.language, one.driver) for one in known_accumulators().values()}
    there = {
        (language, path.name)
        for language, folder in FOLDERS.items()
        for path in (*folder.glob("*.py"), *folder.glob("*.mjs"))
        if path.name not in SHARED
    }
    assert listed == there


def test_every_version_is_pinned() -> None:
    """Python requirements name one version each, those of Node are in package.json and its lock, without a host."""
    for one in known_accumulators().values():
        if one.language is Language.PYTHON:
            assert all(re.fullmatch(r"[a-z-]+(\[[a-z]+\])?==[0-9.]+", needed) for needed in one.requires), one.name
            assert any(needed.split("=")[0].split("[")[0] == one.package for needed in one.requires), one.name
    wanted = json.loads((FOLDERS[Language.NODE] / "package.json").read_text(encoding="utf-8"))["dependencies"]
    lock = json.loads((FOLDERS[Language.NODE] / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert {name: lock[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert not any("resolved" in package for package in lock.values())


def test_a_malformed_list_is_told(tmp_path: Path) -> None:
    """A key that accumulators do not have, and one that is missing, are named with their place."""
    path = tmp_path / "accumulators.toml"
    for text, words in (
        ("[a]\nspeed = 1", "accumulators have no speed"),
        ('[a]\ntitle = "t"', "'language' is missing"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(CatalogError, match=words):
            read_accumulators(path)
