/** What asking a model costs beside the asking: reading its stream, counting its tokens, and a call's own overhead. */
import { createBudget } from "../../src/model/budget.ts";
import { createGovernor } from "../../src/model/governor.ts";
import { createModel } from "../../src/model/index.ts";
import { createSseParser } from "../../src/model/sse.ts";
import { estimateTokens } from "../../src/model/tokens.ts";
import type { Logger } from "../../src/types.ts";

const EVENTS = 20_000;
const CALLS = 300;

/** Measures and prints. */
export async function run(): Promise<void> {
  readStream();
  countTokens();
  await call();
}

function readStream(): void {
  const event = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: " word" }, finish_reason: null }] })}\n\n`;
  const bytes = new TextEncoder().encode(event.repeat(EVENTS));
  const plainMs = timed(() => new TextDecoder().decode(bytes).split("\n\n"));
  for (const size of [bytes.length, 1000, 1]) {
    const ms = timed(() => {
      const parser = createSseParser(1e6);
      for (let at = 0; at < bytes.length; at += size) parser.push(bytes.subarray(at, at + size));
    });
    const pieces = size === bytes.length ? "one piece" : `pieces of ${size} bytes`;
    print(
      `read ${EVENTS} events in ${pieces}`,
      `${ms.toFixed(1)} ms`,
      `${(ms / plainMs).toFixed(1)}× split()`,
    );
  }
}

function countTokens(): void {
  const text = "for i in range(len(values)):\n    total += values[i] * 31\n".repeat(20_000);
  const ms = timed(() => estimateTokens(text));
  print("count the tokens of 1 MB", `${((ms / text.length) * 1e6).toFixed(0)} ms`, "bar: 200 ms");
}

/** A call against the same request made by hand, to a server that answers at once. */
async function call(): Promise<void> {
  const chunk = { choices: [{ index: 0, delta: { content: "word" }, finish_reason: "stop" }] };
  const usage = { choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } };
  const reply = `data: ${JSON.stringify(chunk)}\n\ndata: ${JSON.stringify(usage)}\n\ndata: [DONE]\n\n`;
  const server = Bun.serve({
    port: 0,
    fetch: () => new Response(reply, { headers: { "content-type": "text/event-stream" } }),
  });
  try {
    const apiBase = `http://127.0.0.1:${server.port}/v1`;
    const messages = [{ role: "user", content: "x".repeat(10_000) }] as const;
    const model = await createModel(optionsFor(apiBase));
    const signal = new AbortController().signal;
    const body = JSON.stringify({ model: "m", messages, stream: true });
    const plain = async (): Promise<void> => {
      await (await fetch(`${apiBase}/chat/completions`, { method: "POST", body, proxy: false })).text();
    };
    const ours = async (): Promise<void> => void (await model.complete(messages, signal));
    const [plainMs, oursMs] = [await perCallMs(plain), await perCallMs(ours)];
    print(
      "a call",
      `${oursMs.toFixed(2)} ms`,
      `${(oursMs - plainMs).toFixed(2)} ms over fetch() (bar: 5 ms)`,
    );
  } finally {
    await server.stop(true);
  }
}

function optionsFor(apiBase: string): Parameters<typeof createModel>[0] {
  const logger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
  return {
    name: "m",
    apiBase,
    apiKey: null,
    environment: {},
    parameters: {
      temperature: 0,
      maxOutputTokens: null,
      reasoningEffort: null,
      stream: true,
      extraBody: {},
      headers: {},
    },
    retry: { timeoutMs: 60_000, maxRetries: 0, delayMs: 0, backoffFactor: 1, jitterMs: 0 },
    pricing: {},
    budget: createBudget({ maxCostUsd: null, maxTotalTokens: 1e12, maxTimeMs: null }),
    governor: createGovernor({ requestsPerMinute: 1e9, tokensPerMinute: null, maxConcurrency: 4 }),
    owner: "bench",
    answersUsed: 0,
    ioLog: null,
    logger,
  };
}

async function perCallMs(work: () => Promise<void>): Promise<number> {
  for (let n = 0; n < CALLS / 10; n++) await work();
  const startedMs = performance.now();
  for (let n = 0; n < CALLS; n++) await work();
  return (performance.now() - startedMs) / CALLS;
}

/** The best of several: the rest is what else the machine does. */
function timed(work: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let n = 0; n < 5; n++) {
    const startedMs = performance.now();
    work();
    best = Math.min(best, performance.now() - startedMs);
  }
  return best;
}

function print(what: string, figure: string, bar: string): void {
  process.stdout.write(`${what.padEnd(44)} ${figure.padStart(12)}   ${bar}\n`);
}
