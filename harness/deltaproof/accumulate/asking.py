"""The request that a client is to send for a stream: the recorded one, or one that fits what came. Sends nothing."""

from __future__ import annotations

from collections.abc import Mapping

from deltaproof.accumulate.calls import sent_calls
from deltaproof.exchange import Exchange
from deltaproof.verdict import Judgement


def request_for(exchange: Exchange, judgement: Judgement) -> dict[str, object]:
    """Return the recorded request, streaming; where it is not known, one that declares the tools that were called."""
    if exchange.request is not None:
        return {"model": "recorded", "messages": [_GO_ON], **exchange.request, "stream": True}
    choices = judgement.message.choices
    names = dict.fromkeys(call.name for call in sent_calls(choices[0] if choices else None) if call.name)
    tools = [{"type": "function", "function": {"name": name, "parameters": _ANY_OBJECT}} for name in names]
    request: dict[str, object] = {"model": "recorded", "messages": [_GO_ON], "stream": True}
    return {**request, "tools": tools} if tools else request


_GO_ON: Mapping[str, str] = {"role": "user", "content": "Go on."}
_ANY_OBJECT: Mapping[str, object] = {"type": "object", "properties": {}}
