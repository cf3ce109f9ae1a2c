"""Rules about usage: whether it comes, when, on which chunk, and whether its numbers add up. Not what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deltaproof.exchange import End
from deltaproof.rules.rule import Deviation, rule
from deltaproof.stream import Asked, Chunk, Request, Transcript
from deltaproof.stream.strict import in_brief, type_name

_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
_DETAILS = {"prompt_tokens": "prompt_tokens_details", "completion_tokens": "completion_tokens_details"}


def _may_be_asked(request: Request | Asked | None) -> bool:
    """Tell whether usage was asked for, as far as is known."""
    return request is None or request.include_usage


def _may_be_unasked(chunk: Chunk) -> bool:
    return chunk.request is None or not chunk.request.include_usage


@rule("usage-default-absent", each=Chunk, when=_may_be_unasked)
def default_absent(chunk: Chunk) -> Iterator[Deviation]:
    """Look for usage that is not null in streams that were not asked for it."""
    if chunk.value.get("usage") is not None:
        yield Deviation("unasked", chunk.place, "the chunk carries usage, though it was not asked for")


def _tells_or_owes_usage(transcript: Transcript) -> bool:
    return transcript.streamed and (transcript.usage_count > 0 or _may_be_asked(transcript.request))


@rule("usage-chunk-once", each=Transcript, when=_tells_or_owes_usage)
def chunk_once(transcript: Transcript) -> Iterator[Deviation]:
    """Count the chunks with usage, and look at what was open when the last of them came; a cut stream owes none."""
    usages, count = transcript.usages, transcript.usage_count
    if count > 1:
        yield Deviation("repeated", usages[1].place, f"{count} chunks carry usage")
    if not _is_whole(transcript):
        return
    if not count and _may_be_asked(transcript.request):
        yield Deviation("missing", transcript.last, "usage was asked for, and no chunk carries it")
    elif count and count == len(usages) and usages[-1].unfinished:
        yield Deviation("early", usages[-1].place, "usage comes before the last finish_reason")


def _is_whole(transcript: Transcript) -> bool:
    """Tell whether the stream came to its end: every choice finished, nothing failed, nothing was cut off."""
    finished = all(choice.finishes for choice in transcript.choices)
    return transcript.end is End.EOF and not transcript.errors and finished


def _has_usage(chunk: Chunk) -> bool:
    return chunk.value.get("usage") is not None


@rule("usage-chunk-choices-empty", each=Chunk, when=_has_usage)
def chunk_choices_empty(chunk: Chunk) -> Iterator[Deviation]:
    """Look for choices beside usage."""
    if chunk.choices:
        yield Deviation("shared", chunk.place, "the chunk carries usage, and choices too")


@rule("usage-null-elsewhere", each=Chunk, when=lambda chunk: chunk.choices and _may_be_asked(chunk.request))
def null_elsewhere(chunk: Chunk) -> Iterator[Deviation]:
    """Ask the chunks with choices for a usage key; what it holds is for other rules to tell."""
    if "usage" not in chunk.value:
        yield Deviation("absent", chunk.place, "usage was asked for, and the chunk has no usage, not even null")


@rule("usage-arithmetic", each=Chunk, when=_has_usage)
def arithmetic(chunk: Chunk) -> Iterator[Deviation]:
    """Check that the three counts are numbers, that they add up, and that no detail exceeds its count."""
    usage = chunk.value["usage"]
    if not isinstance(usage, Mapping):
        yield Deviation("shape", chunk.place, f"usage is {type_name(usage)}")
        return
    if odd := [key for key in _COUNTS if not _is_count(usage.get(key))]:
        told = ", ".join(f"{key} is {in_brief(usage[key])}" if key in usage else f"there is no {key}" for key in odd)
        yield Deviation("counts", chunk.place, told)
        return
    prompt, completion, total = (usage[key] for key in _COUNTS)
    if prompt + completion != total:
        yield Deviation("sum", chunk.place, f"total_tokens is {total}, not {prompt} + {completion}")
    for key, name in _DETAILS.items():
        details = usage.get(name)
        for part, count in details.items() if isinstance(details, Mapping) else ():
            if _is_count(count) and count > usage[key]:
                yield Deviation("details", chunk.place, f"{count} {part} are more than {usage[key]} {key}")


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


RULES = (default_absent, chunk_once, chunk_choices_empty, null_elsewhere, arithmetic)
