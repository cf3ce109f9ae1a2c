"""`transformers serve`, Hugging Face's own: no grammar, so it says what the model says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deltaproof.drive.llamacpp.tinymodel import NAME
from tools.servers.environment import offline, python_environment
from tools.servers.hugging_face import write_hugging_face
from tools.servers.process import free_port, running
from tools.servers.recording import Served, record

VERSION = "5.19.0"
# Where pip is told of a torch for processors alone, it takes that; requests is imported there, and not asked for.
PACKAGES = (f"transformers[serving]=={VERSION}", "torch==2.13.0", "accelerate==1.15.0", "requests")
PATIENCE = 180.0
# The model calls one tool of its own accord, whatever is declared; long texts tell nothing more. A closing tag among
# the values cuts the call there, into what is no JSON.
SCENARIOS = (
    "empower*",
    "history",
    "max-tokens",
    "n-2",
    "parallel*",
    "plain-text",
    "refuse-broken*",
    "t[eo]*",
    "two-calls-one*",
    "usage*",
    "values-closing*",
    "without*",
)


@contextmanager
def serving() -> Iterator[Served]:
    """Serve the tiny model; its name is the path of its folder, which is where the server is started."""
    commands = python_environment("transformers", *PACKAGES)
    home, port = commands.parent, free_port()
    write_hugging_face(home / NAME)
    (home / "cache" / "hub").mkdir(parents=True, exist_ok=True)  # where it looks for models to list
    command: list[str | Path] = [commands / "transformers", "serve", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--device", "cpu", "--dtype", "float32"]
    with running(command, port, cwd=home, env=offline(HF_HOME=str(home / "cache")), patience=PATIENCE):
        yield Served("transformers serve", VERSION, f"http://127.0.0.1:{port}/v1", NAME)


def record_all(cassettes: Path) -> None:
    """Record what the model does without a grammar."""
    with serving() as served:
        record(served, cassettes / "transformers", SCENARIOS)
