"""`deltaproof replay --steps`: recordings shown event by event."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from deltaproof.cassette import read_path
from deltaproof.errors import UnreadableError
from deltaproof.exchange import Exchange
from deltaproof.fold import Message
from deltaproof.report.steps import print_event, print_message
from deltaproof.report.terminal import console_for
from deltaproof.report.visible import visible
from deltaproof.snapshot.accumulation import steps


def print_recordings(paths: Sequence[Path]) -> None:
    """Print each recording under some paths event by event, the message so far wherever it changes.

    Raises:
        UnreadableError: a file is no readable recording, or nothing is there; what was read before is printed.
    """
    console = console_for()
    shown = 0
    for path in paths:
        for sighting in read_path(path):
            match sighting:
                case Exchange():
                    shown += 1
                    name = f"{sighting.source}#{sighting.entry}" if sighting.entry else sighting.source
                    console.print(visible(name), style="bold cyan")
                    before: Message | None = None
                    for step in steps(sighting):
                        print_event(step.event, step.brought, step.fragments, console)
                        if step.message != before:
                            print_message(step.message, console)
                        before = step.message
                    console.print(f"      the body ended: {sighting.end}", style="dim")
                    console.print()
                case UnreadableError():
                    raise sighting
                case _:
                    pass
    if not shown:
        raise UnreadableError("there is no recorded stream", where=", ".join(map(str, paths)))
