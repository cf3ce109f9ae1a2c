"""What the tests share: an agent that asks the endpoint of the test."""

from __future__ import annotations

import os

import pytest

from deltaproof.testing import Endpoint
from weather_agent import Agent

MODEL = os.environ.get("WEATHER_MODEL", "deltaproof-tiny")
"""The model that was recorded; another one where another is to be."""


@pytest.fixture
def agent(deltaproof: Endpoint) -> Agent:
    """Return an agent whose model is a recording, or is being recorded."""
    return Agent(MODEL, base_url=deltaproof.base_url, api_key=os.environ.get("OPENAI_API_KEY", "unused"))
