"""Faults of the deprecated function_call: where it must not be, and how it must not be written."""

from __future__ import annotations

from deltaproof.faults.draft import Draft, need
from deltaproof.faults.fault import fault
from deltaproof.faults.views import Delta


def _legacy(draft: Draft) -> list[Delta]:
    """Return the deltas with a part of a function_call, at least two."""
    deltas = [delta for delta in draft.deltas() if isinstance(delta.body.get("function_call"), dict)]
    need(len(deltas) > 1, "no function_call comes in several parts")
    return deltas


@fault("legacy-call", "delta-legacy-function-call.unasked")
def legacy_call(draft: Draft) -> None:
    """The only tool call comes as a function_call, though the request has tools."""
    need(not draft.asked().legacy, "the request has functions")
    call, *others = draft.calls()
    need(not (others or call.is_custom), "there are several calls, or one of a custom tool")
    need(all(len(entry.delta.entries) == 1 for entry in call.entries), "a chunk has two entries of the call")
    for entry in call.entries:
        del entry.delta.body["tool_calls"]
        entry.delta.body["function_call"] = entry.function
    draft.finish().element["finish_reason"] = "function_call"


@fault(
    "legacy-call-beside",
    "delta-legacy-function-call.mixed",
    also={"finish-tool-calls.function-call": "No finish_reason fits both kinds of call."},
)
def legacy_call_beside(draft: Draft) -> None:
    """A tool call comes after the function_call, and means the same."""
    first, *_, last = deltas = _legacy(draft)
    need(draft.finish_reason(last.choice) == "function_call", "the function_call does not end with that finish_reason")
    arguments = "".join(str(delta.body["function_call"].get("arguments", "")) for delta in deltas)
    function = {"name": first.body["function_call"].get("name"), "arguments": ""}
    opening = {"index": 0, "id": "call_beside", "type": "function", "function": function}
    piece = draft.say(last, {"tool_calls": [opening]}, after=last.piece).piece
    draft.say(last, {"tool_calls": [{"index": 0, "function": {"arguments": arguments}}]}, after=piece)


@fault("legacy-name-split", "delta-legacy-function-call.name-split")
def legacy_name_split(draft: Draft) -> None:
    """The name of a function_call comes in two pieces."""
    first, second, *_ = _legacy(draft)
    name = str(first.body["function_call"].get("name"))
    first.body["function_call"]["name"] = name[: len(name) // 2]
    second.body["function_call"]["name"] = name[len(name) // 2 :]


@fault("legacy-name-late", "delta-legacy-function-call.name-late")
def legacy_name_late(draft: Draft) -> None:
    """The name of a function_call comes with its second part."""
    first, second, *_ = _legacy(draft)
    second.body["function_call"]["name"] = first.body["function_call"].pop("name", None)


@fault("legacy-finish", "delta-legacy-function-call.finish")
def legacy_finish(draft: Draft) -> None:
    """A function_call ends with the finish_reason of tool calls."""
    _legacy(draft)
    draft.finish().element["finish_reason"] = "tool_calls"


FAULTS = (legacy_call, legacy_call_beside, legacy_name_split, legacy_name_late, legacy_finish)
