"""Fixtures that more than one test file shares. No test, no assertion."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deltaproof.drive.llamacpp.llamacpp import INSTALL, LlamaServer, missing_packages, running_llama_server


@pytest.fixture(scope="session")
def llamacpp() -> Iterator[LlamaServer]:
    """Serve the tiny model with llama.cpp; under xdist each worker has its own server, on a port of its own."""
    if missing := missing_packages():
        pytest.skip(f"the real server needs {', '.join(missing)}: {INSTALL}")
    with running_llama_server() as server:
        yield server
