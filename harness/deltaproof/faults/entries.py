"""Faults of what an entry of a tool call carries: name, id, type, function. Not of its index, nor of its arguments."""

from __future__ import annotations

from collections.abc import Callable

from deltaproof.faults.draft import Draft
from deltaproof.faults.fault import Fault, fault
from deltaproof.faults.views import Call, Entry

_ONE_ENTRY = "no tool call has more than one entry"


def _opening(change: Callable[[Entry], object]) -> Callable[[Draft], None]:
    """Change the entry that opens some call."""
    return lambda draft: _do(change, [draft.call().opening])


def _later(change: Callable[[Entry], object]) -> Callable[[Draft], None]:
    """Change every entry that continues some call."""
    return lambda draft: _do(change, _long_call(draft).later)


def _custom(change: Callable[[Entry], object]) -> Callable[[Draft], None]:
    """Add an entry without text to some call of a custom tool, and change it."""

    def add(draft: Draft) -> None:
        call = draft.call(lambda call: call.is_custom, "there is no call of a custom tool")
        change(draft.extend(call, ""))

    return add


def _function(change: Callable[[Entry], object]) -> Callable[[Draft], None]:
    """Add an entry without text to some call of a function, and change it."""

    def add(draft: Draft) -> None:
        call = draft.call(lambda call: not call.is_custom, "there is no call of a function")
        change(draft.extend(call, ""))

    return add


def _do(change: Callable[[Entry], object], entries: list[Entry]) -> None:
    for entry in entries:
        change(entry)


def _long_call(draft: Draft) -> Call:
    return draft.call(lambda call: call.later, _ONE_ENTRY)


@fault("name-split", "tool-call-open-name.split")
def name_split(draft: Draft) -> None:
    """The name of a call comes in two pieces, one in each of its first two entries."""
    call = draft.call(lambda call: len(call.name) > 2 and call.later, _ONE_ENTRY)  # noqa: PLR2004 - two pieces, unequal
    name, middle = call.name, len(call.name) // 2 + 1
    call.opening.function["name"] = name[:middle]
    call.later[0].function["name"] = name[middle:]


@fault("name-late", "tool-call-open-name.late")
def name_late(draft: Draft) -> None:
    """The name of a call comes in its second entry, and not in the first."""
    call = draft.call(lambda call: call.name and call.later, _ONE_ENTRY)
    call.later[0].function["name"] = call.opening.function.pop("name")


@fault("name-repeated", "tool-call-continuation-name.repeated")
def name_repeated(draft: Draft) -> None:
    """Every later entry of a call has its name again."""
    call = _long_call(draft)
    for entry in call.later:
        entry.function["name"] = call.name


@fault("id-late", "tool-call-open-id.late")
def id_late(draft: Draft) -> None:
    """The id of a call comes in its second entry, and not in the first."""
    call = draft.call(lambda call: call.id and call.later, _ONE_ENTRY)
    call.later[0].value["id"] = call.opening.value.pop("id")


@fault("id-repeated", "tool-call-continuation-id.repeated")
def id_repeated(draft: Draft) -> None:
    """Every later entry of a call has its id again."""
    call = draft.call(lambda call: call.id and call.later, _ONE_ENTRY)
    for entry in call.later:
        entry.value["id"] = call.id


@fault("type-unknown", "tool-call-open-type.unknown")
def type_unknown(draft: Draft) -> None:
    """A call has a type that is neither of the two there are."""
    call = draft.call()
    for entry in call.entries:
        if entry is call.opening or entry.value.get("type"):
            entry.value["type"] = "tool"


@fault("type-changed", "tool-call-continuation-type.changed")
def type_changed(draft: Draft) -> None:
    """A later entry of a call has the other type."""
    call = _long_call(draft)
    call.later[0].value["type"] = "function" if call.is_custom else "custom"


