import { describe, expect, test } from "bun:test";
import { createRandom } from "../../src/lib/random.ts";
import { type BudgetLimits, createBudget, type Reservation } from "../../src/model/budget.ts";
import { estimateSpending } from "../../src/model/estimate.ts";
import { costOf, priceOf } from "../../src/model/pricing.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const NEVER = new AbortController().signal;
const NO_LIMITS: BudgetLimits = { maxCostUsd: null, maxTotalTokens: null, maxTimeMs: null };

describe("createBudget()", () => {
  test("allows calls until a limit is reached, and names the limit", async () => {
    const budget = createBudget({ ...NO_LIMITS, maxTotalTokens: 250 });
    for (let call = 0; call < 3; call++) {
      (await budget.reserve({ tokens: 10_000, costUsd: 0 }, NEVER)).settle({ tokens: 100, costUsd: 0 });
    }
    await expect(budget.reserve({ tokens: 1, costUsd: 0 }, NEVER)).rejects.toMatchObject({
      code: "budget",
      exitCode: 6,
      message: "Cannot ask the model: the budget of 250 tokens is used up; 300 are spent",
    });
    expect(budget.spent()).toEqual({ tokens: 300, costUsd: 0 });
  });

  test("says beforehand what the next call would meet", () => {
    const budget = createBudget({ ...NO_LIMITS, maxCostUsd: 1 });
    expect(budget.exhausted()).toBeNull();
    budget.book({ tokens: 5, costUsd: 1 });
    expect(budget.exhausted()).toMatchObject({ code: "budget", hint: expect.stringContaining("--max-cost") });
    const clock = new VirtualClock();
    const timed = createBudget({ ...NO_LIMITS, maxTimeMs: 1000 }, clock);
    expect(timed.exhausted()).toBeNull();
    clock.advance(1000);
    expect(timed.exhausted()).toMatchObject({ code: "budget" });
  });

  for (const [name, limits] of [
    ["no money", { ...NO_LIMITS, maxCostUsd: 0 }],
    ["no tokens", { ...NO_LIMITS, maxTotalTokens: 0 }],
  ] as const) {
    test(`allows nothing with ${name}`, async () => {
      const reserved = createBudget(limits).reserve({ tokens: 1, costUsd: 0 }, NEVER);
      await expect(reserved).rejects.toMatchObject({ code: "budget" });
    });
  }

  test("allows no call after its time", async () => {
    const clock = new VirtualClock();
    const budget = createBudget({ ...NO_LIMITS, maxTimeMs: 1000 }, clock);
    (await budget.reserve({ tokens: 1, costUsd: 0 }, NEVER)).settle({ tokens: 1, costUsd: 0 });
    clock.advance(1000);
    await expect(budget.reserve({ tokens: 1, costUsd: 0 }, NEVER)).rejects.toThrow(
      /budget of 1.0 s is used up/,
    );
  });

  test("counts what an earlier run has spent", async () => {
    const budget = createBudget({ ...NO_LIMITS, maxCostUsd: 1 });
    budget.book({ tokens: 5, costUsd: 1 });
    await expect(budget.reserve({ tokens: 1, costUsd: 0 }, NEVER)).rejects.toMatchObject({ code: "budget" });
  });

  test("is passed by one call at the most, however many work in parallel", async () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = createRandom(seed);
      const limit = 1000 + Math.floor(random() * 5000);
      const budget = createBudget({ ...NO_LIMITS, maxTotalTokens: limit });
      let largest = 0;
      const worker = async (): Promise<void> => {
        for (;;) {
          const most = 100 + Math.floor(random() * 2000);
          let reservation: Reservation;
          try {
            reservation = await budget.reserve({ tokens: most, costUsd: 0 }, NEVER);
          } catch {
            return;
          }
          const used = Math.floor(random() * most);
          largest = Math.max(largest, used);
          for (let turn = 0; turn < random() * 4; turn++) await null;
          reservation.settle({ tokens: used, costUsd: 0 });
          reservation.settle({ tokens: used, costUsd: 0 });
        }
      };
      await Promise.all(Array.from({ length: 8 }, worker));
      expect(budget.spent().tokens).toBeGreaterThanOrEqual(limit);
      expect(budget.spent().tokens).toBeLessThan(limit + largest);
    }
  });

  test("lets nobody wait for ever: whoever waits is served or refused when others are done", async () => {
    const budget = createBudget({ ...NO_LIMITS, maxTotalTokens: 100 });
    const first = await budget.reserve({ tokens: 80, costUsd: 0 }, NEVER);
    const second = budget.reserve({ tokens: 80, costUsd: 0 }, NEVER);
    const controller = new AbortController();
    const third = budget.reserve({ tokens: 80, costUsd: 0 }, controller.signal);
    controller.abort();
    await expect(third).rejects.toMatchObject({ code: "interrupted" });
    first.settle({ tokens: 100, costUsd: 0 });
    await expect(second).rejects.toMatchObject({ code: "budget" });
  });
});

describe("costOf()", () => {
  const tokens = {
    promptTokens: 1000,
    cachedTokens: 400,
    completionTokens: 100,
    reasoningTokens: 50,
    costUsd: null,
  };

  test("takes the cached price for cached tokens where there is one", () => {
    expect(costOf(tokens, { input: 1, output: 10 })).toBeCloseTo(0.002, 12);
    expect(costOf(tokens, { input: 1, output: 10, cachedInput: 0.1 })).toBeCloseTo(0.00164, 12);
  });

  test("is unknown without a price or without counts, and never 0", () => {
    expect(costOf(tokens, null)).toBeNull();
    expect(costOf({ ...tokens, promptTokens: null }, { input: 1, output: 1 })).toBeNull();
    expect(costOf({ ...tokens, costUsd: 0.5 }, null)).toBe(0.5);
  });
});

describe("priceOf()", () => {
  test("finds the first name that has a price", () => {
    const pricing = { "a/b": { input: 1, output: 2 }, b: { input: 3, output: 4 } };
    expect(priceOf(pricing, ["x", "b", "a/b"])).toBe(pricing.b);
    expect(priceOf(pricing, ["toString"])).toBeNull();
  });
});

describe("estimateSpending()", () => {
  test("tells what to expect and the most", () => {
    const input = {
      promptTokens: [1000, 3000],
      rounds: 5,
      maxInputTokens: 2000,
      maxOutputTokens: 4000,
      price: { input: 1, output: 2 },
    };
    expect(estimateSpending(input)).toEqual({
      expected: { calls: 10, promptTokens: 15_000, completionTokens: 20_000, costUsd: 0.055 },
      most: { calls: 10, promptTokens: 20_000, completionTokens: 40_000, costUsd: 0.1 },
    });
    expect(estimateSpending({ ...input, price: null }).most.costUsd).toBeNull();
  });
});
