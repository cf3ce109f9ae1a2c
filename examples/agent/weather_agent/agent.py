"""An agent: asks a model, runs the tools that it calls, tells it what they said, and streams its answer."""

from __future__ import annotations

import json
from collections.abc import Iterator

from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from weather_agent.turn import Call, Turn
from weather_agent.weather import get_weather

MOST_TURNS = 5

TOOLS: list[ChatCompletionToolParam] = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Tell the weather in a city.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
                "additionalProperties": False,
            },
        },
    }
]


class TooManyTurnsError(Exception):
    """The model calls tools, and does not come to an answer."""


class Agent:
    """Answers questions about the weather with a model of an OpenAI-compatible endpoint.

    Attributes:
        tokens: how many were used so far, as far as the endpoint tells.
    """

    def __init__(self, model: str, *, base_url: str | None = None, api_key: str | None = None) -> None:
        """Talk to an endpoint; what is not given, the OpenAI client takes from the environment."""
        self._model = model
        self._client = OpenAI(base_url=base_url, api_key=api_key)
        self.tokens = 0

    def ask(self, question: str) -> Iterator[str]:
        """Yield the answer to a question, piece by piece as the model writes it.

        Raises:
            IncompleteError: a stream told of an error, or ended before the model did.
            TooManyTurnsError: the model calls tools again and again.
            openai.APIError: the endpoint refuses, or tells of an error.
        """
        messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": question}]
        for _ in range(MOST_TURNS):
            turn = Turn()
            stream = self._client.chat.completions.create(
                model=self._model,
                messages=messages,
                tools=TOOLS,
                temperature=0,
                stream=True,
                stream_options={"include_usage": True},
            )
            for chunk in stream:
                if text := turn.take(chunk):
                    yield text
            self.tokens += turn.tokens
            turn.end()
            if not turn.tool_calls:
                return
            messages.append(_said(turn))
            messages += [_told(call) for call in turn.tool_calls]
        raise TooManyTurnsError(f"no answer after {MOST_TURNS} turns")


def _said(turn: Turn) -> ChatCompletionMessageParam:
    """Return what the model said, as it is to be reminded of it."""
    return {
        "role": "assistant",
        "content": turn.content or None,
        "tool_calls": [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in turn.tool_calls
        ],
    }


def _told(call: Call) -> ChatCompletionMessageParam:
    """Run a call, and return what it came to."""
    try:
        arguments = json.loads(call.arguments)
        told = get_weather(arguments["city"]) if call.name == "get_weather" else f"There is no tool {call.name!r}."
    except (KeyError, TypeError, ValueError) as error:
        told = f"These arguments are wrong: {error}"
    return {"role": "tool", "tool_call_id": call.id, "content": told}
