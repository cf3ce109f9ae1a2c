"""What the agent's own fold makes of every stream that was recorded, as it is and broken."""

from __future__ import annotations

import pytest
from openai.types.chat import ChatCompletionChunk

from deltaproof.testing import AccumulatorCase, accumulator_cases
from weather_agent import Turn


@pytest.mark.parametrize("case", accumulator_cases("cassettes", faults=["name-*", "id-*", "cut-*"]))
def test_a_turn_is_what_the_stream_says(case: AccumulatorCase) -> None:
    """Whatever the server does, the agent has the model's message, or an error."""
    turn = Turn()
    with case.raises():
        for chunk in case.chunks():
            turn.take(ChatCompletionChunk.model_validate(chunk))
        turn.end()
        case.assert_folded(turn)
