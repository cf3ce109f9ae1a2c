"""Miniature accumulators: one that is honest, others that each lie in one way, and some that give no answer. No test.

Each takes the body of a stream and returns the message that it makes of it, as a driver would answer it, or raises.
They read as little as the streams of the tests need, and know nothing of deltaproof.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import TypeAlias, TypedDict


class Call(TypedDict):
    """A call of a tool."""

    id: str | None
    name: str
    arguments: str


class Message(TypedDict):
    """What a stream comes to."""

    content: str
    refusal: str
    tool_calls: list[Call]
    finish_reason: str | None


Miniature: TypeAlias = Callable[[bytes], Message]


class StreamError(Exception):
    """The stream told of an error, or ended early."""


def lazy(body: bytes) -> Message:
    """Fold what comes, and never mind how it ends."""
    message = Message(content="", refusal="", tool_calls=[], finish_reason=None)
    for event in body.decode().split("\n\n"):
        payload = event.removeprefix("data: ")
        if payload in ("", "[DONE]"):
            continue
        for choice in json.loads(payload).get("choices", []):
            if choice["index"] == 0:
                _take(message, choice)
    return message


def _take(message: Message, choice: Mapping[str, object]) -> None:
    delta = choice["delta"]
    if not isinstance(delta, dict):
        raise TypeError
    message["content"] += delta.get("content") or ""
    message["refusal"] += delta.get("refusal") or ""
    for entry in delta.get("tool_calls") or []:
        function = entry.get("function") or entry.get("custom")
        if entry["index"] == len(message["tool_calls"]):
            message["tool_calls"].append(Call(id=entry["id"], name=function["name"], arguments=""))
        message["tool_calls"][entry["index"]]["arguments"] += function.get("arguments") or function.get("input") or ""
    message["finish_reason"] = str(choice["finish_reason"]) if choice["finish_reason"] else message["finish_reason"]


def honest(body: bytes) -> Message:
    """Fold what comes, and raise where it does not come to its end."""
    if b'"error"' in body:
        raise StreamError("the server told of an error")
    message = lazy(body)
    if message["finish_reason"] is None:
        raise StreamError("the stream ended early")
    return message


def _changed(change: Callable[[Message], object]) -> Miniature:
    """Return an accumulator that is honest but for one change to its message."""

    def lie(body: bytes) -> Message:
        message = honest(body)
        change(message)
        return message

    return lie


def _call(change: Callable[[Call], object]) -> Miniature:
    return _changed(lambda message: change(message["tool_calls"][-1]))


def raises(_: bytes) -> Message:
    """Give up on everything."""
    raise StreamError("no, thanks")


def hangs(_: bytes) -> Message:
    """Wait for nothing."""
    signal.pause()
    raise AssertionError


def crashes(_: bytes) -> Message:
    """End the process."""
    os._exit(3)


def floods(_: bytes) -> Message:
    """Print without end."""
    while True:
        print("x" * 100_000)  # noqa: T201 - this is what it does


def leaves_a_child(body: bytes) -> Message:
    """Start a process that outlives this one, and be honest."""
    subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    return honest(body)


EMPTIES_ARGUMENTS = _call(lambda call: call.update({"arguments": "{}"}))
DROPS_ARGUMENTS = _call(lambda call: call.update({"arguments": ""}))
CHANGES_ARGUMENTS = _call(lambda call: call.update({"arguments": json.dumps({"port": "Dover"})}))
CUTS_ARGUMENTS = _call(lambda call: call.update({"arguments": call["arguments"][:-1]}))
DOUBLES_NAME = _call(lambda call: call.update({"name": call["name"] * 2}))
LOSES_NAME = _call(lambda call: call.update({"name": ""}))
LOSES_ID = _call(lambda call: call.update({"id": None}))
CHANGES_ID = _call(lambda call: call.update({"id": "call_1"}))
LOSES_CALL = _changed(lambda message: message["tool_calls"].pop())
CALLS_TWICE = _changed(lambda message: message["tool_calls"].append(message["tool_calls"][-1]))
TURNS_CALLS_ROUND = _changed(lambda message: message["tool_calls"].reverse())
LOSES_TEXT = _changed(lambda message: message.update({"content": ""}))
LOSES_BEGINNING = _changed(lambda message: message.update({"content": message["content"][3:]}))
CHANGES_TEXT = _changed(lambda message: message.update({"content": message["content"] * 2}))
LOSES_REFUSAL = _changed(lambda message: message.update({"refusal": ""}))
LOSES_FINISH = _changed(lambda message: message.update({"finish_reason": None}))
SAYS_STOP = _changed(lambda message: message.update({"finish_reason": "stop"}))
