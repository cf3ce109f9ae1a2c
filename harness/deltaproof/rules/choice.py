"""Rules about one element of a chunk's choices: index, delta, finish_reason, logprobs. Not what the delta says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deltaproof.rules.rule import Deviation, rule
from deltaproof.stream import Delta
from deltaproof.stream.strict import in_brief, type_name

_FINISH_REASONS = ("stop", "length", "tool_calls", "content_filter", "function_call")
_LISTS = ("content", "refusal")


@rule("choice-index-range", each=Delta)
def index_range(delta: Delta) -> Iterator[Deviation]:
    """Ask for a number from 0 and below n; where n is not known, only 0 is certain."""
    index = delta.value.get("index")
    if index is None:
        yield Deviation("absent", delta.place, "the choice has no index")
    elif type(index) is not int or index < 0:
        yield Deviation("type", delta.place, f"the choice's index is {in_brief(index)}")
    elif index >= (delta.request.n if delta.request else 1):
        yield Deviation("range", delta.place, f"the choice's index is {index}, more than was asked for")


@rule("choice-index-order", each=Delta, when=lambda delta: delta.is_first)
def index_order(delta: Delta) -> Iterator[Deviation]:
    """Compare a choice's index, when it first comes, with the number of choices before it."""
    if delta.choice > delta.expected:
        told = f"choice {delta.choice} begins while choice {delta.expected} has not"
        yield Deviation("gap", delta.place, told)


@rule("choice-delta-object", each=Delta)
def delta_object(delta: Delta) -> Iterator[Deviation]:
    """Ask for a delta object, then for a message; null as message counts as none."""
    match delta.value:
        case {"delta": Mapping(), "message": message} if message is not None:
            yield Deviation("beside", delta.place, "the choice has a message beside its delta")
        case {"delta": Mapping()}:
            return
        case {"message": Mapping()}:
            yield Deviation("message", delta.place, "the choice has a message instead of a delta")
        case {"delta": None}:
            yield Deviation("null", delta.place, "the choice's delta is null")
        case {"delta": other}:
            yield Deviation("type", delta.place, f"the choice's delta is {type_name(other)}")
        case _:
            yield Deviation("absent", delta.place, "the choice has no delta")


@rule("choice-finish-reason-value", each=Delta)
def finish_reason_value(delta: Delta) -> Iterator[Deviation]:
    """Look the value up; whether and when it comes is for the rules of the end."""
    if "finish_reason" not in delta.value:
        yield Deviation("absent", delta.place, "the choice has no finish_reason, not even null")
    elif delta.finish_reason == "":
        yield Deviation("empty", delta.place, "finish_reason is an empty string")
    elif delta.finish_reason is not None and delta.finish_reason not in _FINISH_REASONS:
        yield Deviation("unknown", delta.place, f"finish_reason is {in_brief(delta.finish_reason)}")


@rule("choice-logprobs", each=Delta, when=lambda delta: delta.value.get("logprobs") is not None)
def logprobs(delta: Delta) -> Iterator[Deviation]:
    """Check the object, its two lists, and the tokens in them; and whether it was asked for."""
    told = delta.value["logprobs"]
    if delta.request is None or not delta.request.logprobs:
        yield Deviation("unasked", delta.place, "logprobs were not asked for")
    if not isinstance(told, Mapping):
        yield Deviation("shape", delta.place, f"logprobs is {type_name(told)}")
        return
    if odd := [key for key in _LISTS if not isinstance(told.get(key), list | None)]:
        yield Deviation("shape", delta.place, f"logprobs.{odd[0]} is {type_name(told[odd[0]])}")
        return
    if absent := [key for key in _LISTS if key not in told]:
        yield Deviation("partial", delta.place, f"logprobs has no {' and no '.join(absent)}")
    tokens = [token for key in _LISTS for token in told.get(key) or ()]
    if strange := [token for token in tokens if not _is_token(token)]:
        yield Deviation("token", delta.place, f"a token of logprobs is {in_brief(strange[0])}")


def _is_token(value: object) -> bool:
    match value:
        case {"token": str(), "logprob": bool()}:
            return False
        case {"token": str(), "logprob": int() | float(), "bytes": None | list(), "top_logprobs": list()}:
            return True
        case _:
            return False


RULES = (index_range, index_order, delta_object, finish_reason_value, logprobs)
