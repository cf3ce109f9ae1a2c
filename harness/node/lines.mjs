// How a Node driver is asked and answers: docs/accumulators.md, the persistent mode. Knows no client.

import { readFileSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";

const LONGEST = 2000; // characters of an error's message

/** Answer one case after the other until standard input ends; `fold` takes a case and returns a message, or throws. */
export async function serve(fold, packageName) {
  const write = answers();
  write({ ready: true, version: version(packageName) });
  for await (const line of createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    const started = performance.now();
    let answer;
    try {
      answer = { message: await fold(asked) };
    } catch (error) {
      const message = String(error?.message ?? error).slice(0, LONGEST);
      answer = { raised: { type: error?.constructor?.name ?? typeof error, message } };
    }
    write({ case: asked.case, seconds: (performance.now() - started) / 1000, ...answer });
  }
  process.exit(0); // whatever connections a client keeps open
}

/** Return what writes an answer; what anything prints goes to standard error, where it is in nobody's way. */
function answers() {
  const told = process.env.DELTAPROOF_ANSWER_FD;
  for (const name of ["log", "info", "debug"]) console[name] = console.error;
  return (answer) => {
    let left = Buffer.from(JSON.stringify(answer) + "\n");
    while (left.length > 0) {
      try {
        left = left.subarray(writeSync(told ? Number(told) : 1, left));
      } catch (error) {
        if (error.code !== "EAGAIN") throw error; // a full pipe: whoever reads it is slow
      }
    }
  };
}

function version(packageName) {
  const folder = new URL(`./node_modules/${packageName}/package.json`, import.meta.url);
  try {
    return JSON.parse(readFileSync(folder, "utf8")).version;
  } catch {
    return "";
  }
}

/** Return the functions that a request declares, the deprecated ones too. */
export function functions(request) {
  const tools = (request.tools ?? []).filter((tool) => tool.type === "function").map((tool) => tool.function);
  return [...tools, ...(request.functions ?? [])].filter((declared) => typeof declared?.name === "string");
}

/** Return the JSON Schema of a function's arguments, that of any object where it has none. */
export function parameters(declared) {
  return declared.parameters ?? { type: "object", properties: {} };
}