FAULTS = (
    name_split,
    name_late,
    Fault(
        "name-missing",
        "tool-call-open-name.late",
        "The entry that opens a call has an empty name, and no other comes.",
        _opening(lambda entry: entry.function.update(name="")),
    ),
    name_repeated,
    Fault(
        "name-null",
        "tool-call-continuation-name.null",
        "Every later entry of a call has null for its name.",
        _later(lambda entry: entry.function.update(name=None)),
    ),
    Fault(
        "name-empty",
        "tool-call-continuation-name.empty",
        "Every later entry of a call has an empty name.",
        _later(lambda entry: entry.function.update(name="")),
    ),
    Fault(
        "id-missing",
        "tool-call-open-id.missing",
        "A call has no id.",
        _opening(lambda entry: entry.value.pop("id", None)),
    ),
    Fault(
        "id-empty",
        "tool-call-open-id.empty",
        "A call has an empty id.",
        _opening(lambda entry: entry.value.update(id="")),
    ),
    Fault(
        "id-word",
        "tool-call-open-id.word",
        'A call has the word "null" for its id.',
        _opening(lambda entry: entry.value.update(id="null")),
    ),
    id_late,
    id_repeated,
    Fault(
        "id-null-later",
        "tool-call-continuation-id.null",
        "Every later entry of a call has null for its id.",
        _later(lambda entry: entry.value.update(id=None)),
    ),
    Fault(
        "id-empty-later",
        "tool-call-continuation-id.empty",
        "Every later entry of a call has an empty id.",
        _later(lambda entry: entry.value.update(id="")),
    ),
    Fault(
        "id-word-later",
        "tool-call-continuation-id.word",
        'Every later entry of a call has the word "null" for its id.',
        _later(lambda entry: entry.value.update(id="null")),
    ),
    Fault(
        "type-missing",
        "tool-call-open-type.missing",
        "A call has no type.",
        _opening(lambda entry: entry.value.pop("type", None)),
    ),
    Fault(
        "type-null",
        "tool-call-open-type.null",
        "A call has null for its type.",
        _opening(lambda entry: entry.value.update(type=None)),
    ),
    type_unknown,
    Fault(
        "type-null-later",
        "tool-call-continuation-type.null",
        "Every later entry of a call has null for its type.",
        _later(lambda entry: entry.value.update(type=None)),
    ),
    Fault(
        "type-empty-later",
        "tool-call-continuation-type.empty",
        "Every later entry of a call has an empty type.",
        _later(lambda entry: entry.value.update(type="")),
    ),
    type_changed,
    Fault(
        "function-missing",
        "tool-call-function-object.missing",
        "A call has one more entry, and that has no function.",
        _function(lambda entry: entry.value.pop("function")),
    ),
    Fault(
        "function-null",
        "tool-call-function-object.null",
        "A call has one more entry, and its function is null.",
        _function(lambda entry: entry.value.update(function=None)),
    ),
    Fault(
        "function-array",
        "tool-call-function-object.type",
        "A call has one more entry, and its function is an array.",
        _function(lambda entry: entry.value.update(function=[])),
    ),
    Fault(
        "custom-stray",
        "tool-call-custom.stray",
        "The call of a function has one more entry, and that has a custom object too.",
        _function(lambda entry: entry.value.update(custom={})),
    ),
    Fault(
        "custom-function",
        "tool-call-custom.function",
        "The call of a custom tool has one more entry, and that has a function instead.",
        _custom(lambda entry: entry.value.update(function={"arguments": entry.value.pop("custom")["input"]})),
    ),
    Fault(
        "custom-missing",
        "tool-call-custom.object",
        "The call of a custom tool has one more entry, and that has no custom object.",
        _custom(lambda entry: entry.value.pop("custom")),
    ),
    Fault(
        "custom-input-array",
        "tool-call-custom.input",
        "The call of a custom tool has one more entry, and its input is an array.",
        _custom(lambda entry: entry.function.update(input=[])),
    ),
)
