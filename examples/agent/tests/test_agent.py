"""What the agent does with a model: recorded once, replayed ever since."""

from __future__ import annotations

import json

import openai
import pytest

from deltaproof.testing import Endpoint, faults
from weather_agent import Agent, IncompleteError

QUESTION = "How is the weather in San Francisco?"


def test_the_weather_in_a_city(agent: Agent, deltaproof: Endpoint) -> None:
    """The model calls the tool, is told what it said, and answers."""
    pieces = list(agent.ask(QUESTION))
    assert len(pieces) > 1
    assert "".join(pieces) == deltaproof.stream.content
    asked, asked_again = (json.loads(exchange.sent) for exchange in deltaproof.exchanges)
    assert asked["messages"] == [{"role": "user", "content": QUESTION}]
    assert asked_again["messages"][-1]["content"] == "15 °C, fog until noon."
    assert agent.tokens > 0
    assert deltaproof.stream == deltaproof.snapshot


def test_the_weather_in_two_cities(agent: Agent, deltaproof: Endpoint) -> None:
    """Two calls in one turn are both run, and each reply names its call."""
    answer = "".join(agent.ask("How is the weather in two cities, San Francisco and Los Angeles?"))
    assert answer == deltaproof.stream.content
    _, said, *told = json.loads(deltaproof.exchanges[-1].sent)["messages"]
    assert [one["content"] for one in told] == ["15 °C, fog until noon.", "24 °C, clear."]
    assert [one["tool_call_id"] for one in told] == [call["id"] for call in said["tool_calls"]]


@pytest.mark.deltaproof(cassette="test_the_weather_in_a_city.yaml")
@pytest.mark.parametrize(
    "deltaproof", faults("name-null", "name-empty", "name-repeated", "id-repeated", "role-*", "usage-*"), indirect=True
)
def test_the_agent_bears_what_other_servers_do(agent: Agent, deltaproof: Endpoint) -> None:
    """Names and ids that come again, roles and usage in odd places: the answer is the same."""
    assert "".join(agent.ask(QUESTION)) == deltaproof.stream.content
    assert len(deltaproof.exchanges) == 2


@pytest.mark.deltaproof(cassette="test_the_weather_in_a_city.yaml")
@pytest.mark.parametrize("deltaproof", faults("cut-*", "error-*"), indirect=True)
def test_the_agent_runs_no_half_a_call(agent: Agent, deltaproof: Endpoint) -> None:
    """A stream that breaks off, or tells of an error, is an error of the agent's, and the tool is not run."""
    with pytest.raises((IncompleteError, openai.APIError)):
        list(agent.ask(QUESTION))
    assert len(deltaproof.exchanges) == 1
