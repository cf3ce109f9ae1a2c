"""The client that several drivers fold the streams of: openai-python, without retries. Folds nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, cast

from openai import OpenAI

from lines import mapping


@cache
def _client() -> OpenAI:
    """Make the one client: each of its own would read all certificates anew, which costs more than a stream."""
    return OpenAI(base_url="http://127.0.0.1/v1", api_key="unused", max_retries=0)


def client_for(case: Mapping[str, object]) -> OpenAI:
    """Return a client for one case."""
    return _client().with_options(
        base_url=cast("str", case["base_url"]),
        api_key=cast("str", case["api_key"]),
        timeout=cast("float", case["timeout"]),
    )


def request_of(case: Mapping[str, object]) -> dict[str, Any]:  # type: ignore[explicit-any]  # members have all types
    """Return what to call `create` with; what the client may not know goes to the server as it is."""
    request = mapping(case["request"])
    named = {name: request[name] for name in ("model", "messages", "tools", "stream_options") if name in request}
    rest = {name: value for name, value in request.items() if name not in named and name != "stream"}
    return {**named, "extra_body": rest}


def chunks_of(case: Mapping[str, object]) -> Iterable[Any]:  # type: ignore[explicit-any]  # a loop takes what comes
    """Send a case's request, and return the chunks of its answer."""
    with client_for(case).chat.completions.create(**request_of(case), stream=True) as chunks:
        yield from chunks
