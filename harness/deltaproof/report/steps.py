"""A stream shown event by event: what came, and the message so far. Accumulates nothing itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deltaproof.report.visible import visible

if TYPE_CHECKING:
    from rich.console import Console

    from deltaproof.fold import FoldedCall, FoldedChoice, Message

_MOST = 600  # characters of one text, after which its middle is left out
_KEPT = 250


def print_event(number: int, brought: str, fragments: Iterable[str], console: Console) -> None:
    """Print what an event brought, and the text in it."""
    title = Text(f"{number:>4}  ", "dim")
    title.append(visible(brought), "bold")
    for fragment in fragments:
        title.append(f"  {quoted(fragment)}", "green")
    console.print(title)


def print_message(message: Message, console: Console) -> None:
    """Print the message so far, below an event."""
    console.print(Padding(_so_far(message), (0, 0, 0, 6)))


def _so_far(message: Message) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    several = len(message.choices) > 1
    for choice in message.choices:
        for name, text in _rows(choice):
            grid.add_row(f"choice {choice.index} {name}" if several else name, Text(text))
    return grid


def _rows(choice: FoldedChoice) -> Iterator[tuple[str, str]]:
    """Yield what a choice has: its texts, its calls, its end."""
    texts = {"reasoning": choice.reasoning, "text": choice.content, "refusal": choice.refusal}
    yield from ((name, quoted(text)) for name, text in texts.items() if text)
    yield from ((f"call {call.index}", _call(call)) for call in choice.tool_calls)
    if choice.function_call is not None:
        yield "function_call", _call(choice.function_call)
    if choice.finish_reason is not None:
        yield "finish", visible(choice.finish_reason)


def _call(call: FoldedCall) -> str:
    known = f" ({visible(call.id)})" if call.id else ""
    return f"{visible(call.name or '?')}{known}  {quoted(call.arguments)}"


def quoted(text: str) -> str:
    """Return a text between quotes, on one line, the middle of a long one left out."""
    if len(text) > _MOST:
        left_out = len(text) - 2 * _KEPT
        return f"'{visible(text[:_KEPT])}' … {left_out:,} characters … '{visible(text[-_KEPT:])}'"
    return f"'{visible(text)}'"
