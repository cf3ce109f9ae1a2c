"""llama-cpp-python's server in its mode for functions, whose template is its own: the most faults of all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deltaproof.drive.llamacpp.tinymodel import NAME, write_tiny_model
from tools.servers.environment import offline, python_environment
from tools.servers.process import free_port, running
from tools.servers.recording import Served, record

VERSION = "0.3.36"
PATIENCE = 60.0
CONTEXT_LENGTH = 8192
TEMPLATE = "chatml-function-calling"
# Without tool_choice it answers in text, and the scenarios of calls differ in nothing then. Other kinds of tool_choice
# are left out: its error tells the path where it is installed.
SCENARIOS = (
    "empower*",
    "legacy*",
    "logprobs",
    "n-2",
    "p*",
    "refuse*",
    "schema-enum",
    "tool-choice-[nr]*",
    "tool-choice-auto",
    "tool-no*",
    "two-calls-one*",
    "u*",
    "w*",
)


@contextmanager
def serving() -> Iterator[Served]:
    """Serve the tiny model; without this template, only a function that is named is ever called."""
    commands = python_environment("llama-cpp-python", f"llama-cpp-python[server]=={VERSION}")
    home, port = commands.parent, free_port()
    file = f"{NAME}.gguf"
    write_tiny_model(home / file)
    command: list[str | Path] = [
        commands / "python",
        "-m",
        "llama_cpp.server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    command += ["--model", file, "--model_alias", NAME, "--n_ctx", str(CONTEXT_LENGTH), "--n_threads", "1"]
    command += ["--chat_format", TEMPLATE]
    with running(command, port, cwd=home, env=offline(), patience=PATIENCE):
        yield Served("llama-cpp-python", VERSION, f"http://127.0.0.1:{port}/v1", NAME, note=f"chat format {TEMPLATE}")


def record_all(cassettes: Path) -> None:
    """Record what is short: the server knows no other chat than this one, and answers the rest as text."""
    with serving() as served:
        record(served, cassettes / "llama-cpp-python", SCENARIOS)
