"""A project for tests that run a pytest of their own, and what has to be so before they do. No test."""

from __future__ import annotations

import os

# pytester unloads what a test loads, and what is in C of PyYAML, and of numpy which deepdiff uses, is loaded only once.
import deepdiff  # noqa: F401
import pytest
import yaml  # noqa: F401

from tests.plugin.project import Project


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with an agent."""
    return Project(pytester, monkeypatch)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the environment say nothing of its own to a pytest that a test runs, and be as in continuous integration.

    There pytest cuts nothing off, neither in its summary nor in what it compares.
    """
    for name in os.environ:
        if name.startswith(("BUILD_NUMBER", "DELTAPROOF_", "OPENAI_", "PYTEST_ADDOPTS", "PYTEST_XDIST")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("COLUMNS", "80")
