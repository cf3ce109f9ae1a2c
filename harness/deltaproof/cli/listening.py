"""The options of verbs that listen, which start without what judges. What they answer is not known here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

F = TypeVar("F", bound=Callable[..., object])  # type: ignore[explicit-any]  # as click has it


def listening_options(reached: str) -> Callable[[F], F]:  # type: ignore[explicit-any]  # as click has it
    """Return what adds the options that say where to listen, for those who then reach what is named."""
    port = click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=0,
        metavar="P",
        help="Where to listen; any free one without it.",
    )
    host = click.option(
        "--host",
        default="127.0.0.1",
        show_default=True,
        metavar="H",
        help=f"Where to listen; anyone who reaches it, reaches {reached}.",
    )
    return lambda command: port(host(command))
