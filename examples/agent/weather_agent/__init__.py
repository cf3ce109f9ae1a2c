"""An agent that tells the weather: what others import."""

from weather_agent.agent import Agent, TooManyTurnsError
from weather_agent.turn import IncompleteError, Turn

__all__ = ["Agent", "IncompleteError", "TooManyTurnsError", "Turn"]
