"""Rules about what one entry of a tool call carries: id, type, name, function. Not which call it belongs to."""

from __future__ import annotations

from collections.abc import Iterator

from deltaproof.rules.rule import Deviation, rule
from deltaproof.stream import Entry


@rule("tool-call-open-name", each=Entry)
def open_name(entry: Entry) -> Iterator[Deviation]:
    """Ask the opening entry for the name, and later entries for no piece of one."""
    name = entry.function.get("name")
    if entry.opens and not (isinstance(name, str) and name):
        yield Deviation("late", entry.place, "the call opens without a name")
    elif entry.continues and entry.name and isinstance(name, str) and name not in ("", entry.name):
        yield Deviation("split", entry.place, f"after the name {entry.name!r} comes {name!r} for the same call")


@rule("tool-call-continuation-name", each=Entry, when=lambda entry: entry.continues)
def continuation_name(entry: Entry) -> Iterator[Deviation]:
    """Look for a name key where the call has its name; another name is for `tool-call-open-name` to tell."""
    if "name" not in entry.function:
        return
    match entry.function["name"]:
        case None:
            yield Deviation("null", entry.place, "the name is there again, as null")
        case "":
            yield Deviation("empty", entry.place, "the name is there again, as an empty string")
        case name if name == entry.name:
            yield Deviation("repeated", entry.place, f"the name {name!r} is there again")
        case _:
            pass


RULES = (open_name, continuation_name)
