import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CanonicalOptions, canonicalDocument, measureCanonical } from "../../src/evaluate/canonical.ts";
import { listCached } from "../../src/evaluate/canonical-cache.ts";
import { parseInstance } from "../../src/instance.ts";
import type { Evaluation, Evaluator } from "../../src/types.ts";

const root = mkdtempSync(join(tmpdir(), "perfagent-canonical-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const instance = parseInstance(
  JSON.stringify({
    description: "d",
    generated_tests: [{ input: "", output: "" }],
    solutions: {
      cpp: {
        code: "plain",
        runtimeDistribution: JSON.stringify([
          [9, 0, "slow"],
          [1, 0, "fast"],
          [0, 0, ""],
        ]),
        memoryDistribution: [
          [5, 0, "lean"],
          [7, 0, "fat"],
        ],
      },
      python3: { code: "only", runtimeDistribution: "[]", memoryDistribution: "[]" },
    },
  }),
  "task.json",
);

/** An evaluator whose programs cost what a table says; a program that is not in it fails. */
function tableEvaluator(costs: Readonly<Record<string, readonly [number, number, number]>>) {
  const evaluated: [code: string, passes: number][] = [];
  const evaluator: Evaluator = {
    metrics: ["runtime", "memory", "integral"],
    async evaluate(code, { timedPasses }): Promise<Evaluation> {
      evaluated.push([code, timedPasses]);
      const row = costs[code];
      return {
        passed: row !== undefined,
        passRate: row === undefined ? 0 : 1,
        build: { status: "ok", message: "" },
        tests: [],
        flaky: [],
        metrics: row === undefined ? {} : { runtime: row[0], memory: row[1], integral: row[2] },
        statistics: {},
        samples: [],
        runs: row === undefined ? 0 : timedPasses,
        isolation: "L3",
        measurement: "launcher",
        feedback: "",
      };
    },
    pair: () => Promise.reject(new Error("Nothing is compared here")),
    close: () => Promise.resolve(),
  };
  return { evaluator, evaluated };
}

let folders = 0;
function optionsFor(evaluator: Evaluator, changes: Partial<CanonicalOptions> = {}): CanonicalOptions {
  return {
    instance,
    language: "cpp",
    evaluator,
    timedPasses: 5,
    settings: "[]",
    cacheDir: join(root, String(folders++)),
    cpu: "Test CPU (2)",
    kernel: "Linux 6",
    toolchain: "g++ 12",
    isolation: "L3",
    measurement: "launcher",
    ...changes,
  };
}

const signal = new AbortController().signal;
const COSTS = { fast: [1, 50, 40], lean: [3, 10, 25], only: [2, 20, 30] } as const;

describe("measureCanonical()", () => {
  test("measures the fastest and the leanest program of the distributions that hold code", async () => {
    const { evaluator, evaluated } = tableEvaluator(COSTS);
    const { measurement, cached } = await measureCanonical(optionsFor(evaluator), signal);
    expect(evaluated).toEqual([
      ["fast", 5],
      ["lean", 5],
    ]);
    expect(cached).toBe(false);
    // Time of the fastest, memory of the leanest, the smaller integral.
    expect(measurement.costs).toEqual({ runtime: 1, memory: 10, integral: 25 });
    expect(measurement).toMatchObject({
      instanceId: "task",
      language: "cpp",
      runtimeCanonical: { passed: true, passRate: 1, runtime: 1, memory: 50, integral: 40 },
      memoryCanonical: { passed: true, passRate: 1, runtime: 3, memory: 10, integral: 25 },
      runs: 5,
    });
  });

  test("measures one program once where it is both", async () => {
    const { evaluator, evaluated } = tableEvaluator(COSTS);
    const { measurement } = await measureCanonical(optionsFor(evaluator, { language: "python3" }), signal);
    expect(evaluated).toEqual([["only", 5]]);
    expect(measurement.costs).toEqual({ runtime: 2, memory: 20, integral: 30 });
  });

  test("measures once per machine, toolchain, isolation and settings", async () => {
    const { evaluator, evaluated } = tableEvaluator(COSTS);
    const options = optionsFor(evaluator);
    const first = await measureCanonical(options, signal);
    expect(await measureCanonical(options, signal)).toEqual({ measurement: first.measurement, cached: true });
    expect(evaluated).toHaveLength(2);
    const changes: Partial<CanonicalOptions>[] = [
      { cpu: "Other CPU (2)" },
      { kernel: "Linux 7" },
      { toolchain: "g++ 13" },
      { isolation: "L2" },
      { measurement: "portable" },
      { settings: "[1]" },
      { timedPasses: 3 },
      { language: "python3" },
      { instance: { ...instance, sha256: "changed" } },
    ];
    for (const change of changes) {
      const again = await measureCanonical({ ...options, ...change }, signal);
      expect([change, again.cached]).toEqual([change, false]);
    }
    expect(listCached(options.cacheDir ?? "")).toHaveLength(1 + changes.length);
  });

  test("counts a human program that fails here as not measured, and does not cache that", async () => {
    const { evaluator } = tableEvaluator({ lean: COSTS.lean });
    const options = optionsFor(evaluator);
    const { measurement } = await measureCanonical(options, signal);
    expect(measurement.costs).toEqual({ runtime: null, memory: 10, integral: 25 });
    expect(measurement.runtimeCanonical).toEqual({
      passed: false,
      passRate: 0,
      runtime: null,
      memory: null,
      integral: null,
    });
    expect((await measureCanonical(options, signal)).cached).toBe(false);
  });

  test("measures anew when a cached file is damaged, and without a cache that can be written", async () => {
    const { evaluator, evaluated } = tableEvaluator(COSTS);
    const options = optionsFor(evaluator);
    await measureCanonical(options, signal);
    const folder = join(options.cacheDir ?? "", "canonical");
    for (const name of readdirSync(folder)) writeFileSync(join(folder, name), '{"costs":');
    expect((await measureCanonical(options, signal)).cached).toBe(false);
    writeFileSync(join(root, "a-file"), "");
    for (const cacheDir of [null, join(root, "a-file")]) {
      expect((await measureCanonical({ ...options, cacheDir }, signal)).cached).toBe(false);
    }
    expect(evaluated).toHaveLength(8);
    expect(listCached(join(root, "nowhere"))).toEqual([]);
  });

  test("refuses a language without human solutions", () => {
    const { evaluator } = tableEvaluator(COSTS);
    expect(measureCanonical(optionsFor(evaluator, { language: "ruby" }), signal)).rejects.toThrow(
      "no human solution of 'task' in ruby",
    );
  });
});

describe("canonicalDocument()", () => {
  test("has one entry per language", async () => {
    const { evaluator } = tableEvaluator(COSTS);
    const measured = await measureCanonical(optionsFor(evaluator), signal);
    const document = canonicalDocument("task", [measured]);
    expect(document).toEqual({
      instance_id: "task",
      canonical: {
        cpp: {
          runtime: 1,
          memory: 10,
          integral: 25,
          runtime_canonical: { passed: true, pass_rate: 1, runtime: 1, memory: 50, integral: 40 },
          memory_canonical: { passed: true, pass_rate: 1, runtime: 3, memory: 10, integral: 25 },
          runs: 5,
          machine: { cpu: "Test CPU (2)", kernel: "Linux 6" },
          toolchain: "g++ 12",
          isolation: "L3",
          measurement: "launcher",
          measured_at: measured.measurement.measuredAt,
          cached: false,
        },
      },
    });
  });
});
