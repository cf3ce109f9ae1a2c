"""Events to a transcript: what a streamed chat completion says. Knows chunks, not rules."""

from deltaproof.stream.moments import Chunk, Delta, Entry, ErrorShape, Kind, Payload, Place, Repeats
from deltaproof.stream.reader import Reader
from deltaproof.stream.request import Asked, Request, Tool, ToolChoice, read_request
from deltaproof.stream.strict import Problem
from deltaproof.stream.subjects import Moments, Subject
from deltaproof.stream.text import Fragment, Text
from deltaproof.stream.wholes import Choice, Ending, Finish, FunctionCall, ToolCall, Transcript, Usage

__all__ = [
    "Asked",
    "Choice",
    "Chunk",
    "Delta",
    "Ending",
    "Entry",
    "ErrorShape",
    "Finish",
    "Fragment",
    "FunctionCall",
    "Kind",
    "Moments",
    "Payload",
    "Place",
    "Problem",
    "Reader",
    "Repeats",
    "Request",
    "Subject",
    "Text",
    "Tool",
    "ToolCall",
    "ToolChoice",
    "Transcript",
    "Usage",
    "read_request",
]
