import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { createRandom } from "../../../src/lib/random.ts";
import { parseReportFile } from "../../../src/record/report/parse-file.ts";
import type { ReportRun } from "../../../src/record/report/run.ts";
import { originalTrajectory } from "./original-trajectory.ts";
import { journalText, recordedEvents, runFiles } from "./recorded-run.ts";

// Only a hanging process may end a test by time: busy machines are slow.
setDefaultTimeout(60_000);

const parse = (content: unknown, path = "x/result.json") =>
  parseReportFile(Buffer.from(typeof content === "string" ? content : JSON.stringify(content)), path);

function onlyRun(content: unknown, path?: string): ReportRun {
  const parsed = parse(content, path);
  if (parsed.status !== "ok" || parsed.runs[0] === undefined || parsed.runs.length > 1) {
    throw new Error(`One run is wanted: ${JSON.stringify(parsed)}`);
  }
  return parsed.runs[0];
}

const ROUNDS = [
  { verdict: "edit_failed", runtime: null },
  { verdict: "improved", runtime: 0.5 },
  { verdict: "failed_tests", runtime: null },
  { verdict: "not_improved", runtime: 0.6 },
] as const;

describe("parseReportFile() on perfagent's own files", () => {
  const files = runFiles({ rounds: ROUNDS });
  const essence = {
    instanceId: "task_1",
    language: "python3",
    target: "runtime",
    unit: "s",
    model: "test-model",
    status: "improved",
    initial: 2,
    final: 0.5,
    ratio: 4,
    iterations: 4,
    stopReason: "max_iterations",
    metrics: { runtime: 0.5, memory: 10, integral: 5, passRate: 1 },
    usage: { promptTokens: 400, completionTokens: 40, costUsd: 0.04 },
    initialCode: "print(1)\n",
    finalCode: "print(3)\n",
    isolation: "L3",
    measurement: "launcher",
  };

  test.each([
    ["result.json", "result"],
    ["task_1.traj", "trajectory"],
    ["task_1.journal.jsonl", "journal"],
  ])("reads the same run out of %s", (name, kind) => {
    const run = onlyRun(files[name], `x/${name}`);
    expect(run).toMatchObject({ ...essence, kind, source: `x/${name}` } as object);
    expect(run.steps.map((step) => [step.iteration, step.verdict, step.value])).toEqual([
      [0, null, 2],
      [1, "edit_failed", null],
      [2, "improved", 0.5],
      [3, "failed_tests", null],
      [4, "not_improved", 0.6],
    ]);
    expect(run.steps[2]).toMatchObject({ reason: "reason 2", diff: "@@ -1 +1 @@\n-print(1)\n+print(3)\n" });
  });

  test.each([
    ["not_improved", { rounds: [{ verdict: "not_improved", runtime: 2.1 }] }],
    ["failed", { initialRuntime: null, rounds: [{ verdict: "failed_tests", runtime: null }] }],
    ["unfinished", { rounds: ROUNDS, end: null }],
    ["error", { initialRuntime: null, end: { success: false, error: { code: "model", message: "no key" } } }],
  ] as const)("says that a run is %s, whichever file tells of it", (status, options) => {
    const own = runFiles(options);
    // A run that has not ended has no result.
    const names = Object.keys(own).filter((name) => status !== "unfinished" || name !== "result.json");
    for (const name of names) expect([name, onlyRun(own[name], name).status]).toEqual([name, status]);
  });

  test("prefers what pairs measured side by side say, in every kind of file", () => {
    const confirmed = { ratio: 3.9, interval: [3.7, 4.1], initialRuntime: 1.95 } as const;
    for (const [name, content] of Object.entries(runFiles({ rounds: ROUNDS, confirmed }))) {
      const { ratio, interval, ratioMetric, initial, final } = onlyRun(content, name);
      expect([name, ratio, interval, ratioMetric, initial, final]).toEqual([
        name,
        3.9,
        [3.7, 4.1],
        "cpu_time",
        1.95,
        0.5,
      ]);
    }
  });

  test("reads a torn journal up to its last whole event and says so", () => {
    const whole = journalText(recordedEvents({ rounds: ROUNDS, end: null }));
    const parsed = parse(`${whole}{"type":"iteration","at":"2025`, "a.journal.jsonl");
    if (parsed.status !== "ok") throw new Error("It is readable");
    expect(parsed.runs[0]).toMatchObject({ status: "unfinished", iterations: 4 });
    expect(parsed.warnings.join()).toContain("'a.journal.jsonl' ends in the middle of an event");
  });

  test("reads what eval prints", () => {
    const evaluation = {
      instance_id: "e",
      language: "cpp",
      passed: true,
      pass_rate: 1,
      runtime: 0.41,
      memory: 3.4,
      integral: 0.9,
      isolation: "L3",
      measurement: "launcher",
    };
    expect(onlyRun(evaluation)).toMatchObject({
      instanceId: "e",
      language: "cpp",
      kind: "evaluation",
      status: "not_improved",
      metrics: { runtime: 0.41, memory: 3.4, integral: 0.9, passRate: 1 },
    });
    const failed = {
      ...evaluation,
      passed: false,
      pass_rate: 0.5,
      runtime: null,
      memory: null,
      integral: null,
    };
    expect(onlyRun(failed)).toMatchObject({ status: "failed", metrics: { runtime: null, passRate: 0.5 } });
  });

  test("reads a batch summary: results, and errors of instances that have none", () => {
    const parsed = parse({
      total_instances: 2,
      successful: 1,
      failed: 1,
      skipped: 0,
      results: {
        task_1: JSON.parse(files["result.json"] ?? ""),
        task_2: { error: { code: "instance", message: "no tests" } },
        task_3: { error: "words" },
      },
    });
    if (parsed.status !== "ok") throw new Error("It is readable");
    expect(parsed.runs.map((run) => [run.instanceId, run.status, run.error])).toEqual([
      ["task_1", "improved", null],
      ["task_2", "error", { code: "instance", message: "no tests" }],
      ["task_3", "error", { code: "error", message: "words" }],
    ]);
  });

  test("reads measured human solutions, per language and for one language", () => {
    const costs = { runtime: 1, memory: 2, integral: 3 };
    const read = (content: object) => {
      const parsed = parse(content);
      return parsed.status === "ok" ? parsed.canonicals : parsed;
    };
    expect(
      read({
        instance_id: "t",
        canonical: {
          cpp: { ...costs, machine: { cpu: "A" }, measured_at: "2025" },
          python3: { runtime: null, memory: null, integral: null },
        },
      }),
    ).toEqual([
      { instanceId: "t", language: "cpp", costs, cpu: "A", measuredAt: "2025", source: "x/result.json" },
    ]);
    expect(read({ instance_id: "t", language: "c++", canonical: costs })).toMatchObject([
      { language: "cpp", costs },
    ]);
  });

  test("takes costs that are no numbers, or zero, as not measured", () => {
    const run = onlyRun({
      instance_id: "z",
      final_metrics: { runtime: 0, memory: "Infinity", integral: null, pass_rate: 1 },
      initial_performance: "Infinity",
      final_performance: 0,
    });
    expect(run).toMatchObject({
      initial: null,
      final: null,
      ratio: null,
      metrics: { runtime: null, memory: null, integral: null, passRate: 1 },
    });
  });
});

