"""Whether a test's fixtures may still ask when its function has ended: those that clean up. Runs none of them."""

from __future__ import annotations

import inspect

import pytest

FIXTURE = "deltaproof"


def asks_later(item: pytest.Item) -> bool:
    """Tell whether a fixture of a test is a generator and has the endpoint, itself or by another fixture."""
    if not isinstance(item, pytest.Function):
        return False
    known = item._fixtureinfo.name2fixturedefs  # noqa: SLF001 - pytest tells it nowhere else before they are torn down
    having = {FIXTURE}
    while more := {
        name
        for name, fixtures in known.items()
        if name not in having and any(having.intersection(one.argnames) for one in fixtures)
    }:
        having |= more
    return any(
        having.intersection(one.argnames) and _is_generator(one.func) for name in having for one in known.get(name, ())
    )


def _is_generator(function: object) -> bool:
    """Tell it also of what a plugin has wrapped, as those for tests with a loop do."""
    inner = inspect.unwrap(function) if callable(function) else function
    return inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner)
