"""One turn of the model, put together from the chunks of its stream. Asks nobody and runs nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from openai.types import CompletionUsage
from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion_chunk import ChoiceDeltaToolCall


class IncompleteError(Exception):
    """The stream told of an error, or ended before the model did."""


@dataclass(slots=True)
class Call:
    """A tool call as far as it has come."""

    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class Turn:
    """What the model has said so far."""

    content: str = ""
    tool_calls: list[Call] = field(default_factory=list)
    finish_reason: str | None = None
    tokens: int = 0

    def take(self, chunk: ChatCompletionChunk) -> str:
        """Take the next chunk, and return the text in it.

        Raises:
            IncompleteError: it is none, but an error in a form that the client does not raise by itself.
        """
        if chunk.choices is None:  # its type says that it never is
            raise IncompleteError(f"the server said {chunk.model_dump_json(exclude_none=True)}")
        text = ""
        for choice in chunk.choices:
            text += choice.delta.content or ""
            for entry in choice.delta.tool_calls or ():
                self._take_call(entry)
            self.finish_reason = choice.finish_reason or self.finish_reason
        if isinstance(chunk.usage, CompletionUsage):  # the client builds what it can of whatever was sent
            self.tokens = chunk.usage.total_tokens or 0
        self.content += text
        return text

    def _take_call(self, entry: ChoiceDeltaToolCall) -> None:
        """Take a piece of a call: the first has its id and its name, servers differ in what the others have."""
        while len(self.tool_calls) <= entry.index:
            self.tool_calls.append(Call())
        call = self.tool_calls[entry.index]
        call.id = call.id or entry.id or ""
        if entry.function is not None:
            call.name = call.name or entry.function.name or ""
            call.arguments += entry.function.arguments or ""

    def end(self) -> None:
        """End the stream.

        Raises:
            IncompleteError: the model was not at its end.
        """
        if self.finish_reason not in ("stop", "tool_calls"):
            raise IncompleteError(f"the stream ended with finish_reason {self.finish_reason!r}")
