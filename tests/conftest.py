"""Fixtures that more than one test file shares, and how hypothesis is used. No test, no assertion."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from deltaproof.drive.llamacpp.llamacpp import INSTALL, LlamaServer, missing_packages, running_llama_server

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what runs in its background
    signal.signal(signal.SIGINT, signal.default_int_handler)  # or commands under test would ignore Ctrl-C as well

# How long things take is proven in core/test_time.py, by ratios; a limit in seconds fails on a busy machine.
settings.register_profile("deltaproof", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("deltaproof")


@pytest.fixture(scope="session")
def llamacpp() -> Iterator[LlamaServer]:
    """Serve the tiny model with llama.cpp; under xdist each worker has its own server, on a port of its own."""
    yield from _llamacpp()


@pytest.fixture
def fresh_llamacpp() -> Iterator[LlamaServer]:
    """Serve it to one test alone: which of two choices llama.cpp sends first depends on what it was asked before."""
    yield from _llamacpp()


def _llamacpp() -> Iterator[LlamaServer]:
    if missing := missing_packages():
        pytest.skip(f"the real server needs {', '.join(missing)}: {INSTALL}")
    with running_llama_server() as server:
        yield server
