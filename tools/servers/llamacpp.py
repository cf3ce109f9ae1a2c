"""llama.cpp's own HTTP server, as the wheel xllamacpp has it: the one that the demo and the tests run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from deltaproof.drive.llamacpp.llamacpp import running_llama_server
from tools.servers.recording import Served, record


@contextmanager
def serving() -> Iterator[Served]:
    """Serve the tiny model."""
    with running_llama_server() as server:
        yield Served("llama.cpp", f"xllamacpp {version('xllamacpp')}", server.base_url, server.model)


def record_all(cassettes: Path) -> None:
    """Record every scenario."""
    with serving() as served:
        record(served, cassettes / "llama.cpp")
