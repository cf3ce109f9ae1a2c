"""What the command prints: it is a process of its own, and finds its model in the environment."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from deltaproof.testing import Endpoint


@pytest.mark.usefixtures("deltaproof_environ")
def test_the_command_prints_the_answer(model: str, deltaproof: Endpoint, pytestconfig: pytest.Config) -> None:
    """It asks the endpoint of this test, since that is what OPENAI_BASE_URL names here."""
    command = (sys.executable, "-m", "weather_agent", "Is it foggy in San Francisco?")
    ended = subprocess.run(
        command, cwd=pytestconfig.rootpath, env={**os.environ, "WEATHER_MODEL": model}, capture_output=True, check=True
    )
    assert ended.stdout.decode() == f"{deltaproof.stream.content}\n"
