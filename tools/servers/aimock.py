"""aimock, a mock of OpenAI's API: what it says stands in aimock.json, how it says that is its own. It ignores n."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.servers.environment import BUILD, node_environment, offline
from tools.servers.process import free_port, running
from tools.servers.recording import Served, record

VERSION = "1.43.0"
MODEL = "gpt-4o-mini"
PATIENCE = 30.0
FIXTURES = Path(__file__).with_name("aimock.json")
# Nothing that wants a model which reads: a word that is new each time, or what is only to be refused.
SCENARIOS = (
    "empower*",
    "h*",
    "logprobs",
    "max*",
    "n-2",
    "p*",
    "s*",
    "te*",
    "th*",
    "to*",
    "two-calls*",
    "u*",
    "v*",
    "w*",
)


@contextmanager
def serving() -> Iterator[Served]:
    """Serve the script: as it comes, eight characters and two milliseconds at a time."""
    commands = node_environment("aimock", f"@copilotkit/aimock@{VERSION}")
    port = free_port()
    command: list[str | Path] = [
        commands / "llmock",
        "--port",
        str(port),
        "--fixtures",
        FIXTURES,
        "--chunk-size",
        "8",
        "--latency",
        "2",
    ]
    with running(command, port, cwd=BUILD / "aimock", env=offline(), patience=PATIENCE):
        yield Served(
            "aimock", VERSION, f"http://127.0.0.1:{port}/v1", MODEL, note="scripted by tools/servers/aimock.json"
        )


def record_all(cassettes: Path) -> None:
    """Record what can be scripted."""
    with serving() as served:
        record(served, cassettes / "aimock", SCENARIOS)
