"""Streams of the tests with their shapes. No tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from deltaproof.cassette import read_path
from deltaproof.exchange import Exchange, Head
from deltaproof.snapshot import Shape, changes, shape_of
from deltaproof.snapshot.matching import PROFILE
from deltaproof.verdict import judge

FOLDER = Path(__file__).parents[1] / "streams"
NAMES = sorted(path.stem for path in FOLDER.glob("*.sse"))
HEAD = '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":['


@cache
def recorded(name: str) -> Exchange:
    """Return a stream of the tests' folder."""
    (exchange,) = [one for one in read_path(FOLDER / f"{name}.sse") if isinstance(one, Exchange)]
    return exchange


def streamed(*deltas: str, finish: str = "stop", index: int = 0) -> Exchange:
    """Return a stream of one choice: a role, deltas written as JSON, finish_reason and [DONE]."""
    parts = ['{"role":"assistant","content":null}', *deltas]
    chunks = [f'{HEAD}{{"index":{index},"delta":{part},"finish_reason":null}}]}}' for part in parts]
    chunks.append(f'{HEAD}{{"index":{index},"delta":{{}},"finish_reason":"{finish}"}}]}}')
    return exchange_of(*chunks, "[DONE]")


def exchange_of(*events: str) -> Exchange:
    """Return a stream of these events."""
    body = "".join(f"data: {event}\n\n" for event in events).encode()
    return Exchange("here", body, head=Head(200, (("content-type", "text/event-stream"),)))


def opening(name: str, *, call: int = 0, known: str = "c") -> str:
    """Return a delta that opens a call."""
    function = f'{{"name":"{name}","arguments":""}}'
    return f'{{"tool_calls":[{{"index":{call},"id":"{known}{call}","type":"function","function":{function}}}]}}'


def piece(text: str, *, call: int = 0, more: str = "") -> str:
    """Return a delta with argument text for a call; `more` is what else its function has, ending in a comma."""
    return f'{{"tool_calls":[{{"index":{call},"function":{{{more}"arguments":"{text}"}}}}]}}'


def shape(exchange: Exchange) -> Shape:
    """Return an exchange's shape."""
    if exchange is recorded(Path(exchange.source).stem if Path(exchange.source).stem in NAMES else NAMES[0]):
        return _recorded_shape(Path(exchange.source).stem)
    return _shape(exchange)


@cache
def _recorded_shape(name: str) -> Shape:
    return _shape(recorded(name))


def _shape(exchange: Exchange) -> Shape:
    return shape_of(exchange, judge(exchange, profile=PROFILE))


def arrived(exchange: Exchange) -> tuple[str, ...]:
    """Return the steps of a stream's first choice."""
    return shape(exchange).choices[0].arrived


def told(old: Exchange, new: Exchange) -> list[str]:
    """Return what changed, in words."""
    return [change.text for change in changes(shape(old), shape(new))]
