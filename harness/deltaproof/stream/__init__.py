"""Events to a transcript: what a streamed chat completion says. Knows chunks, not rules."""

from deltaproof.stream.reader import Reader
from deltaproof.stream.request import Asked, Request, Tool, ToolChoice, read_request
from deltaproof.stream.strict import Problem
from deltaproof.stream.subjects import (
    Choice,
    Chunk,
    Delta,
    Ending,
    Entry,
    ErrorShape,
    Finish,
    FunctionCall,
    Kind,
    Payload,
    Place,
    Repeats,
    Subject,
    ToolCall,
    Transcript,
    Usage,
)
from deltaproof.stream.text import Fragment, Text

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
