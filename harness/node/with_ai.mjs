// The AI SDK with @ai-sdk/openai-compatible: `streamText`, then its promises of text, calls and finish reason.

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { jsonSchema, streamText, tool } from "ai";
import { functions, parameters, serve } from "./lines.mjs";

const FINISH_REASONS = { "tool-calls": "tool_calls", "content-filter": "content_filter", stop: "stop", length: "length" };

async function fold({ base_url, api_key, request, timeout }) {
  const provider = createOpenAICompatible({ name: "recorded", baseURL: base_url, apiKey: api_key });
  const errors = [];
  const tools = functions(request).map((declared) => [
    declared.name,
    tool({ description: declared.description, inputSchema: jsonSchema(parameters(declared)) }),
  ]);
  const streamed = streamText({
    model: provider.chatModel(request.model ?? "recorded"),
    prompt: "Go on.",
    tools: Object.fromEntries(tools),
    maxRetries: 0,
    abortSignal: AbortSignal.timeout(Math.round(timeout * 1000)),
    onError: ({ error }) => errors.push(error),
  });
  try {
    const [text, calls, finish, raw] = [
      await streamed.text,
      await streamed.toolCalls,
      await streamed.finishReason,
      await streamed.rawFinishReason,
    ];
    if (errors.length > 0) throw errors[0];
    return {
      content: text,
      tool_calls: calls.map((call) => ({ id: call.toolCallId, name: call.toolName, arguments: argumentsOf(call) })),
      finish_reason: raw ?? FINISH_REASONS[finish] ?? null,
    };
  } catch (error) {
    throw errors[0] ?? error;
  }
}

/** Return the text of a call's arguments; those that the client found wrong are handed over as they came. */
function argumentsOf({ input, invalid, error }) {
  if (typeof error?.toolInput === "string") return error.toolInput;
  if (!invalid || typeof input !== "string") return JSON.stringify(input);
  try {
    JSON.parse(input);
  } catch {
    return input; // that of a tool that was not declared, which is not parsed
  }
  return JSON.stringify(input);
}

await serve(fold, "ai");
