"""A server's processes: starting on a free port, waiting until it answers, ending all of them. Knows no server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from deltaproof.drive.http.readiness import is_ready
from deltaproof.errors import DeltaproofError

GRACE = 15.0


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(
    command: Sequence[str | Path],
    port: int,
    *,
    cwd: Path,
    env: Mapping[str, str],
    patience: float,
    path: str = "/v1/models",
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in a process group of its own for as long as the block runs; what it logs goes to CWD/server.log.

    Raises DeltaproofError where it does not answer at `path` with 200 within `patience` seconds.
    """
    log = cwd / "server.log"
    with log.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603 - commands that stand in this folder
            [str(word) for word in command],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            if not is_ready(process, f"127.0.0.1:{port}", path, time.monotonic() + patience):
                raise DeltaproofError("the server did not start", where=str(command[0]), hint=f"See {log}")
            yield process
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole group: servers start workers, and some leave them behind."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
