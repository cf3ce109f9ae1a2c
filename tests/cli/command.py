"""Runs the installed command in a process of its own, and the streams that its tests feed it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

HEAD = '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,'
OPENING = '"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"f","arguments":""}}]'


class Ran(NamedTuple):
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


COMMAND = Path(sys.executable).with_name("deltaproof")


def deltaproof(
    *arguments: str | Path, cwd: Path, stdin: bytes = b"", columns: int = 80, timeout: float = 60, **env: str
) -> Ran:
    """Run `deltaproof` with arguments in a folder."""
    ran = subprocess.run(
        [COMMAND, *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=timeout,
        env={**os.environ, "COLUMNS": str(columns), **env},
    )
    return Ran(ran.returncode, ran.stdout.decode(errors="replace"), ran.stderr.decode(errors="replace"))


def stream(*deltas: str, finish: str = "tool_calls") -> str:
    """Return a stream of deltas, written as JSON, with role, finish_reason and [DONE]."""
    chunks = [
        f'{HEAD}"delta":{delta},"finish_reason":null}}]}}' for delta in ('{"role":"assistant","content":null}', *deltas)
    ]
    chunks.append(f'{HEAD}"delta":{{}},"finish_reason":"{finish}"}}]}}')
    return "".join(f"data: {chunk}\n\n" for chunk in (*chunks, "[DONE]"))


def fragment(text: str, *, name: str = "") -> str:
    """Return a delta that continues call 0, with a name or without."""
    named = f'"name":"{name}",' if name else ""
    return f'{{"tool_calls":[{{"index":0,"function":{{{named}"arguments":"{text}"}}}}]}}'


CLEAN = stream(f"{{{OPENING}}}", fragment('{\\"a\\":1}'))
REPEATED = stream(f"{{{OPENING}}}", fragment('{\\"a\\"', name="f"), fragment(":1}", name="f"))
