"""A project for tests that run a pytest of their own, and what has to be so before they do. No test."""

from __future__ import annotations

import pytest
import yaml  # noqa: F401 - pytester unloads what a test loads, and the part of PyYAML in C cannot be loaded twice

from tests.plugin.project import Project


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with an agent."""
    return Project(pytester, monkeypatch)
