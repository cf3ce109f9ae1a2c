"""How a Python driver is asked and answers: docs/accumulators.md, the persistent mode. Knows no client.

Drivers run where their clients are installed, and deltaproof is not: they import this file, which lies beside them.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import BinaryIO

Fold = Callable[[dict[str, object]], Mapping[str, object]]
"""Takes a case, fetches its stream, and returns the message that the client makes of it; it may raise."""

_LONGEST = 2000  # characters of an error's message


def serve(fold: Fold, package: str) -> None:
    """Answer one case after the other until standard input ends; `package` is whose version is told."""
    answers = _answers()
    _write(answers, {"ready": True, "version": _version(package)})
    for case in _cases():
        started = time.perf_counter()
        answer: dict[str, object]
        try:
            answer = {"message": fold(case)}
        except Exception as error:  # noqa: BLE001 - whatever a client raises is its answer
            answer = {"raised": {"type": type(error).__name__, "message": str(error)[:_LONGEST]}}
        _write(answers, {"case": case["case"], "seconds": time.perf_counter() - started, **answer})


def _answers() -> BinaryIO:
    """Open where answers go; what anything prints goes to standard error from then on, where it is in nobody's way."""
    told = os.environ.get("DELTAPROOF_ANSWER_FD")
    answers = os.fdopen(int(told) if told else os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _cases() -> Iterator[dict[str, object]]:
    for line in sys.stdin.buffer:
        yield json.loads(line)


def _write(answers: BinaryIO, answer: Mapping[str, object]) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def mapping(value: object) -> dict[str, object]:
    """Return a JSON object as it is, and nothing in place of anything else."""
    return value if isinstance(value, dict) else {}


def functions(request: Mapping[str, object]) -> list[dict[str, object]]:
    """Return the functions that a request declares, the deprecated ones too: name, description, parameters."""
    tools = request.get("tools")
    legacy = request.get("functions")
    declared = [mapping(mapping(tool).get("function")) for tool in tools] if isinstance(tools, list) else []
    declared += [mapping(function) for function in legacy] if isinstance(legacy, list) else []
    return [function for function in declared if isinstance(function.get("name"), str)]


def parameters(function: Mapping[str, object]) -> dict[str, object]:
    """Return the JSON Schema of a function's arguments, that of any object where it has none."""
    return mapping(function.get("parameters")) or {"type": "object", "properties": {}}
