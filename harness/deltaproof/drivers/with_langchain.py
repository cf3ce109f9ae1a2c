"""langchain-openai: the chunks of `ChatOpenAI.stream` added up, with their calls valid and invalid."""

from __future__ import annotations

from functools import reduce
from operator import add

from langchain_openai import ChatOpenAI

from lines import functions, mapping, parameters, serve


def fold(case: dict[str, object]) -> dict[str, object]:
    """Let LangChain fold a stream."""
    request = mapping(case["request"])
    model = ChatOpenAI(
        model=request.get("model", "recorded"),
        base_url=case["base_url"],
        api_key=case["api_key"],
        timeout=case["timeout"],
        max_retries=0,
    )
    tools = [
        {
            "type": "function",
            "function": {"name": one["name"], "description": one.get("description", ""), "parameters": parameters(one)},
        }
        for one in functions(request)
    ]
    whole = reduce(add, (model.bind_tools(tools) if tools else model).stream("Go on."))
    return {
        "content": whole.content,
        "refusal": whole.additional_kwargs.get("refusal"),
        "tool_calls": [
            {"id": call["id"], "name": call["name"], "arguments": call["args"]}
            for call in (*whole.tool_calls, *whole.invalid_tool_calls)
        ],
        "function_call": whole.additional_kwargs.get("function_call"),
        "finish_reason": whole.response_metadata.get("finish_reason"),
    }


serve(fold, "langchain-openai")
