"""Fixtures for the tests of `run`. No test, no assertion."""

from __future__ import annotations

import os

import pytest

from tests.run.command import Command


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return the command, with an environment that says nothing to it."""
    for name in os.environ:
        if name.startswith("DELTAPROOF_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")
    return Command(capsys)
