"""The environment in which clients of OpenAI's API find a test's endpoint. Which variables those are is drive's."""

from __future__ import annotations

import os
from collections.abc import Mapping

import pytest

from deltaproof.drive.record.command import environment_for
from deltaproof.plugin.endpoints.endpoint import Endpoint

KEY, ANY = "OPENAI_API_KEY", "unused"


def lead_to(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """Let clients find the endpoint, until the test is over; return the variables that were set.

    Clients refuse to start without a key; one that is there is what an upstream gets that is recorded.
    """
    told = environment_for(endpoint.base_url, {KEY: ANY, **os.environ})
    changed = {name: value for name, value in told.items() if os.environ.get(name) != value}
    for name, value in changed.items():
        monkeypatch.setenv(name, value)
    return changed
