"""LiteLLM's proxy: every model goes to the upstream under its own name, as one of OpenAI's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.gateways.gateway import SHOWN, Gateway
from tools.servers.environment import offline, python_environment
from tools.servers.litellm import PATIENCE, SETTINGS
from tools.servers.process import free_port, running

VERSION = "1.106.2"
NO_KEY = {"LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true"}  # on loopback, for as long as it is asked


@contextmanager
def serving(upstream: int) -> Iterator[Gateway]:
    """Serve it as it comes, but for what would let one passage change another: a deployment that fails stays in use."""
    commands = python_environment("litellm-proxy", f"litellm[proxy]=={VERSION}")
    home, port = commands.parent, free_port()
    (home / "config.yaml").write_text(configuration(upstream), encoding="utf-8")
    command: list[str | Path] = [commands / "litellm", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--config", "config.yaml"]
    with running(command, port, cwd=home, env=offline(**SETTINGS, **NO_KEY), patience=PATIENCE):
        yield Gateway(
            "LiteLLM's proxy",
            VERSION,
            f"http://127.0.0.1:{port}/v1",
            "every model an OpenAI-compatible one at the upstream, cooldowns off, the rest as it comes",
            configuration(SHOWN),
        )


def configuration(upstream: int) -> str:
    """Return the text of `config.yaml`."""
    return (
        "model_list:\n"
        '  - model_name: "*"\n'
        "    litellm_params:\n"
        '      model: "openai/*"\n'
        f'      api_base: "http://127.0.0.1:{upstream}/v1"\n'
        '      api_key: "none"\n'
        "router_settings:\n"
        "  disable_cooldowns: true\n"
        "litellm_settings:\n"
        "  telemetry: false\n"
    )
