"""Rules about what a chunk carries around its choices, and about their array. Not what a choice or usage says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from deltaproof.rules.rule import Deviation, rule
from deltaproof.stream import Chunk
from deltaproof.stream.strict import in_brief, type_name

_OBJECT = "chat.completion.chunk"
_REQUIRED = {"id": str, "created": int, "model": str}
_OPTIONAL = {"obfuscation": (str,), "system_fingerprint": (str, type(None)), "service_tier": (str, type(None))}
_TIERS = (None, "auto", "default", "flex", "scale", "priority", "fast")
# Azure's content filter, in its newer and older spelling; OpenAI's moderation; SGLang; Groq; Dynamo; a failure.
_EXTENSIONS = ("prompt_filter_results", "prompt_annotations", "moderation", "sglext", "x_groq", "nvext", "error")


@rule("chunk-required-fields", each=Chunk)
def required_fields(chunk: Chunk) -> Iterator[Deviation]:
    """Look at id, created and model, together for each way to be wrong; other rules look at `object` and `choices`."""
    value = chunk.value
    if absent := [key for key in _REQUIRED if key not in value]:
        yield Deviation("absent", chunk.place, f"the chunk has no {', no '.join(absent)}")
    if odd := [key for key, kind in _REQUIRED.items() if key in value and type(value[key]) is not kind]:
        yield Deviation("type", chunk.place, ", ".join(f"{key} is {in_brief(value[key])}" for key in odd))
    if empty := [key for key in _REQUIRED if value.get(key) == ""]:
        case = "empty" if _speaks(chunk) else "annotation"
        yield Deviation(case, chunk.place, f"{' and '.join(empty)} empty")


@rule("chunk-object-const", each=Chunk)
def object_const(chunk: Chunk) -> Iterator[Deviation]:
    """Compare with the one value there is; null counts as absent, an empty one weighs less where nothing is said."""
    match chunk.value.get("object"):
        case "chat.completion.chunk":
            return
        case None:
            yield Deviation("absent", chunk.place, "the chunk has no object")
        case "" if not _speaks(chunk):
            yield Deviation("annotation", chunk.place, "object is empty")
        case other:
            yield Deviation("other", chunk.place, f"object is {in_brief(other)}, not {_OBJECT!r}")


def _is_later(key: str) -> Callable[[Chunk], object]:
    """Return the condition that a chunk has a usable value under a key, and that an earlier one had."""

    def when(chunk: Chunk) -> object:
        return chunk.value.get(key) and type(chunk.value[key]) is type(getattr(chunk.first, key))

    return when


@rule("chunk-id-constant", each=Chunk, when=_is_later("id"))
def id_constant(chunk: Chunk) -> Iterator[Deviation]:
    """Compare with the first id that was not empty; an empty one says nothing."""
    if chunk.value["id"] != chunk.first.id:
        yield Deviation(
            "changed", chunk.place, f"the id was {in_brief(chunk.first.id)} and is now {in_brief(chunk.value['id'])}"
        )


@rule("chunk-created-constant", each=Chunk, when=_is_later("created"))
def created_constant(chunk: Chunk) -> Iterator[Deviation]:
    """Compare with the first time that was not 0; 0 says nothing."""
    if chunk.value["created"] != chunk.first.created:
        told = f"created was {chunk.first.created} and is now {chunk.value['created']}"
        yield Deviation("changed", chunk.place, told)


@rule("chunk-model-constant", each=Chunk, when=_is_later("model"))
def model_constant(chunk: Chunk) -> Iterator[Deviation]:
    """Compare with the first model that was not empty; an empty one says nothing."""
    if chunk.value["model"] != chunk.first.model:
        told = f"the model was {in_brief(chunk.first.model)} and is now {in_brief(chunk.value['model'])}"
        yield Deviation("changed", chunk.place, told)


@rule("chunk-choices-array", each=Chunk)
def choices_array(chunk: Chunk) -> Iterator[Deviation]:
    """Ask for an array of objects no two of which have the same index; unusable indexes are not compared."""
    match chunk.value:
        case {"choices": list() as choices}:
            strange = [element for element in choices if not isinstance(element, Mapping)]
            if strange:
                yield Deviation("element", chunk.place, f"an element of choices is {in_brief(strange[0])}")
            indexes = [element.get("index") for element in choices if isinstance(element, Mapping)]
            usable = [index for index in indexes if type(index) is int]
            if len(set(usable)) < len(usable):
                yield Deviation("twice", chunk.place, f"the chunk has choices with the indexes {usable}")
        case {"choices": None}:
            yield Deviation("null", chunk.place, "choices is null")
        case {"choices": other}:
            yield Deviation("type", chunk.place, f"choices is {type_name(other)}")
        case _:
            yield Deviation("absent", chunk.place, "the chunk has no choices")


@rule("chunk-empty-choices", each=Chunk, when=lambda chunk: chunk.value.get("choices") == [])
def empty_choices(chunk: Chunk) -> Iterator[Deviation]:
    """Look for something else that the chunk could have been sent for: usage, or a documented extension."""
    if all(chunk.value.get(key) is None for key in ("usage", *_EXTENSIONS)):
        yield Deviation("bare", chunk.place, "choices is empty, and nothing else in the chunk says why it was sent")


def _has_optional(chunk: Chunk) -> bool:
    return not chunk.value.keys().isdisjoint((*_OPTIONAL, "moderation"))


@rule("chunk-optional-fields", each=Chunk, when=_has_optional)
def optional_fields(chunk: Chunk) -> Iterator[Deviation]:
    """Check the type of each field that is there; and obfuscation, whatever it holds, against the request."""
    value = chunk.value
    if odd := [key for key, kinds in _OPTIONAL.items() if key in value and not isinstance(value[key], kinds)]:
        yield Deviation("type", chunk.place, ", ".join(f"{key} is {in_brief(value[key])}" for key in odd))
    if not isinstance(value.get("moderation"), Mapping | None):
        yield Deviation("moderation", chunk.place, f"moderation is {in_brief(value['moderation'])}")
    tier = value.get("service_tier")
    if isinstance(tier, str) and tier not in _TIERS:
        yield Deviation("tier", chunk.place, f"service_tier is {in_brief(tier)}")
    if "obfuscation" in value and (chunk.request is None or not chunk.request.include_obfuscation):
        yield Deviation("unasked", chunk.place, "obfuscation is there, though include_obfuscation is false")


def _speaks(chunk: Chunk) -> bool:
    """Tell whether a client loses something with this chunk: usage, a delta, a finish_reason."""
    if chunk.value.get("usage") is not None:
        return True
    choices = [element for element in chunk.choices if isinstance(element, Mapping)]
    return any("delta" in choice or "message" in choice or choice.get("finish_reason") for choice in choices)


RULES = (
    required_fields,
    object_const,
    id_constant,
    created_constant,
    model_constant,
    choices_array,
    empty_choices,
    optional_fields,
)
