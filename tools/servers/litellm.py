"""LiteLLM's proxy in front of llama.cpp: what a gateway makes of streams that are right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.servers import llamacpp
from tools.servers.environment import offline, python_environment
from tools.servers.process import free_port, running
from tools.servers.recording import Served, record

VERSION = "1.89.7"
PATIENCE = 120.0
SETTINGS = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_TELEMETRY": "False",
    "NO_DOCS": "True",
}
# Long arguments come through as they are; once is enough of those.
SCENARIOS = ("empower*", "history", "legacy*", "logprobs", "n-2", "p*", "refuse*", "schema-enum", "t*", "u*", "w*")


@contextmanager
def serving() -> Iterator[Served]:
    """Serve llama.cpp's tiny model under its own name."""
    commands = python_environment("litellm", f"litellm[proxy]=={VERSION}")
    home, port = commands.parent, free_port()
    with llamacpp.serving() as upstream:
        settings = {
            "model_list": [
                {
                    "model_name": upstream.model,
                    "litellm_params": {
                        "model": f"openai/{upstream.model}",
                        "api_base": upstream.base_url,
                        "api_key": "none",
                    },
                }
            ],
            "litellm_settings": {"drop_params": False, "telemetry": False},
        }
        (home / "config.yaml").write_text(json.dumps(settings), encoding="utf-8")
        command: list[str | Path] = [
            commands / "litellm",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--config",
            "config.yaml",
        ]
        with running(command, port, cwd=home, env=offline(**SETTINGS), patience=PATIENCE):
            yield Served(
                "LiteLLM",
                VERSION,
                f"http://127.0.0.1:{port}/v1",
                upstream.model,
                note=f"in front of {upstream.server} ({upstream.version})",
            )


def record_all(cassettes: Path) -> None:
    """Record what a gateway can spoil."""
    with serving() as served:
        record(served, cassettes / "litellm", SCENARIOS)
