import { afterAll, expect, test } from "bun:test";
import { PerfagentError } from "../../src/errors.ts";
import { createRandom, type Random } from "../../src/lib/random.ts";
import { createBudget } from "../../src/model/budget.ts";
import { createGovernor } from "../../src/model/governor.ts";
import { createModel } from "../../src/model/index.ts";
import {
  type Behaviour,
  endAfter,
  resetAfter,
  resetAtOnce,
  respond,
  startLlmServer,
  stream,
  whole,
} from "../support/llm-server.ts";
import { MESSAGES, modelOptions } from "../support/model-options.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** Tokens of one answer, as the server counts them. */
const ANSWER_TOKENS = 120;

interface Sent {
  readonly owner: string;
  readonly text: string;
}

let random: Random = createRandom(0);
const sentInFull: Sent[] = [];
const server = startLlmServer((request) => faultyBehaviour(String(request.headers["x-owner"])));
afterAll(() => server.stop());

function faultyBehaviour(owner: string): Behaviour {
  const faults: readonly Behaviour[] = [
    respond(429),
    respond(429, "", { "retry-after": "3" }),
    respond(429, "", { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "2s" }),
    respond(500),
    respond(503, "<html><title>Down</title></html>"),
    respond(529),
    respond(401),
    respond(400, { error: { message: "Unsupported parameter: 'temperature'", param: "temperature" } }),
    resetAtOnce,
    resetAfter("half"),
    endAfter("half"),
    whole("{broken"),
    whole({ choices: [] }),
  ];
  if (random() < 0.5) return faults[Math.floor(random() * faults.length)] ?? resetAtOnce;
  const text = `answer ${sentInFull.length}`;
  const answer = stream({
    text,
    done: random() < 0.8,
    lineEnd: random() < 0.5 ? "\n" : "\r\n",
    comments: random() < 0.5,
    chunkBytes: random() < 0.2 ? 7 : null,
  });
  return async (exchange) => {
    sentInFull.push({ owner, text });
    await answer(exchange);
  };
}

test("200 runs with random faults: none hangs, none loses a whole reply, no budget is passed by more than one call", async () => {
  const codes: Record<string, number> = {};
  for (let seed = 0; seed < 200; seed++) {
    random = createRandom(seed);
    sentInFull.length = 0;
    const clock = new VirtualClock();
    const limit = 200 + Math.floor(random() * 1200);
    const budget = createBudget({ maxCostUsd: null, maxTotalTokens: limit, maxTimeMs: null }, clock);
    const governor = createGovernor({
      requestsPerMinute: random() < 0.5 ? 5 : null,
      tokensPerMinute: random() < 0.3 ? 20_000 : null,
      maxConcurrency: random() < 0.5 ? 2 : null,
      clock,
    });
    const received: Sent[] = [];
    const play = async (owner: string): Promise<void> => {
      const base = modelOptions(server.baseUrl, { clock, budget, governor, owner, random });
      const model = await createModel({
        ...base,
        parameters: { ...base.parameters, headers: { "x-owner": owner } },
      });
      for (let round = 0; round < 5; round++) {
        try {
          const { text } = await model.complete(MESSAGES, new AbortController().signal);
          received.push({ owner, text });
        } catch (error) {
          if (!(error instanceof PerfagentError)) throw error;
          codes[error.code] = (codes[error.code] ?? 0) + 1;
          return;
        }
      }
    };
    await Promise.all([play("a"), play("b"), play("c")]);
    expect({ seed, received: received.toSorted(byText) }).toEqual({
      seed,
      received: sentInFull.toSorted(byText),
    });
    expect(budget.spent().tokens).toBeLessThan(limit + ANSWER_TOKENS * 2);
  }
  // Each way to end came up, and no other.
  expect(Object.keys(codes).sort()).toEqual(["budget", "model"]);
}, 120_000);

function byText(a: Sent, b: Sent): number {
  return a.text < b.text ? -1 : 1;
}
