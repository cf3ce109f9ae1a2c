"""What to send for a scenario: requests filled in, and a conversation continued. Sends nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from deltaproof.catalog import Scenario
from deltaproof.fold import FoldedChoice, Message

NONCE, MODEL = "{nonce}", "{model}"

Request = dict[str, object]


def filled(scenario: Scenario, model: str, nonce: str) -> Request:
    """Return a scenario's request, `nonce` in place of each `{nonce}`, the model where it names none."""
    request = _filled(scenario.request, nonce)
    return {"model": model, **request} if isinstance(request, dict) else {}


def filled_body(scenario: Scenario, model: str, nonce: str) -> str:
    """Return the text that a scenario sends in place of a JSON object."""
    return scenario.body.replace(MODEL, json.dumps(model)).replace(NONCE, nonce)


def swept(scenario: Scenario, request: Request) -> Iterator[Request]:
    """Yield the request once per value of the member that the scenario sweeps."""
    member, values = scenario.sweep
    for value in values:
        yield {**request, member: value}


def without_streaming(request: Request) -> Request:
    """Return the request that asks for the same in one piece."""
    return {name: value for name, value in request.items() if name not in ("stream", "stream_options")}


def continued(request: Request, message: Message, reply: str) -> Request:
    """Return the request that sends a response's first choice back, with the same reply to each of its calls.

    A call without an id is given one, as clients do that need one.
    """
    choice = message.choices[0]
    calls: list[Request] = [
        {
            "id": call.id or f"call_{call.index}",
            "type": "function",
            "function": {"name": call.name or "", "arguments": call.arguments},
        }
        for call in choice.tool_calls
    ]
    replies = [{"role": "tool", "tool_call_id": call["id"], "content": reply} for call in calls]
    messages = request.get("messages")
    before = messages if isinstance(messages, list) else []
    return {**request, "messages": [*before, _assistant(choice, calls), *replies]}


def request_text(request: Request) -> str:
    """Write a request as JSON, a line to each member, message and tool: as it is sent, and so as it is recorded."""
    members = (f"  {_json(name)}: {_member(value)}" for name, value in request.items())
    return "{\n" + ",\n".join(members) + "\n}" if request else "{}"


def _member(value: object) -> str:
    if isinstance(value, list) and any(isinstance(element, dict) for element in value):
        return "[\n" + ",\n".join(f"    {_json(element)}" for element in value) + "\n  ]"
    return _json(value)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _assistant(choice: FoldedChoice, calls: list[Request]) -> Request:
    return {"role": "assistant", "content": choice.content, "tool_calls": calls}


def _filled(value: object, nonce: str) -> object:
    match value:
        case str():
            return value.replace(NONCE, nonce)
        case Mapping():
            return {str(_filled(key, nonce)): _filled(member, nonce) for key, member in value.items()}
        case list():
            return [_filled(element, nonce) for element in value]
        case _:
            return value
