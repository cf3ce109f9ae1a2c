"""mirascope: the streamed response of its provider of chat completions, finished.

Instructor, the other candidate, hands over no calls: it joins the arguments of each chunk's first entry, whatever the
index and the name beside them, and parses that as the one object it was asked for.
"""

from __future__ import annotations

from mirascope import llm
from mirascope.llm.providers.openai.completions import OpenAICompletionsProvider
from mirascope.llm.tools import Tool, Toolkit
from mirascope.llm.tools.tool_schema import ToolParameterSchema

from lines import functions, mapping, parameters, serve

provider = OpenAICompletionsProvider(base_url="http://127.0.0.1/v1", api_key="unused")
shared = provider.client
FINISH_REASONS = {"max_tokens": "length", "refusal": "content_filter"}


def _nothing(**_: object) -> None:
    """Stand for a tool that is declared and not carried out."""


def fold(case: dict[str, object]) -> dict[str, object]:
    """Let Mirascope fold a stream; it tells no finish_reason but those that a caller has to know of."""
    request = mapping(case["request"])
    provider.client = shared.with_options(base_url=case["base_url"], timeout=case["timeout"], max_retries=0)
    tools = [
        Tool(_nothing, one["name"], one.get("description", ""), ToolParameterSchema(**parameters(one)), strict=False)
        for one in functions(request)
    ]
    model = str(request.get("model", "recorded")).replace("/", "-")  # "openai/" stands before it, and one slash counts
    asked = [llm.messages.user("Go on.")]
    response = provider.stream(model_id=f"openai/{model}", messages=asked, toolkit=Toolkit(tools))
    response.finish()
    text = "".join(text.text for text in response.texts)
    reason = response.finish_reason.value if response.finish_reason else None
    return {
        "content": text,
        "tool_calls": [{"id": call.id, "name": call.name, "arguments": call.args} for call in response.tool_calls],
        "finish_reason": FINISH_REASONS.get(reason or ""),
    }


serve(fold, "mirascope")
