"""Faults of doing what was asked: mostly of the request, changed so that the response is no longer what it asks for."""

from __future__ import annotations

from deltaproof.faults.draft import Draft, need
from deltaproof.faults.fault import fault
from deltaproof.stream import ToolChoice

_NOT_NAMED = (ToolChoice.AUTO, ToolChoice.REQUIRED)


def _called(draft: Draft) -> str:
    """Return the name of some tool call, all of whose siblings end with tool_calls, which is right for any request."""
    asked = draft.asked()
    need(asked.tools and not asked.legacy, "the request has no tools")
    call = draft.call(lambda call: call.name, "no call has a name")
    choices = {call.choice for call in draft.calls()}
    need(all(draft.finish_reason(choice) == "tool_calls" for choice in choices), "not all end with tool_calls")
    return call.name


def _uncalled(draft: Draft) -> str:
    """Return the name of some tool that could have been called in a stream that stops without a call."""
    asked = draft.asked()
    need(asked.tools and not asked.legacy, "the request has no tools")
    deltas = draft.deltas()
    need(not any(delta.entries or delta.body.get("refusal") for delta in deltas), "a choice calls a tool or refuses")
    need(all(draft.finish_reason(choice) == "stop" for choice in {d.choice for d in deltas}), "a choice does not stop")
    return draft.pick(list(asked.tools))


@fault("tool-unknown", "request-tool-name-known.unknown")
def tool_unknown(draft: Draft) -> None:
    """A tool is called that was not declared."""
    asked = draft.asked()
    need(asked.tools and not asked.legacy and asked.choice in _NOT_NAMED, "the request has no tools or names one")
    call = draft.call(lambda call: call.name, "no call has a name")
    call.opening.function["name"] = call.name + "_2"


@fault("tool-kind", "request-tool-name-known.kind")
def tool_kind(draft: Draft) -> None:
    """A tool is called as a function that was declared as custom, or the other way round."""
    _called(draft)
    call = draft.call(lambda call: call.name in draft.asked().tools, "no declared tool is called")
    kind, other = ("custom", "function") if call.is_custom else ("function", "custom")
    for tool in draft.sent()["tools"]:
        match tool:
            case dict() if isinstance(tool.get(kind), dict) and tool[kind].get("name") == call.name:
                tool.clear()
                tool.update({"type": other, other: {"name": call.name}})
            case _:
                pass


@fault("tool-choice-none", "request-tool-choice-none.forbidden")
def tool_choice_none(draft: Draft) -> None:
    """The request forbids calls, and there is one."""
    _called(draft)
    draft.sent()["tool_choice"] = "none"


@fault("tools-missing", "request-tool-choice-none.no-tools")
def tools_missing(draft: Draft) -> None:
    """The request has no tools, and there is a call."""
    _called(draft)
    for key in ("tools", "tool_choice", "parallel_tool_calls"):
        draft.sent().pop(key, None)


@fault("tool-choice-required", "request-tool-choice-required.missing")
def tool_choice_required(draft: Draft) -> None:
    """The request requires a call, and there is none."""
    _uncalled(draft)
    draft.sent()["tool_choice"] = "required"


@fault("tool-choice-named", "request-tool-choice-named.missing")
def tool_choice_named(draft: Draft) -> None:
    """The request names a tool, and there is no call."""
    name = _uncalled(draft)
    draft.sent()["tool_choice"] = {"type": "function", "function": {"name": name}}


@fault("tool-choice-other", "request-tool-choice-named.other")
def tool_choice_other(draft: Draft) -> None:
    """The request names a tool, and another one is called."""
    name = _called(draft)
    draft.sent()["tool_choice"] = {"type": "function", "function": {"name": f"not_{name}"}}


@fault("tool-choice-allowed", "request-allowed-tools.missing")
def tool_choice_allowed(draft: Draft) -> None:
    """The request requires a call of some tools, and there is none."""
    name = _uncalled(draft)
    _allow(draft, "required", name)


@fault("tool-not-allowed", "request-allowed-tools.outside")
def tool_not_allowed(draft: Draft) -> None:
    """The request allows some tools, and another one is called."""
    _allow(draft, "auto", f"not_{_called(draft)}")


def _allow(draft: Draft, mode: str, name: str) -> None:
    tools = [{"type": "function", "function": {"name": name}}]
    draft.sent()["tool_choice"] = {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}


@fault("parallel-calls", "request-parallel-tool-calls-false.several")
def parallel_calls(draft: Draft) -> None:
    """The request wants one call at most, and a choice has several."""
    body = draft.sent()
    choices = [call.choice for call in draft.calls()]
    need(len(set(choices)) < len(choices), "no choice has more than one tool call")
    body["parallel_tool_calls"] = False


@fault("choices-fewer", "request-n-choices.fewer")
def choices_fewer(draft: Draft) -> None:
    """The request wants one more choice than there are."""
    draft.finish()
    draft.sent()["n"] = draft.asked().n + 1


@fault(
    "choices-more",
    "request-n-choices.more",
    also={"choice-index-range.range": "The index of a choice that is one too many is too high."},
)
def choices_more(draft: Draft) -> None:
    """The request wants one choice less than there are."""
    asked = draft.asked()
    need(asked.n > 1, "the request wants one choice")
    draft.sent()["n"] = asked.n - 1


@fault("choices-none", "request-n-choices.no-choices")
def choices_none(draft: Draft) -> None:
    """No chunk comes, only [DONE]."""
    done = draft.done()
    draft.chunks()
    draft.pieces = [done]


FAULTS = (
    tool_unknown,
    tool_kind,
    tool_choice_none,
    tools_missing,
    tool_choice_required,
    tool_choice_named,
    tool_choice_other,
    tool_choice_allowed,
    tool_not_allowed,
    parallel_calls,
    choices_fewer,
    choices_more,
    choices_none,
)
