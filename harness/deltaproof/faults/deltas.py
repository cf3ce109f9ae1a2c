"""Faults of choices and their deltas: index, delta, role, content, refusal, logprobs, vendor fields. Not of the end."""

from __future__ import annotations

from collections.abc import Callable

from deltaproof.faults.draft import Draft, need
from deltaproof.faults.fault import Fault, fault
from deltaproof.faults.pieces import Json
from deltaproof.faults.views import Delta


def _said(**body: object) -> Callable[[Draft], None]:
    """Add a delta behind the first one of the stream."""

    def say(draft: Draft) -> None:
        first = draft.deltas()[0]
        draft.say(first, dict(body), after=first.piece)

    return say


def _silent(change: Callable[[Json], object]) -> Callable[[Draft], None]:
    """Change an element of choices whose delta says nothing."""

    def do(draft: Draft) -> None:
        silent = [delta.element for delta in draft.deltas() if delta.element.get("delta") == {}]
        change(draft.pick(silent, "every delta says something"))

    return do


def _first_choice(draft: Draft) -> list[Delta]:
    """Return the deltas of choice 0."""
    deltas = [delta for delta in draft.deltas() if delta.choice == 0]
    need(deltas, "there is no choice 0")
    return deltas


@fault("choice-index-missing", "choice-index-range.absent")
def choice_index_missing(draft: Draft) -> None:
    """Choice 0 has no index."""
    for delta in _first_choice(draft):
        delta.element.pop("index", None)


@fault("choice-index-string", "choice-index-range.type")
def choice_index_string(draft: Draft) -> None:
    """The index of choice 0 is a string."""
    for delta in _first_choice(draft):
        delta.element["index"] = "0"


@fault(
    "choice-index-high",
    "choice-index-range.range",
    also={"choice-index-order.gap": "An index that is too high leaves one out."},
)
def choice_index_high(draft: Draft) -> None:
    """The last choice has an index that is one too high."""
    n = draft.asked().n
    deltas = [delta for delta in draft.deltas() if delta.choice == n - 1]
    need(deltas, "the last choice that was asked for did not come")
    for delta in deltas:
        delta.element["index"] = n


@fault("choices-reversed", "choice-index-order.gap")
def choices_reversed(draft: Draft) -> None:
    """The first of several choices has the highest index."""
    deltas = draft.deltas()
    highest = max(delta.choice for delta in deltas)
    need(highest > 0 and deltas[0].choice == 0, "there is one choice only")
    for delta in deltas:
        delta.element["index"] = highest - delta.choice


@fault("message-for-delta", "choice-delta-object.message")
def message_for_delta(draft: Draft) -> None:
    """Every choice has a message in the place of its delta."""
    for delta in draft.deltas():
        if "delta" in delta.element:
            renamed = {"message" if key == "delta" else key: value for key, value in delta.element.items()}
            delta.element.clear()
            delta.element.update(renamed)


@fault("choice-twice", "chunk-choices-array.twice")
def choice_twice(draft: Draft) -> None:
    """A chunk has a second element for the same choice, and that says nothing."""
    delta = draft.pick(draft.deltas())
    spoken = draft.say(delta, {}, after=delta.piece)
    draft.pieces.remove(spoken.piece)
    delta.piece.json["choices"].append(spoken.element)


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


@fault("logprobs-unasked", "choice-logprobs.unasked")
def logprobs_unasked(draft: Draft) -> None:
    """A choice has logprobs that were not asked for."""
    need(not draft.asked().logprobs, "logprobs were asked for")
    draft.pick(draft.deltas()).element["logprobs"] = {"content": [], "refusal": None}


def _logprobs(change: Callable[[Json], object]) -> Callable[[Draft], None]:
    """Change some element of choices that has the log probability of a token."""

    def do(draft: Draft) -> None:
        told = []
        for delta in draft.deltas():
            match delta.element.get("logprobs"):
                case {"content": [{}, *_]}:
                    told.append(delta.element)
                case _:
                    pass
        change(draft.pick(told, "there are no logprobs"))

    return do


FAULTS = (
    choice_index_missing,
    choice_index_string,
    choice_index_high,
    choices_reversed,
    choice_twice,
    message_for_delta,
    Fault(
        "delta-missing",
        "choice-delta-object.absent",
        "A choice whose delta would say nothing has none.",
        _silent(lambda element: element.pop("delta")),
    ),
    Fault(
        "delta-null",
        "choice-delta-object.null",
        "A delta that would say nothing is null.",
        _silent(lambda element: element.update(delta=None)),
    ),
    Fault(
        "delta-array",
        "choice-delta-object.type",
        "A delta that would say nothing is an array.",
        _silent(lambda element: element.update(delta=[])),
    ),
    Fault(
        "message-beside-delta",
        "choice-delta-object.beside",
        "A choice has a message beside its delta.",
        _silent(lambda element: element.update(message={})),
    ),
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
    Fault(
        "logprobs-array",
        "choice-logprobs.shape",
        "The logprobs of a choice are an array.",
        _logprobs(lambda element: element.update(logprobs=[])),
    ),
    Fault(
        "logprobs-partial",
        "choice-logprobs.partial",
        "The logprobs of a choice have no refusal.",
        _logprobs(lambda element: element["logprobs"].pop("refusal", None)),
    ),
    Fault(
        "logprobs-token",
        "choice-logprobs.token",
        "A token of logprobs has no bytes.",
        _logprobs(lambda element: element["logprobs"]["content"][0].pop("bytes", None)),
    ),
    logprobs_unasked,
)
