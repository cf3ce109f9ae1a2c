"""What the tests share: which model is asked, and an agent that asks the endpoint of the test."""

from __future__ import annotations

import os

import pytest

from deltaproof.testing import Endpoint
from weather_agent import Agent


@pytest.fixture
def model() -> str:
    """Return the model that was recorded, or another one that is to be."""
    return os.environ.get("WEATHER_MODEL", "deltaproof-tiny")


@pytest.fixture
def agent(model: str, deltaproof: Endpoint) -> Agent:
    """Return an agent whose model is a recording, or is being recorded."""
    return Agent(model, base_url=deltaproof.base_url, api_key=os.environ.get("OPENAI_API_KEY", "unused"))
