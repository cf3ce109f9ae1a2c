"""What passes between the harness and a driver: one JSON object a line. docs/accumulators.md tells it to others.

Reading is total: what a library prints between the answers is chatter, and is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deltaproof.accumulate.answers import Answer, Broken, Raised, Said, SaidCall, Trouble
from deltaproof.accumulate.calls import SentCall, pair
from deltaproof.stream.strict import in_brief

_FORM: Mapping[str, type | tuple[type, ...]] = {
    "content": (str, list),
    "tool_calls": list,
    "calls": list,
    "function_call": dict,
    "refusal": str,
    "finish_reason": str,
}
"""The members by which a message is known, and of which types they are where they are not null."""
_OTHER_FORM = "the driver's answer is not of the form that docs/accumulators.md tells"
_MOST_OPENINGS = 20  # lines that begin with a brace, from which on an answer over several lines is looked for


@dataclass(frozen=True, slots=True)
class Ask:
    """One case: which stream to fetch, and how.

    Attributes:
        case: what the answer has to name.
        base_url: of an API that answers any request with this stream.
        request: the JSON object to send, `stream` is true in it.
        timeout: seconds after which the client should give up waiting for the server by itself.
    """

    case: str
    base_url: str
    request: Mapping[str, object]
    timeout: float
    api_key: str = "unused"


@dataclass(frozen=True, slots=True)
class Ready:
    """A driver is ready for its first case."""

    version: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer to one case, with the seconds that the client says it took, None where it does not say."""

    case: str
    answer: Answer
    seconds: float | None = None


def ask_line(ask: Ask) -> bytes:
    """Return the line that asks for one case."""
    return json.dumps({
        "case": ask.case,
        "base_url": ask.base_url,
        "api_key": ask.api_key,
        "timeout": ask.timeout,
        "request": ask.request,
    }).encode() + b"\n"  # fmt: skip


def read_line(line: bytes) -> Answered | Ready | None:
    """Read a line of a persistent driver; None for chatter."""
    value = _object(line)
    if value is None:
        return None
    if value.get("ready") is True:
        return Ready(_text(value.get("version")))
    case = value.get("case")
    if not isinstance(case, str | int):
        return None
    answer = _answer(value)
    if answer is None and "message" in value:
        answer = _of_another_form("message", value["message"])
    elif answer is None and value.keys() <= {"case", "seconds"}:
        answer = Broken(Trouble.MALFORMED, f"{_OTHER_FORM}: it has neither message nor raised")
    seconds = value.get("seconds")
    took = float(seconds) if isinstance(seconds, int | float) and not isinstance(seconds, bool) else None
    return Answered(str(case), answer, took) if answer is not None else None


def read_output(output: bytes, *, raised: bool = False) -> Answer | None:
    """Read the one answer in what a command printed: the last line that is one, else an object over several lines.

    One that is malformed, or an object without a member, may be chatter, and counts where there is no other and the
    command has not told by its exit code that it raised.
    """
    doubtful: Answer | None = None
    for text in _candidates(output):
        value = _object(text)
        answer = _answer(value) if value is not None else None
        if isinstance(answer, Broken) or value == {}:
            doubtful = doubtful or answer or Said()
        elif answer is not None:
            return answer
    return None if raised else doubtful


def _candidates(output: bytes) -> Iterator[bytes]:
    """Yield what may be the answer, the likeliest first."""
    yield from reversed(output.splitlines())
    for start in list(_openings(output))[-_MOST_OPENINGS:]:
        yield output[start:]


def _openings(output: bytes) -> Iterator[int]:
    """Yield where an object may begin that goes on to the end."""
    if output.startswith(b"{"):
        yield 0
    start = output.find(b"\n{")
    while start >= 0:
        yield start + 1
        start = output.find(b"\n{", start + 1)


def _object(text: bytes) -> dict[str, object] | None:
    try:
        value = json.loads(text)
    except (RecursionError, ValueError):  # UnicodeDecodeError is one
        return None
    return value if isinstance(value, dict) else None


def _answer(value: Mapping[str, object]) -> Answer | None:
    """Read what was said or raised, in a member of its own or as it is."""
    raised = value.get("raised")
    if isinstance(raised, Mapping):
        return Raised(_text(raised.get("type")) or "an error", _text(raised.get("message")))
    if isinstance(raised, str):
        return Raised(raised)
    message = value.get("message")
    if isinstance(message, Mapping):  # as in a choice of the API, which has its finish_reason beside the message
        whole = {"finish_reason": value.get("finish_reason"), **message}
        return _malformed(whole) or read_message(whole)
    match value.get("choices"):
        case [{"message": Mapping()} as first, *_] if isinstance(first, Mapping):
            return _answer(first)
    return (_malformed(value) or read_message(value)) if value.keys() & _FORM.keys() else None


def _malformed(message: Mapping[str, object]) -> Broken | None:
    strange = strange_member(message)
    return _of_another_form(*strange) if strange else None


def _of_another_form(name: str, value: object) -> Broken:
    return Broken(Trouble.MALFORMED, f"{_OTHER_FORM}: {name} is {in_brief(value)}")


def strange_member(message: Mapping[str, object]) -> tuple[str, object] | None:
    """Return what to call a member of a message that is of another type than it ought to be, and what it is."""
    for name, types in _FORM.items():
        value = message.get(name)
        if value is not None and not isinstance(value, types):
            return name, value
    for name in ("tool_calls", "calls"):
        calls = message.get(name)
        for call in calls if isinstance(calls, list) else ():
            if not isinstance(call, Mapping):
                return f"an entry of {name}", call
    return None


def read_message(message: Mapping[str, object]) -> Said:
    """Read a message; what is missing or of another type counts as not said."""
    reasoning = message.get("reasoning")
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        calls = message.get("calls")
    found = [_call(call) for call in calls if isinstance(call, Mapping)] if isinstance(calls, list) else []
    legacy = message.get("function_call")
    if isinstance(legacy, Mapping):
        called = _call(legacy)
        sent = SentCall(called.name, called.arguments)
        is_told = bool(called.name or called.arguments)  # where the type has no null, none is one of empty texts
        if is_told and not pair([sent], found, lenient=True).pairs:  # some clients hand over one call in both ways
            found.append(called)
    finish = message.get("finish_reason")
    return Said(
        content=_texts(message.get("content")),
        refusal=_text(message.get("refusal")),
        reasoning=reasoning if isinstance(reasoning, str) else None,
        calls=tuple(found),
        finish_reason=finish if isinstance(finish, str) and finish else None,
    )


def _call(call: Mapping[str, object]) -> SaidCall:
    """Read a call, flat or with its name and arguments under `function`, the arguments as text or as a value."""
    function = call.get("function")
    named = function if isinstance(function, Mapping) else call
    arguments = named.get("arguments")
    if arguments is None:
        text = ""
    elif isinstance(arguments, str):
        text = arguments
    else:
        text = json.dumps(arguments, ensure_ascii=False)
    identity = call.get("id")
    told = identity if isinstance(identity, str) else in_brief(identity)
    return SaidCall(_text(named.get("name")), text, told if identity not in (None, "") else None)


def _texts(content: object) -> str:
    """Read a text, or the parts of one."""
    if isinstance(content, list):
        return "".join(_text(part.get("text")) if isinstance(part, Mapping) else _text(part) for part in content)
    return _text(content)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
