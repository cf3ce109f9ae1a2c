"""Faults of the JSON text of an event. Not of what it says."""

from __future__ import annotations

from collections.abc import Callable

from deltaproof.faults.draft import Draft
from deltaproof.faults.fault import Fault, fault
from deltaproof.faults.splice import style_of


def _spare(change: Callable[[str], str]) -> Callable[[Draft], None]:
    """Add a chunk without choices, and change its JSON text."""

    def add(draft: Draft) -> None:
        spare = draft.spare()
        spare.put(change(spare.text(escapes=draft.escapes).strip()).encode())

    return add


@fault("json-duplicate-keys", "sse-data-json.duplicate-keys")
def duplicate_keys(draft: Draft) -> None:
    """The first key of some chunk stands there twice."""
    piece = draft.pick(draft.chunks())
    text = piece.text(escapes=draft.escapes)
    style = style_of(text, escapes=draft.escapes)
    member = style.text(dict([next(iter(piece.json.items()))]))[1:-1]
    piece.put(text.replace("{", "{" + member + style.comma, 1).encode())


FAULTS = (
    Fault(
        "json-truncated",
        "sse-data-json.truncated",
        "The JSON text of an event ends inside.",
        _spare(lambda text: text[:-1]),
    ),
    Fault(
        "json-single-quoted",
        "sse-data-json.invalid",
        "The JSON text of an event has single quotes, as Python prints them.",
        _spare(lambda text: text.replace('"', "'")),
    ),
    Fault(
        "json-two-documents",
        "sse-data-json.two-documents",
        "Two JSON texts stand in one event.",
        _spare(lambda text: text + text),
    ),
    Fault(
        "json-trailing-text",
        "sse-data-json.trailing-text",
        "Something follows the JSON text of an event.",
        _spare(lambda text: text + ";"),
    ),
    Fault(
        "json-array",
        "sse-data-json.not-an-object",
        "The JSON text of an event is an array.",
        _spare(lambda text: f"[{text}]"),
    ),
    Fault(
        "json-nan",
        "sse-data-json.not-a-number",
        "The JSON text of an event has NaN for a number.",
        _spare(lambda text: text[:-1] + ',"score":NaN}'),
    ),
    Fault(
        "json-deep",
        "sse-data-json.too-deep",
        "The JSON text of an event is nested too deep for a parser.",
        _spare(lambda text: text[:-1] + f',"deep":{"[" * 2000 + "]" * 2000}' + "}"),
    ),
    duplicate_keys,
)
