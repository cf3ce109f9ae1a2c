"""`python -m weather_agent "How is the weather?"`, with OPENAI_BASE_URL, OPENAI_API_KEY and WEATHER_MODEL set."""

from __future__ import annotations

import os
import sys

from weather_agent.agent import Agent

for text in Agent(os.environ.get("WEATHER_MODEL", "gpt-4o-mini")).ask(" ".join(sys.argv[1:])):
    print(text, end="", flush=True)  # noqa: T201 - it is a command
print()  # noqa: T201 - as above
