"""llama.cpp's own HTTP server with the tiny model, in a process of its own: starting, waiting, ending. Asks it nothing.

Run as a module, this file is that process. It serves until its standard input ends, which the operating system sees to
however the parent ends: by returning, raising, Ctrl-C, a signal, or `kill -9`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from deltaproof.drive.http.readiness import is_ready
from deltaproof.drive.llamacpp.tinymodel import CONTEXT_LENGTH, NAME, write_tiny_model
from deltaproof.errors import DeltaproofError

if TYPE_CHECKING:
    import xllamacpp

INSTALL = "pip install 'deltaproof[demo]'"

# As many streams at once; a request with n = 2 counts twice.
SLOTS = 4
# Where an answer ends that asked for no limit: 50 KB of arguments take a quarter of it.
MOST_TOKENS = 1024

# Seconds: for a start, which takes half a one; for an end, which takes none; between two looks at the parent.
PATIENCE = 60.0
GRACE = 5.0
WATCH = 1.0


@dataclass(frozen=True, slots=True)
class LlamaServer:
    """A running server: where it listens, what it serves, what it is."""

    base_url: str
    model: str
    version: str
    pid: int


def missing_packages() -> list[str]:
    """Return which packages of the extra `demo` are not installed."""
    return [package for package in ("gguf", "numpy", "xllamacpp") if find_spec(package) is None]


@contextmanager
def running_llama_server(patience: float = PATIENCE) -> Iterator[LlamaServer]:
    """Serve the tiny model on a free loopback port for as long as the block runs.

    It is healthy after about half a second. What it logs goes to a nameless file. Raises DeltaproofError where the
    extra `demo` is missing, and where the server is not healthy after `patience` seconds.
    """
    if missing := missing_packages():
        raise DeltaproofError(f"llama.cpp's server needs what is not installed: {', '.join(missing)}", hint=INSTALL)
    deadline = time.monotonic() + patience
    with TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "deltaproof.drive.llamacpp.llamacpp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        try:
            server = _announced(process, deadline)
            if server is None or not is_ready(process, urlsplit(server.base_url).netloc, "/health", deadline):
                raise DeltaproofError("llama.cpp's server did not start", hint=_last_words(log))
            yield server
        finally:
            _end(process)


def _announced(process: subprocess.Popen[bytes], deadline: float) -> LlamaServer | None:
    """Read the one line that the process prints when it listens; None where it ends, or is ended, before."""
    fuse = threading.Timer(deadline - time.monotonic(), process.kill)
    fuse.daemon = True
    fuse.start()
    try:
        line = process.stdout.readline() if process.stdout else b""
    finally:
        fuse.cancel()
    return LlamaServer(**json.loads(line)) if line.endswith(b"\n") else None


def _last_words(log: IO[bytes]) -> str:
    """Return the last lines that the process logged."""
    size = os.fstat(log.fileno()).st_size
    lines = os.pread(log.fileno(), 2000, max(0, size - 2000)).decode(errors="replace").splitlines()
    return "It said: " + " | ".join(lines[-3:]) if lines else "It said nothing"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close the input that the process lives on, and see it gone."""
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _serve() -> None:
    """Be the server: say on standard output where it listens, and end with the parent."""
    import xllamacpp

    # Ctrl-C reaches the whole process group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()
    announcement = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # llama.cpp logs to both

    with TemporaryDirectory(prefix="deltaproof-") as folder:
        file = Path(folder, "tiny.gguf")
        write_tiny_model(file)
        server = _listening(file)
    threading.Thread(target=_end_with_input, daemon=True).start()
    announced = LlamaServer(
        base_url=f"{server.listening_address}/v1",
        model=NAME,
        version=f"llama.cpp (xllamacpp {xllamacpp.__version__})",
        pid=os.getpid(),
    )
    with suppress(BrokenPipeError), os.fdopen(announcement, "w") as stream:
        stream.write(json.dumps(asdict(announced)) + "\n")

    # A fork of the parent can hold our input open when the parent is gone.
    while os.getppid() == parent:
        time.sleep(WATCH)
    os._exit(0)


def _end_with_input() -> None:
    """Wait for the end of standard input, then end the process at once: nothing here is worth saving."""
    sys.stdin.buffer.read()
    os._exit(0)


def _listening(file: Path) -> xllamacpp.Server:
    """Start llama.cpp's server in threads of this process, on a free port of the loopback."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(file)
    parameters.model_alias = {NAME}
    parameters.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_NONE  # not mapped: the file is removed
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.n_gpu_layers = 0
    parameters.n_ctx = SLOTS * CONTEXT_LENGTH
    parameters.n_parallel = SLOTS
    parameters.n_predict = MOST_TOKENS
    parameters.cpuparams.n_threads = 1
    parameters.cpuparams_batch.n_threads = 1
    parameters.fit_params = False
    parameters.warmup = False
    parameters.cache_ram_mib = 0
    parameters.endpoint_slots = False
    parameters.ui = False
    parameters.verbosity = 1  # errors
    return xllamacpp.Server(parameters)


if __name__ == "__main__":
    _serve()
