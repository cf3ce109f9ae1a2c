"""Faults of what a delta says: role, content, refusal, tool_calls as a whole, vendor fields. Not of its entries."""

from __future__ import annotations

from collections.abc import Callable

from deltaproof.faults.draft import Draft, need
from deltaproof.faults.fault import Fault, fault


def _said(**body: object) -> Callable[[Draft], None]:
    """Add a delta behind the first one of the stream."""

    def say(draft: Draft) -> None:
        first = draft.deltas()[0]
        draft.say(first, dict(body), after=first.piece)

    return say


def _role_again(role: str | None) -> Callable[[Draft], None]:
    """Send a role with every delta after the first of its choice that does not finish it."""

    def do(draft: Draft) -> None:
        known: set[int] = set()
        for delta in draft.deltas():
            if delta.choice in known and not delta.element.get("finish_reason"):
                delta.body["role"] = role
            if delta.body.get("role"):
                known.add(delta.choice)

    return do


@fault("role-missing", "delta-role-first.missing")
def role_missing(draft: Draft) -> None:
    """No delta has a role."""
    for delta in draft.deltas():
        delta.body.pop("role", None)


@fault("role-late", "delta-role-first.late")
def role_late(draft: Draft) -> None:
    """The role comes with the second delta of a choice."""
    first = draft.pick([delta for delta in draft.deltas() if delta.body.get("role")], "there is no role")
    others = [delta for delta in draft.deltas() if delta.choice == first.choice and delta.element is not first.element]
    second = next((delta for delta in others if not delta.element.get("finish_reason")), None)
    need(second, "the choice has no other delta that could have a role")
    if second:
        second.body["role"] = first.body.pop("role")


@fault("role-user", "delta-role-first.other")
def role_user(draft: Draft) -> None:
    """The role is user."""
    for delta in draft.deltas():
        if delta.body.get("role"):
            delta.body["role"] = "user"


@fault("content-array", "delta-content-type.array")
def content_array(draft: Draft) -> None:
    """Text comes as an array of parts."""
    for delta in draft.texts():
        delta.body["content"] = [{"type": "text", "text": delta.body["content"]}]


@fault("refusal-with-call", "delta-refusal.with-call")
def refusal_with_call(draft: Draft) -> None:
    """A choice refuses and calls a tool."""
    opening = draft.call().opening
    draft.say(opening.delta, {"refusal": "I cannot do that."}, after=opening.piece)


@fault("tool-calls-object", "delta-tool-calls-array.not-array")
def tool_calls_object(draft: Draft) -> None:
    """The only entry of a chunk comes without the array around it."""
    single = [entry for call in draft.calls() for entry in call.entries if len(entry.delta.entries) == 1]
    entry = draft.pick(single)
    entry.delta.body["tool_calls"] = entry.value


def _twice(name: str, value: object) -> Callable[[Draft], None]:
    """Send a vendor field with two deltas."""

    def do(draft: Draft) -> None:
        first = draft.deltas()[0]
        draft.say(first, {name: value}, after=draft.say(first, {name: value}, after=first.piece).piece)

    return do


FAULTS = (
    role_missing,
    role_late,
    role_user,
    Fault(
        "role-repeated",
        "delta-role-not-repeated.repeated",
        "Every delta has the role again.",
        _role_again("assistant"),
    ),
    Fault(
        "role-null",
        "delta-role-not-repeated.null",
        "Every later delta has null for its role.",
        _role_again(None),
    ),
    Fault(
        "role-empty",
        "delta-role-not-repeated.empty",
        "Every later delta has an empty role.",
        _role_again(""),
    ),
    content_array,
    Fault("content-number", "delta-content-type.other", "A delta has a number for its content.", _said(content=0)),
    Fault("refusal-array", "delta-refusal.type", "A delta has an array for its refusal.", _said(refusal=[])),
    refusal_with_call,
    tool_calls_object,
    Fault(
        "tool-calls-element-null",
        "delta-tool-calls-array.element",
        "A delta has tool_calls with null in the place of an entry.",
        _said(tool_calls=[None]),
    ),
    Fault(
        "tool-calls-empty",
        "delta-tool-calls-array.empty",
        "A delta has tool_calls with nothing in it.",
        _said(tool_calls=[]),
    ),
    Fault(
        "tool-calls-null",
        "delta-tool-calls-array.null",
        "A delta has null for its tool_calls.",
        _said(tool_calls=None),
    ),
    Fault(
        "vendor-number",
        "delta-vendor-mergeable.number",
        "A vendor's number comes with two deltas.",
        _twice("score", 0.5),
    ),
    Fault(
        "vendor-list",
        "delta-vendor-mergeable.list",
        "A vendor's list of objects without index comes with two deltas.",
        _twice("citations", [{"url": "https://example.org/"}]),
    ),
)
