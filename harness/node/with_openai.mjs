// openai-node's own accumulator: `chat.completions.stream`, then `finalChatCompletion`.

import OpenAI from "openai";
import { serve } from "./lines.mjs";

async function fold({ base_url, api_key, request, timeout }) {
  const client = new OpenAI({ baseURL: base_url, apiKey: api_key, timeout: Math.round(timeout * 1000), maxRetries: 0 });
  const { choices } = await client.chat.completions.stream(request).finalChatCompletion();
  const { message, finish_reason } = choices[0];
  return {
    content: message.content,
    refusal: message.refusal,
    tool_calls: (message.tool_calls ?? []).map(({ id, function: called }) => ({ id, ...called })),
    function_call: message.function_call,
    finish_reason,
  };
}

await serve(fold, "openai");
