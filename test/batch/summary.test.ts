import { describe, expect, test } from "bun:test";
import type { BatchEntry } from "../../src/batch/index.ts";
import { exitCodeOf } from "../../src/batch/index.ts";
import { summarizeBatch } from "../../src/batch/summary.ts";
import { batchTable } from "../../src/commands/batch/table.ts";
import type { ErrorCode } from "../../src/errors.ts";
import type { ResultDocument } from "../../src/record/result.ts";

function entry(key: string, more: Partial<BatchEntry>): BatchEntry {
  return {
    task: { key, taskName: key, language: "python3", source: { path: `${key}.json`, line: null } },
    status: "ended",
    skipped: null,
    result: null,
    error: null,
    hint: "",
    wasFinished: false,
    seconds: 2,
    ...more,
  };
}

function result(more: Readonly<Record<string, unknown>>): ResultDocument {
  return {
    instance_id: "x",
    success: true,
    total_iterations: 3,
    initial_metrics: { pass_rate: 1, runtime: 8, memory: 10, integral: 80 },
    final_metrics: { pass_rate: 1, runtime: 2, memory: 20, integral: 40 },
    speedup: { metric: "cpu_time", verdict: "faster", ratio: 4.1, interval: [3.9, 4.3], pairs: 20 },
    usage: {
      calls: 3,
      prompt_tokens: 300,
      cached_tokens: 0,
      completion_tokens: 30,
      reasoning_tokens: 0,
      cost_usd: 0.5,
    },
    ...more,
  };
}

function failure(code: ErrorCode, message = "It failed\nwith details"): Partial<BatchEntry> {
  return { status: "failed", error: { code, message } };
}

const SAME = { pass_rate: 1, runtime: 8, memory: 10, integral: 80 };
const ENTRIES: readonly BatchEntry[] = [
  entry("better", { result: result({}) }),
  entry("same", { result: result({ success: false, final_metrics: SAME, speedup: null }) }),
  entry("never", {
    result: result({ success: false, final_metrics: { pass_rate: 0.5, runtime: null }, speedup: null }),
  }),
  entry("broken", { ...failure("instance"), hint: "Mend it" }),
  entry("cut", { ...failure("interrupted"), result: result({ success: true }) }),
  entry("late", { status: "not_run", skipped: { code: "budget", message: "1 USD is used up" } }),
];
const SUMMARY = summarizeBatch(ENTRIES, { shard: null, startTime: "a", endTime: "b" });

describe("summarizeBatch()", () => {
  test("counts every instance once", () => {
    expect(SUMMARY).toMatchObject({
      total_instances: 6,
      successful: 1,
      not_improved: 1,
      failed: 3,
      skipped: 1,
      finished_before: 0,
    });
    expect(SUMMARY.totals).toMatchObject({
      solved: 3,
      failed_by_cause: { no_program_passes: 1, instance: 1, interrupted: 1 },
      skipped_by_cause: { budget: 1 },
    });
  });

  test("means are geometric, over instances that ended and have both values", () => {
    expect(SUMMARY.totals.speedup).toBeCloseTo(Math.sqrt(4.1 * 1), 10);
    expect(SUMMARY.totals.memory_ratio).toBeCloseTo(Math.sqrt(0.5 * 1), 10);
    expect(SUMMARY.totals.integral_ratio).toBeCloseTo(Math.sqrt(2 * 1), 10);
    const none = summarizeBatch([entry("a", failure("model"))], { shard: null, startTime: "", endTime: "" });
    expect(none.totals).toMatchObject({ speedup: null, memory_ratio: null, integral_ratio: null });
  });

  test("a figure that one instance does not know is unknown in the sum, never 0", () => {
    expect(SUMMARY.usage).toMatchObject({ calls: 12, prompt_tokens: 1200, cost_usd: 2 });
    const unpriced = entry("u", { result: result({ usage: { calls: 1, cost_usd: null } }) });
    const { usage } = summarizeBatch([...ENTRIES, unpriced], { shard: null, startTime: "", endTime: "" });
    expect(usage).toMatchObject({ calls: 13, cost_usd: null, prompt_tokens: null });
  });

  test("tells each instance's figures, its whole result, or why there is none", () => {
    expect(SUMMARY.instances.better).toEqual({
      verdict: "improved",
      speedup: 4.1,
      interval: [3.9, 4.3],
      interval_metric: "cpu_time",
      memory_ratio: 0.5,
      integral_ratio: 2,
      iterations: 3,
      tokens: 330,
      cost_usd: 0.5,
      seconds: 2,
      error: null,
    });
    expect(SUMMARY.instances.late).toMatchObject({ verdict: "skipped", speedup: null, seconds: null });
    expect(SUMMARY.results).toMatchObject({
      better: { instance_id: "x", success: true },
      broken: { error: { code: "instance", message: "It failed\nwith details" } },
      cut: { instance_id: "x", error: { code: "interrupted" } },
      late: { skipped: true, reason: { code: "budget", message: "1 USD is used up" } },
    });
  });

  test("a speed-up stands beside the interval of another target", () => {
    const memory = result({ speedup: { metric: "memory", ratio: 0.5, interval: [0.4, 0.6] } });
    const { instances } = summarizeBatch([entry("m", { result: memory })], {
      shard: null,
      startTime: "",
      endTime: "",
    });
    expect(instances.m).toMatchObject({ speedup: 4, interval: [0.4, 0.6], interval_metric: "memory" });
  });
});

describe("exitCodeOf()", () => {
  test("is the highest code among failures and what was not begun", () => {
    expect(exitCodeOf([entry("a", { result: result({}) })])).toBe(0);
    expect(exitCodeOf([entry("a", failure("instance")), entry("b", failure("model"))])).toBe(5);
    expect(exitCodeOf(ENTRIES.slice(0, 4))).toBe(3);
    expect(exitCodeOf(ENTRIES.slice(5))).toBe(6);
  });
});

describe("batchTable()", () => {
  test("has a line for each instance that was begun, the totals, reasons and hints", () => {
    expect(batchTable(SUMMARY, ENTRIES)).toMatchInlineSnapshot(`
      "
      instance  verdict       speed-up  95 % interval  memory  integral  rounds  tokens     USD   time  error
      better    improved         4.10×  3.90 to 4.30   0.500×     2.00×       3     330  0.5000  2.0 s
      same      not improved     1.00×                  1.00×     1.00×       3     330  0.5000  2.0 s
      never     failed                                                        3     330  0.5000  2.0 s
      broken    failed                                                                           2.0 s  instance: It failed
      cut       failed           4.10×  3.90 to 4.30   0.500×     2.00×       3     330  0.5000  2.0 s  interrupted: It failed

      6 instances: 1 improved, 1 not improved, 3 failed (1 no program passes, 1 instance, 1 interrupted), 1 not begun (1 budget); 3 with a program that passes all tests.
      Geometric means of before / after: speed-up 2.02×, memory 0.707×, integral 1.41×.
      12 rounds, 12 calls, 1200 prompt and 120 answer tokens, 2.0000 USD.
      Not begun: 1 USD is used up
      hint: Mend it
      "
    `);
  });
});
