"""Rules about whether the stream does what the request asked for. What the arguments hold is not looked at here."""

from __future__ import annotations

from collections.abc import Iterator

from deltaproof.exchange import End
from deltaproof.rules.rule import Deviation, rule
from deltaproof.stream import Choice, Place, ToolCall, ToolChoice, Transcript
from deltaproof.stream.strict import in_brief

_FINISHED = ("stop", "tool_calls", "function_call")  # not cut by a limit or a filter


def _names(call: ToolCall) -> set[str]:
    """Return the names that its entries carry; more than one is for `tool-call-open-name` to tell."""
    names = (entry.function.get("name") for entry in call.entries)
    return {name for name in names if isinstance(name, str) and name}


def _is_finished(choice: Choice) -> bool:
    """Tell whether the choice came to its own end, and not by a refusal: then what was required must be there."""
    return choice.finish in _FINISHED and not choice.ending.error and not (choice.refusal and len(choice.refusal))


def _calls(choice: Choice) -> Iterator[tuple[str, Place]]:
    """Yield name and place of each call whose name is certain, the legacy one included."""
    for call in choice.calls:
        if len(names := _names(call)) == 1:
            yield names.pop(), call.place
    if choice.function_call is not None:
        yield choice.function_call.name, choice.function_call.place


def _asked(choice: Choice, *kinds: ToolChoice) -> bool:
    return choice.request is not None and choice.request.choice in kinds


def _has_none(choice: Choice) -> bool:
    return not choice.calls and choice.function_call is None and _is_finished(choice)


def _end(choice: Choice) -> Place:
    return choice.finishes[-1].place if choice.finishes else choice.place


def _must_be_known(call: ToolCall) -> bool:
    asked = call.request
    return asked is not None and bool(asked.tools) and not asked.nameless and len(_names(call)) == 1


@rule("request-tool-name-known", each=ToolCall, when=_must_be_known)
def tool_name_known(call: ToolCall) -> Iterator[Deviation]:
    """Look the name up among the declared tools, and compare the kinds."""
    kind = "custom" if call.kind == "custom" or "custom" in call.entries[0].value else "function"
    if call.tool is None:
        known = ", ".join(in_brief(name) for name in list(call.request.tools if call.request else ())[:5])
        yield Deviation("unknown", call.place, f"{in_brief(call.name)} is called; the tools are {known}")
    elif call.tool.kind != kind and "custom" in (call.tool.kind, kind):
        message = f"{in_brief(call.name)} is declared as a {call.tool.kind} tool and called as a {kind}"
        yield Deviation("kind", call.place, message)


@rule("request-tool-choice-none", each=Choice, when=lambda choice: _asked(choice, ToolChoice.NONE))
def tool_choice_none(choice: Choice) -> Iterator[Deviation]:
    """Look for any call."""
    declared = choice.request and (choice.request.tools or choice.request.nameless)
    for name, place in _calls(choice):
        case, why = ("forbidden", "tool_choice is 'none'") if declared else ("no-tools", "there are no tools")
        yield Deviation(case, place, f"{why}, but {in_brief(name)} is called")
        return


def _must_call(choice: Choice) -> bool:
    return _asked(choice, ToolChoice.REQUIRED) and (bool(choice.calls) or _is_finished(choice))


@rule("request-tool-choice-required", each=Choice, when=_must_call)
def tool_choice_required(choice: Choice) -> Iterator[Deviation]:
    """Look for at least one call in a choice that came to its own end."""
    if _has_none(choice):
        message = f"a call is required, but the choice ends with {in_brief(choice.finish)} and without one"
        yield Deviation("missing", _end(choice), message, "")


def _must_call_named(choice: Choice) -> bool:
    return _asked(choice, ToolChoice.NAMED) and (bool(choice.calls) or _is_finished(choice))


@rule("request-tool-choice-named", each=Choice, when=_must_call_named)
def tool_choice_named(choice: Choice) -> Iterator[Deviation]:
    """Compare the name of each call with the one that was asked for."""
    named = choice.request and choice.request.named
    if _has_none(choice):
        yield Deviation(
            "missing", _end(choice), f"a call of {in_brief(named)} is required, but the choice has none", ""
        )
    for name, place in _calls(choice):
        if name != named:
            yield Deviation("other", place, f"{in_brief(name)} is called instead of {in_brief(named)}")


def _is_limited(choice: Choice) -> bool:
    return _asked(choice, ToolChoice.ALLOWED) and (bool(choice.calls) or _is_finished(choice))


@rule("request-allowed-tools", each=Choice, when=_is_limited)
def allowed_tools(choice: Choice) -> Iterator[Deviation]:
    """Look each name up in the list; where the mode is required, look for at least one call."""
    allowed = choice.request.allowed if choice.request else None
    if choice.request and choice.request.required and _has_none(choice):
        yield Deviation(
            "missing", _end(choice), "a call of one of the allowed tools is required, but there is none", ""
        )
    for name, place in _calls(choice):
        if name not in (allowed or ()):
            known = ", ".join(in_brief(name) for name in sorted(allowed or ())[:5])
            yield Deviation("outside", place, f"{in_brief(name)} is called; allowed are {known or 'none'}")


def _must_be_single(choice: Choice) -> bool:
    return choice.request is not None and choice.request.parallel is False and bool(choice.calls)


@rule("request-parallel-tool-calls-false", each=Choice, when=_must_be_single)
def parallel_tool_calls_false(choice: Choice) -> Iterator[Deviation]:
    """Count the calls."""
    if len(choice.calls) > 1:
        message = f"parallel_tool_calls is false, but the choice has {len(choice.calls)} calls"
        yield Deviation("several", choice.calls[1].place, message)


def _is_answered(transcript: Transcript) -> bool:
    """Tell whether the server claims to have answered: with a stream, or with a body of nothing or of comments only."""
    refused = transcript.head is not None and transcript.head.status >= 300  # noqa: PLR2004 - only 2xx is an answer
    if refused or transcript.errors or transcript.end is not End.EOF:
        return False
    lines = (transcript.plain_body or b"").splitlines()
    return all(not line.strip() or line.startswith(b":") for line in lines)


@rule("request-n-choices", each=Transcript, when=_is_answered)
def n_choices(transcript: Transcript) -> Iterator[Deviation]:
    """Count the choices; that there are none at all can be told without the request."""
    came = len(transcript.choices)
    asked = transcript.request.n if transcript.request else None
    if not came:
        yield Deviation("no-choices", transcript.last, "the stream ends well, but no choice ever came", "")
    elif asked is None:
        yield Deviation("fewer", transcript.last, "how many choices were asked for is not known", "")
    elif came < asked and all(choice.finishes for choice in transcript.choices):
        yield Deviation("fewer", transcript.last, f"{asked} choices were asked for, {came} came", "")
    elif came > asked:
        yield Deviation("more", transcript.choices[asked].place, f"{asked} choices were asked for, {came} came", "")


RULES = (
    tool_name_known,
    tool_choice_none,
    tool_choice_required,
    tool_choice_named,
    allowed_tools,
    parallel_tool_calls_false,
    n_choices,
)