describe("parseReportFile() on the original's files", () => {
  test("reads a trajectory with info, steps and history", () => {
    const run = onlyRun(
      originalTrajectory("aizu_1", [
        { runtime: 2 },
        { runtime: 1 },
        { runtime: 1.5 },
        { runtime: "Infinity" },
        { runtime: 1, unchanged: true },
        { runtime: 1, error: "cannot extract a diff" },
      ]),
      "x/aizu_1.traj",
    );
    expect(run).toMatchObject({
      instanceId: "aizu_1",
      language: "python3",
      target: "runtime",
      unit: "s",
      model: null,
      status: "improved",
      initial: 2,
      final: 1,
      ratio: 2,
      metrics: { runtime: 1, memory: 12.5, integral: 3.5, passRate: 1 },
      iterations: 5,
      finalCode: "print(2)",
      durationSeconds: 300,
    });
    expect(run.steps.map((step) => [step.iteration, step.verdict, step.value])).toEqual([
      [0, null, 2],
      [1, "improved", 1],
      [2, "not_improved", 1.5],
      [3, "failed_tests", null],
      [4, "unchanged", null],
      [5, "edit_failed", null],
    ]);
    expect(run.steps[1]?.diff).toContain("<<<<<<< SEARCH");
    expect(run.steps[5]?.reason).toBe("cannot extract a diff");
  });

  test("reads one of a run that passed nothing, that broke, and that never ended", () => {
    expect(onlyRun(originalTrajectory("n", [{ runtime: "Infinity" }], { success: false }))).toMatchObject({
      status: "failed",
      initial: null,
      final: null,
      metrics: { runtime: null },
    });
    const broken = { success: false, error_message: "boom", final_performance: null };
    expect(onlyRun(originalTrajectory("n", [{ runtime: 1 }], broken))).toMatchObject({
      status: "error",
      error: { code: "error", message: "boom" },
      initial: 1,
    });
    expect(
      onlyRun(originalTrajectory("n", [{ runtime: 1 }], { end_time: null, success: false })).status,
    ).toBe("unfinished");
  });

  test("reads its result file, also with numbers that are no JSON", () => {
    const text = `{"instance_id": "aizu_1", "initial_code": "a", "optimized_code": "b", "initial_performance": Infinity,
      "final_performance": 0.5, "total_iterations": 3, "success": true, "language": "python3",
      "optimization_target": "integral", "performance_unit": "MB*s",
      "optimization_history": [{"iteration": 2, "diff": "d", "performance_before": NaN, "performance_after": 0.5,
        "improvement": "Infinity", "success": true}],
      "final_metrics": {"runtime": 1.5, "memory": 2.5, "integral": 0.5}}`;
    expect(onlyRun(text)).toMatchObject({
      status: "improved",
      unit: "MB·s",
      initial: null,
      final: 0.5,
      metrics: { runtime: 1.5, memory: 2.5, integral: 0.5, passRate: 1 },
    });
  });
});

