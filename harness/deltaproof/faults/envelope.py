"""Faults of what a chunk carries around its choices, and of their array. Not of a choice."""

from __future__ import annotations

from collections.abc import Callable

from deltaproof.faults.draft import Draft, need
from deltaproof.faults.fault import Fault, fault
from deltaproof.faults.pieces import Json


def _some(change: Callable[[Json], object]) -> Callable[[Draft], None]:
    """Change some chunk that has a choice."""
    return lambda draft: _do(change, draft.pick(draft.chunks()).chunk)


def _later(change: Callable[[Json], object]) -> Callable[[Draft], None]:
    """Change some chunk that has a choice and is not the first."""
    return lambda draft: _do(change, draft.pick(draft.chunks()[1:], "there is one chunk only").chunk)


def _spare(change: Callable[[Json], object]) -> Callable[[Draft], None]:
    """Add a chunk without choices and change it."""
    return lambda draft: _do(change, draft.spare().chunk)


def _preamble(change: Callable[[Json], object]) -> Callable[[Draft], None]:
    """Put Azure's chunk with the filter's opinion of the prompt before the first, and change it."""

    def put(draft: Draft) -> None:
        first = draft.chunks()[0]
        preamble = draft.spare()
        draft.move(preamble, before=first)
        change(preamble.json)
        _do(lambda chunk: chunk.update(prompt_filter_results=[]), preamble.chunk)

    return put


def _do(change: Callable[[Json], object], chunk: Json | None) -> None:
    change(chunk or {})


def _number(chunk: Json, key: str) -> int:
    number = chunk.get(key)
    need(isinstance(number, int), f"{key} is no number")
    return number if isinstance(number, int) else 0


@fault("envelope-missing", "chunk-required-fields.absent")
def envelope_missing(draft: Draft) -> None:
    """Some chunk has no id, no time or no model."""
    key = draft.pick(("id", "created", "model"))
    draft.pick(draft.chunks()).json.pop(key, None)


@fault("envelope-null", "chunk-required-fields.type")
def envelope_null(draft: Draft) -> None:
    """Some chunk has null for its id, its time or its model."""
    key = draft.pick(("id", "created", "model"))
    draft.pick(draft.chunks()).json[key] = None


@fault("envelope-empty", "chunk-required-fields.empty")
def envelope_empty(draft: Draft) -> None:
    """Some chunk has an empty id or an empty model."""
    key = draft.pick(("id", "model"))
    draft.pick(draft.chunks()).json[key] = ""


@fault("obfuscation-unasked", "chunk-optional-fields.unasked")
def obfuscation_unasked(draft: Draft) -> None:
    """The request wants no obfuscation, and some chunk has it."""
    request = draft.sent()
    options = request.get("stream_options")
    request["stream_options"] = (options if isinstance(options, dict) else {}) | {"include_obfuscation": False}
    draft.pick(draft.chunks()).json.setdefault("obfuscation", "uX3dK")


FAULTS = (
    Fault(
        "chunk-id-changed",
        "chunk-id-constant.changed",
        "A later chunk has another id.",
        _later(lambda chunk: chunk.update(id=f"{chunk.get('id')}x")),
    ),
    Fault(
        "chunk-created-changed",
        "chunk-created-constant.changed",
        "A later chunk has another time.",
        _later(lambda chunk: chunk.update(created=_number(chunk, "created") + 1)),
    ),
    Fault(
        "chunk-model-changed",
        "chunk-model-constant.changed",
        "A later chunk has another model.",
        _later(lambda chunk: chunk.update(model=f"{chunk.get('model')}x")),
    ),
    envelope_missing,
    envelope_null,
    envelope_empty,
    Fault(
        "envelope-empty-preamble",
        "chunk-required-fields.annotation",
        "A chunk with the filter's opinion of the prompt comes first and has an empty id.",
        _preamble(lambda chunk: chunk.update(id="")),
    ),
    Fault(
        "object-missing",
        "chunk-object-const.absent",
        "Some chunk has no object.",
        _some(lambda chunk: chunk.pop("object", None)),
    ),
    Fault(
        "object-other",
        "chunk-object-const.other",
        "Some chunk says that it is a plain answer.",
        _some(lambda chunk: chunk.update(object="chat.completion")),
    ),
    Fault(
        "object-empty-preamble",
        "chunk-object-const.annotation",
        "A chunk with the filter's opinion of the prompt comes first and has an empty object.",
        _preamble(lambda chunk: chunk.update(object="")),
    ),
    Fault(
        "moderation-array",
        "chunk-optional-fields.moderation",
        "Some chunk has an array for its moderation.",
        _some(lambda chunk: chunk.update(moderation=[])),
    ),
    Fault(
        "service-tier-number",
        "chunk-optional-fields.type",
        "Some chunk has a number for its service_tier.",
        _some(lambda chunk: chunk.update(service_tier=1)),
    ),
    Fault(
        "service-tier-unknown",
        "chunk-optional-fields.tier",
        "Some chunk has a service_tier that is not known.",
        _some(lambda chunk: chunk.update(service_tier="gold")),
    ),
    obfuscation_unasked,
    Fault(
        "choices-missing",
        "chunk-choices-array.absent",
        "One more chunk comes, and has no choices.",
        _spare(lambda chunk: chunk.pop("choices")),
    ),
    Fault(
        "choices-null",
        "chunk-choices-array.null",
        "One more chunk comes, and has null for its choices.",
        _spare(lambda chunk: chunk.update(choices=None)),
    ),
    Fault(
        "choices-object",
        "chunk-choices-array.type",
        "One more chunk comes, and has an object for its choices.",
        _spare(lambda chunk: chunk.update(choices={})),
    ),
    Fault(
        "choice-null",
        "chunk-choices-array.element",
        "One more chunk comes, and has null for its only choice.",
        _spare(lambda chunk: chunk.update(choices=[None])),
    ),
    Fault(
        "choices-empty",
        "chunk-empty-choices.bare",
        "One more chunk comes, and has no choice in its choices.",
        _spare(lambda _: None),
    ),
)
