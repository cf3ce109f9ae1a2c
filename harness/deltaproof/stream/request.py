"""What a chat-completion request asked for, read leniently from its JSON body. Nothing of the response."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class ToolChoice(StrEnum):
    """The kinds of `tool_choice`; OTHER is any value that OpenAI does not define."""

    AUTO = "auto"
    NONE = "none"
    REQUIRED = "required"
    NAMED = "named"
    ALLOWED = "allowed_tools"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the request declares; `parameters` is its JSON Schema where it has one."""

    name: str
    kind: str = "function"
    parameters: Mapping[str, object] | None = None
    strict: bool = False


class Asked(NamedTuple):
    """What rules of moments need to know of a request; the members are those of `Request`."""

    n: int
    include_usage: bool
    include_obfuscation: bool
    logprobs: bool


@dataclass(frozen=True, slots=True)
class Request:
    """What rules need to know of a request.

    Attributes:
        n: how many choices were asked for.
        tools: the declared tools by name, those of the legacy `functions` included.
        nameless: whether there are tools without a name, such as a server's own web search: a call may have any then.
        choice: the kind of tool_choice; NONE without tools and AUTO with tools where it was not given; OTHER where
            one of the tools that it allows has no name.
        required: whether at least one call must be made.
        named: the tool that tool_choice names, or None.
        allowed: the tools that may be called, or None where all may.
        parallel: what parallel_tool_calls says, None where it is absent.
        legacy: whether the deprecated `functions` were used instead of tools.
        streams, include_usage, include_obfuscation, logprobs: as asked, with the defaults of the API.
    """

    n: int
    tools: Mapping[str, Tool]
    nameless: bool
    choice: ToolChoice
    required: bool
    named: str | None
    allowed: frozenset[str] | None
    parallel: bool | None
    legacy: bool
    streams: bool
    include_usage: bool
    include_obfuscation: bool
    logprobs: bool

    @property
    def asked(self) -> Asked:
        """The part that rules of moments see."""
        return Asked(self.n, self.include_usage, self.include_obfuscation, self.logprobs)


def read_request(body: Mapping[str, object]) -> Request:
    """Read a request's JSON object; members of the wrong type count as absent."""
    n = body.get("n")
    options = _mapping(body.get("stream_options"))
    legacy = not _list(body.get("tools")) and bool(_list(body.get("functions")))
    declared = list(_legacy_tools(body) if legacy else _tools(body))
    wanted = body.get("function_call" if legacy else "tool_choice")
    choice, named, allowed, required = _tool_choice(wanted, bool(declared))
    parallel = body.get("parallel_tool_calls")
    return Request(
        n=n if isinstance(n, int) and not isinstance(n, bool) and n > 0 else 1,
        tools={tool.name: tool for tool in declared if tool is not None},
        nameless=None in declared,
        choice=choice,
        required=required,
        named=named,
        allowed=allowed,
        parallel=parallel if isinstance(parallel, bool) else None,
        legacy=legacy,
        streams=body.get("stream") is True,
        include_usage=options.get("include_usage") is True,
        include_obfuscation=options.get("include_obfuscation") is not False,
        logprobs=body.get("logprobs") is True,
    )


def _tools(body: Mapping[str, object]) -> Iterator[Tool | None]:
    """Yield the declared tools, None for one without a name."""
    for element in _list(body.get("tools")):
        if isinstance(element, Mapping):
            kind = element.get("type")
            yield _tool(_declaration(element), kind if isinstance(kind, str) else "function")


def _legacy_tools(body: Mapping[str, object]) -> Iterator[Tool | None]:
    for element in _list(body.get("functions")):
        if isinstance(element, Mapping):
            yield _tool(element, "function")


def _declaration(tool: Mapping[str, object]) -> Mapping[str, object]:
    """Return the part of a tool that names it.

    That stands under the tool's type; under `function` for types that are none of OpenAI's, such as Moonshot's
    `builtin_function`; or it is the tool itself, as in the Responses API.
    """
    places = (_mapping(tool.get(str(tool.get("type")))), _mapping(tool.get("function")), tool)
    return next((place for place in places if isinstance(place.get("name"), str)), {})


def _tool(declared: Mapping[str, object], kind: str) -> Tool | None:
    name = declared.get("name")
    parameters = declared.get("parameters")
    if not isinstance(name, str):
        return None
    schema = parameters if isinstance(parameters, Mapping) else None
    return Tool(name, kind, schema, strict=declared.get("strict") is True)


def _tool_choice(wanted: object, has_tools: bool) -> tuple[ToolChoice, str | None, frozenset[str] | None, bool]:  # noqa: FBT001 - private, and a fact rather than a switch
    """Return the kind, the named tool, the allowed tools and whether a call is required."""
    match wanted:
        case None:
            return (ToolChoice.AUTO if has_tools else ToolChoice.NONE), None, None, False
        case "auto":
            return ToolChoice.AUTO, None, None, False
        case "none":
            return ToolChoice.NONE, None, None, False
        case "required" | "any":  # "any" is Empower's, Mistral's and Anthropic's word for it
            return ToolChoice.REQUIRED, None, None, True
        case {"type": "allowed_tools", "allowed_tools": {"tools": list() as tools, **rest}}:
            names = [_declaration(_mapping(tool)).get("name") for tool in tools]
            known = [name for name in names if isinstance(name, str)]
            choice = ToolChoice.ALLOWED if len(known) == len(names) else ToolChoice.OTHER
            return choice, None, frozenset(known), rest.get("mode") == "required"
        case {"function": {"name": str() as name}} | {"custom": {"name": str() as name}} | {"name": str() as name}:
            return ToolChoice.NAMED, name, None, True
        case _:
            return ToolChoice.OTHER, None, None, False


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
