"""Faults of an element of choices: its index, whether it has a delta, its logprobs. Not of what the delta says."""

from __future__ import annotations

from collections.abc import Callable

from deltaproof.faults.draft import Draft, need
from deltaproof.faults.fault import Fault, fault
from deltaproof.faults.pieces import Json
from deltaproof.faults.views import Delta


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
