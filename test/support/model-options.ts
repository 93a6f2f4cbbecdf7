import { createBudget } from "../../src/model/budget.ts";
import { createGovernor } from "../../src/model/governor.ts";
import type { ModelOptions } from "../../src/model/index.ts";
import type { Logger } from "../../src/types.ts";
import { VirtualClock } from "./virtual-clock.ts";

export const MESSAGES = [
  { role: "system", content: "You make programs faster." },
  { role: "user", content: "print(sum(range(10)))" },
] as const;

/** A logger that keeps its lines. */
export function recordingLogger(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const add = (message: string): void => void lines.push(message);
  return { lines, debug: add, info: add, warn: add, error: add };
}

/** Options for a model at a test server: no randomness, time that does not pass, no limits. */
export function modelOptions(
  baseUrl: string | null,
  changes: Partial<ModelOptions> = {},
): ModelOptions & { readonly clock: VirtualClock } {
  const clock = changes.clock instanceof VirtualClock ? changes.clock : new VirtualClock();
  return {
    name: "test-model",
    apiBase: baseUrl,
    apiKey: null,
    environment: {},
    parameters: {
      temperature: 0.5,
      maxOutputTokens: 1000,
      reasoningEffort: null,
      stream: true,
      extraBody: {},
      headers: {},
    },
    retry: { timeoutMs: 600_000, maxRetries: 3, delayMs: 2000, backoffFactor: 2, jitterMs: 0 },
    pricing: {},
    budget: createBudget({ maxCostUsd: null, maxTotalTokens: null, maxTimeMs: null }, clock),
    governor: createGovernor({ requestsPerMinute: null, tokensPerMinute: null, maxConcurrency: null, clock }),
    owner: "task",
    answersUsed: 0,
    ioLog: null,
    logger: recordingLogger(),
    random: () => 0,
    ...changes,
    clock,
  };
}
