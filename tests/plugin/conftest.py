"""A project for tests that run a pytest of their own, and what has to be so before they do. No test."""

from __future__ import annotations

# pytester unloads what a test loads, and what is in C of PyYAML, and of numpy which deepdiff uses, is loaded only once.
import deepdiff  # noqa: F401
import pytest
import yaml  # noqa: F401

from tests.plugin.project import Project


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with an agent."""
    return Project(pytester, monkeypatch)
