// @langchain/openai: the chunks of `stream`, put together by `concat`, with its calls valid and invalid.

import { ChatOpenAI } from "@langchain/openai";
import { concat } from "@langchain/core/utils/stream";
import { functions, parameters, serve } from "./lines.mjs";

async function fold({ base_url, api_key, request, timeout }) {
  const model = new ChatOpenAI({
    model: request.model ?? "recorded",
    apiKey: api_key,
    maxRetries: 0,
    timeout: Math.round(timeout * 1000),
    configuration: { baseURL: base_url },
  });
  const tools = functions(request).map((declared) => ({
    type: "function",
    function: { name: declared.name, description: declared.description ?? "", parameters: parameters(declared) },
  }));
  const chunks = await (tools.length > 0 ? model.bindTools(tools) : model).stream("Go on.");
  let whole;
  for await (const chunk of chunks) whole = whole === undefined ? chunk : concat(whole, chunk);
  if (whole === undefined) return { content: "" };
  return {
    content: whole.content,
    tool_calls: [
      ...(whole.tool_calls ?? []).map(({ id, name, args }) => ({ id, name, arguments: args })),
      ...(whole.invalid_tool_calls ?? []).map(({ id, name, args }) => ({ id, name, arguments: args })),
    ],
    function_call: whole.additional_kwargs?.function_call,
    finish_reason: whole.response_metadata?.finish_reason ?? null,
  };
}

await serve(fold, "@langchain/openai");
