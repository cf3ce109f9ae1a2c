"""deltaproof's own recording proxy, which has to come out clean: `deltaproof record` before the upstream."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from deltaproof.errors import DeltaproofError
from tools.gateways.gateway import SHOWN, Gateway
from tools.servers.environment import offline
from tools.servers.process import GRACE, free_port

PATIENCE = 20.0
PAUSE = 0.1


@contextmanager
def serving(upstream: int) -> Iterator[Gateway]:
    """Serve as it comes; what it records is thrown away."""
    program, port = Path(sys.executable).with_name("deltaproof"), free_port()
    with TemporaryDirectory() as folder:
        command = [str(program), *_arguments(upstream, folder, port)]
        process = subprocess.Popen(  # noqa: S603 - our own command
            command,
            cwd=folder,
            env=offline(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            if not _listens(process, port):
                raise DeltaproofError("the recording proxy did not start", where=" ".join(command))
            shown = f"{' '.join(['deltaproof', *_arguments(SHOWN, 'recorded', 4000)])}\n"
            url = f"http://127.0.0.1:{port}/v1"
            yield Gateway("`deltaproof record`", version("deltaproof"), url, "as it comes", shown)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)
            process.kill()
            process.wait()


def _arguments(upstream: int, folder: str, port: int) -> list[str]:
    return ["record", "--upstream", f"http://127.0.0.1:{upstream}/v1", "--out", folder, "--port", str(port)]


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until something listens: there is no upstream yet that could answer a question."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=PAUSE):
            return True
        time.sleep(PAUSE)
    return False
