"""An endpoint that does all that the suite asks for, by the book. It knows the scenarios by what they ask."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from threading import Barrier

from deltaproof.catalog import Exercise, load_scenarios
from tests.run.server import STREAM_END, STREAM_HEAD, Act, Asked, Json, piece, refusal, response

MODEL = "polite-1"
_FRAGMENT = 40  # characters
_PACE = 0.005  # seconds
_UNLIMITED = 1_000_000
_SCENARIOS = load_scenarios()


@dataclass(slots=True)
class Polite:
    """Answers any request of the suite; its method `answer` is a script."""

    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _pair: Barrier = field(default_factory=lambda: Barrier(2, timeout=20))
    _hung_up: int = 0

    def answer(self, asked: Asked) -> Iterator[bytes | Act]:
        """Answer one request."""
        if asked.path == "/v1/models":
            yield response(json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]}).encode())
        elif asked.path != "/v1/chat/completions":
            yield refusal("there is no such path", "404 Not Found")
        elif fault := fault_of(asked.json):
            yield refusal(fault)
        elif not asked.json.get("stream"):
            yield response(json.dumps(self.whole(asked.json)).encode())
        else:
            yield STREAM_HEAD
            yield from self._stream(asked.json)
            yield STREAM_END

    def _stream(self, request: Json) -> Iterator[bytes | Act]:
        """Send the events one by one; those of two streams by turns, and those of a client that will go not at all."""
        name = scenario_of(request)
        self._hung_up += name == "hang-up"
        will_go = name == "hang-up" and self._hung_up % 2 == 1
        for number, event in enumerate(self.events(request)):
            if name == "two-streams":
                time.sleep(_PACE)  # it is this server that takes its time, so that its client can see both begin
                self._pair.wait()
            if will_go and number == 1:
                yield Act.SILENCE
            yield piece(event)

    def events(self, request: Json) -> Iterator[bytes]:
        """Yield the events of a stream, blank lines included."""
        envelope = {"id": self._id("chatcmpl"), "object": "chat.completion.chunk", "created": 1, "model": MODEL}
        usage: Json = {"usage": None} if "stream_options" in request else {}
        choices = range(number(request.get("n"), 1))
        for index in choices:
            for delta in self._deltas(request):
                choice: Json = {"index": index, "delta": delta, "finish_reason": None, **_logprobs(request, delta)}
                yield event({**envelope, "choices": [choice], **usage})
        for index in choices:
            choice = {"index": index, "delta": {}, "finish_reason": finish_of(request)}
            yield event({**envelope, "choices": [choice], **usage})
        if usage:
            counts = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
            yield event({**envelope, "choices": [], "usage": counts})
        yield b"data: [DONE]\n\n"

    def _deltas(self, request: Json) -> Iterator[Json]:
        """Yield the deltas of a choice, without the empty last one."""
        calls = calls_of(request)
        yield {"role": "assistant", "content": None if calls else ""}
        for text in fragments(text_of(request), _FRAGMENT):
            yield {"content": text}
        if request.get("functions"):
            yield {"function_call": {"name": "get_current_weather", "arguments": ""}}
            yield {"function_call": {"arguments": '{"location": "Paris"}'}}
            return
        limit = number(request.get("max_tokens"), _UNLIMITED)
        for index, (name, arguments, kind) in enumerate(calls):
            member = "input" if kind == "custom" else "arguments"
            opening = {"index": index, "id": self._id("call"), "type": kind}
            yield {"tool_calls": [{**opening, kind: {"name": name, member: ""}}]}
            for text in tokens(arguments, limit)[:limit]:
                yield {"tool_calls": [{"index": index, kind: {member: text}}]}

    def whole(self, request: Json) -> Json:
        """Return the answer in one piece."""
        message: Json = {"role": "assistant", "content": text_of(request) or None, "refusal": None}
        if calls := calls_of(request):
            message["tool_calls"] = [
                {"id": self._id("call"), "type": kind, kind: {"name": name, "arguments": arguments}}
                for name, arguments, kind in calls
            ]
        envelope = {"id": self._id("chatcmpl"), "object": "chat.completion", "created": 1, "model": MODEL}
        return {**envelope, "choices": [{"index": 0, "message": message, "finish_reason": finish_of(request)}]}

    def _id(self, prefix: str) -> str:
        return f"{prefix}-{next(self._numbers)}"


def fault_of(request: Json) -> str:
    """Say what is wrong with a request, empty where nothing is."""
    names = [_function(tool).get("name") for tool in _list(request.get("tools"))]
    match request.get("tool_choice"):
        case "required" if not names:
            return "tool_choice without tools"
        case "any":
            return "'any' is no tool_choice"
        case {"function": {"name": name}} if name not in names:
            return f"no tool is called {name}"
        case _:
            pass
    if not request:
        return "the body is no JSON object, or an empty one"
    if request.get("model") != MODEL:
        return f"there is no model {request.get('model')}"
    if not request.get("messages"):
        return "messages are missing"
    if request.get("n") == 0:
        return "n is 0"
    if "stream_options" in request and not request.get("stream"):
        return "stream_options without stream"
    return ""


def scenario_of(request: Json) -> str:
    """Return the scenario that a request is of, by its last message and its members; empty where it is of none."""
    for name, scenario in _SCENARIOS.items():
        wanted = scenario.request
        if wanted and _shape(wanted) == _shape(request):
            return name
    return ""


def _shape(request: Mapping[str, object]) -> object:
    """Return what tells one scenario's request from another's: nonces, model and swept members left out."""
    last = _list(request.get("messages"))[-1:]
    asks = last[0].get("content") if last and isinstance(last[0], dict) else None
    members = {key: value for key, value in request.items() if key in _TELLING}
    return (str(asks).split("{")[0].split(" w")[0].strip(), json.dumps(members, sort_keys=True))


_TELLING = ("tool_choice", "n", "stream_options", "logprobs", "parallel_tool_calls", "functions")


def text_of(request: Json) -> str:
    """Return the text of the answer."""
    wanted = _wanted(request)
    return "" if calls_of(request) and not wanted.text_first else "The sky is clear."


def calls_of(request: Json) -> list[tuple[str, str, str]]:
    """Return the calls of the answer: name, arguments or input, and type."""
    tools = _list(request.get("tools"))
    messages = _list(request.get("messages"))
    replied = bool(messages) and isinstance(messages[-1], dict) and messages[-1].get("role") == "tool"
    choice = request.get("tool_choice")
    if not tools or replied or choice == "none":
        return []
    wanted = _wanted(request)
    if "get_local_time" in json.dumps(choice):
        tools = [tool for tool in tools if _function(tool).get("name") == "get_local_time"]
    chosen = [tools[number % max(wanted.tools, 1)] for number in range(max(wanted.calls, 1))]
    return [_call(tool, wanted) for tool in chosen]


def _call(tool: object, wanted: Exercise) -> tuple[str, str, str]:
    function = _function(tool)
    name = str(function.get("name"))
    if "parameters" not in function:
        return name, "print(2 + 2)", "custom"
    words = " ".join(wanted.contains) or "The sky is clear. "
    value = _example(function["parameters"], words.ljust(wanted.arguments, "."))
    return name, json.dumps(value), "function"


def _example(schema: object, words: str) -> object:
    """Return a value that a schema allows, `words` for each string."""
    match schema:
        case {"enum": [first, *_]}:
            return first
        case {"type": "object", "properties": dict() as members}:
            return {name: _example(member, words) for name, member in members.items()}
        case {"type": "array", "items": items}:
            return [_example(items, words)]
        case {"type": "integer" | "number"}:
            return 20
        case _:
            return words


def finish_of(request: Json) -> str:
    """Return the finish_reason."""
    if request.get("functions"):
        return "function_call"
    calls = calls_of(request)
    limit = number(request.get("max_tokens"), _UNLIMITED)
    if any(len(tokens(arguments, limit)) > limit for _, arguments, _ in calls):
        return "length"
    match request.get("tool_choice"):
        case {"type": "function"}:
            return "stop"
        case _:
            return "tool_calls" if calls else "stop"


def tokens(text: str, limit: int) -> list[str]:
    """Cut a text into fragments, into small ones where there is a limit."""
    return fragments(text, _FRAGMENT if limit == _UNLIMITED else 2)


def fragments(text: str, size: int) -> list[str]:
    """Cut a text into fragments."""
    return [text[start : start + size] for start in range(0, len(text), size)]


def event(value: object) -> bytes:
    """Return one event with a JSON value."""
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def number(value: object, otherwise: int) -> int:
    """Return an integer, or another where there is none."""
    return value if isinstance(value, int) else otherwise


def _logprobs(request: Json, delta: Json) -> Json:
    if not request.get("logprobs") or not delta.get("content"):
        return {}
    token = {"token": "The", "logprob": -0.5, "bytes": [84, 104, 101]}
    return {"logprobs": {"content": [{**token, "top_logprobs": [token]}], "refusal": None}}


def _wanted(request: Json) -> Exercise:
    name = scenario_of(request)
    return _SCENARIOS[name].exercises if name else Exercise()


def _function(tool: object) -> Json:
    match tool:
        case {"type": str() as kind, **rest}:
            function = rest.get(kind)
            return function if isinstance(function, dict) else {}
        case _:
            return {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
