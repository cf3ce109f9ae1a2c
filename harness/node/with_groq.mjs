// groq-sdk, which parses streams and folds none, with a loop as careful people write it.

import Groq from "groq-sdk";
import { serve } from "./lines.mjs";

async function fold({ base_url, api_key, request, timeout }) {
  // The client adds /openai/v1 to its base URL; the server that plays recordings takes any path below the case's.
  const client = new Groq({ baseURL: base_url, apiKey: api_key, timeout: Math.round(timeout * 1000), maxRetries: 0 });
  const message = { content: "", tool_calls: [], finish_reason: null };
  const calls = new Map();
  for await (const chunk of await client.chat.completions.create({ ...request, stream: true })) {
    for (const { index, delta, finish_reason } of chunk.choices ?? []) {
      if (index !== 0) continue;
      message.content += delta?.content ?? "";
      message.finish_reason = finish_reason ?? message.finish_reason;
      for (const entry of delta?.tool_calls ?? []) {
        if (!calls.has(entry.index)) calls.set(entry.index, { id: null, name: "", arguments: "" });
        const call = calls.get(entry.index);
        call.id ||= entry.id;
        call.name ||= entry.function?.name;
        call.arguments += entry.function?.arguments ?? "";
      }
    }
  }
  return { ...message, tool_calls: [...calls.values()] };
}

await serve(fold, "groq-sdk");