describe("parseReportFile() on anything else", () => {
  test.each([
    ["an instance", { id: "1", generated_tests: [] }],
    ["a list", [1, 2]],
    ["a number", 5],
    ["null", null],
  ])("passes over %s", (_name, content) => {
    expect(parse(content).status).toBe("foreign");
  });

  test("passes over JSON lines that are no journal", () => {
    expect(parse('{"request": 1}\n', "llm_io.jsonl").status).toBe("foreign");
  });

  test.each([
    ["", "result.json", "it is empty"],
    ['{"instance_id": "a", "opt', "result.json", "it is no whole JSON document"],
    ["\xff\xfe", "result.json", "it is no whole JSON document"],
    ["nonsense\n", "a.journal.jsonl", "line 1 is no event"],
    ['{"type":"run_started"', "a.journal.jsonl", "it holds no whole event"],
  ])("names what is wrong with %p in %s", (content, path, reason) => {
    const parsed = parseReportFile(Buffer.from(content, "latin1"), path);
    expect(parsed).toMatchObject({ status: "corrupt", reason: expect.stringContaining(reason) });
  });

  test("never throws, whatever the bytes: cut and altered files", () => {
    const random = createRandom(42);
    const originals: [string, string][] = [
      ...Object.entries(runFiles({ rounds: ROUNDS })),
      ["o.traj", JSON.stringify(originalTrajectory("o", [{ runtime: 1 }, { runtime: "Infinity" }]))],
    ];
    for (let i = 0; i < 400; i++) {
      const [path, text] = originals[i % originals.length] ?? ["", ""];
      const bytes = Buffer.from(text);
      for (let change = 0; change < 3; change++)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      parseReportFile(bytes.subarray(0, Math.floor(random() * 2 * bytes.length)), path);
    }
  });

  test("never throws, whatever the types: every field replaced in turn", () => {
    const replace = (value: unknown, by: unknown): unknown[] => {
      if (typeof value !== "object" || value === null) return [by];
      return Object.keys(value).flatMap((key) => {
        const inner = replace((value as Record<string, unknown>)[key], by);
        return [by, ...inner].map((one) => (Array.isArray(value) ? [one] : { ...value, [key]: one }));
      });
    };
    const documents = [
      originalTrajectory("o", [{ runtime: 1 }]),
      JSON.parse(runFiles({ rounds: ROUNDS })["result.json"] ?? ""),
    ];
    for (const document of documents) {
      for (const by of [null, 5, "x", [], {}, true]) {
        for (const broken of replace(document, by)) expect(parse(broken).status).not.toBe("corrupt");
      }
    }
    for (const event of recordedEvents({ rounds: ROUNDS })) {
      for (const by of [null, 5, [], {}]) {
        for (const broken of replace(event, by)) {
          const events = recordedEvents({ rounds: ROUNDS }).map((one) =>
            one.type === event.type ? broken : one,
          );
          parse(events.map((one) => `${JSON.stringify(one)}\n`).join(""), "a.jsonl");
        }
      }
    }
  });
});
