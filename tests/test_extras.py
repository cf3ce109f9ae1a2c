"""Facts about the extras of the distribution: each client that has an environment of its own can be had by one."""

from __future__ import annotations

import tomllib
from pathlib import Path

from deltaproof.accumulate.known import Language, known_accumulators

REPOSITORY = Path(__file__).parents[1]


def test_each_python_client_is_an_extra_at_the_version_that_is_pinned() -> None:
    """No other extra is there than these, pytest's and the demo's."""
    told = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    extras = told["project"]["optional-dependencies"]
    pinned = {
        one.environment: list(one.requires) for one in known_accumulators().values() if one.language is Language.PYTHON
    }
    assert {name: wanted for name, wanted in extras.items() if name not in ("pytest", "demo")} == pinned
