import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { originalTrajectory } from "../record/report/original-trajectory.ts";
import { runFiles } from "../record/report/recorded-run.ts";
import { runCli } from "../support/cli.ts";

// Only a hanging process may end a test by time: busy machines are slow.
setDefaultTimeout(60_000);

const root = mkdtempSync(join(tmpdir(), "perfagent-report-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** An empty cache: what this machine has measured before must not enter a test. */
async function report(...args: readonly string[]) {
  const env = { HOME: root, XDG_CACHE_HOME: join(root, "cache") };
  const { exitCode, ...streams } = await runCli(["report", ...args], { cwd: root, env });
  return { ...streams, code: exitCode };
}

function write(path: string, content: unknown): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), typeof content === "string" ? content : JSON.stringify(content));
}

/** A result as `run` writes it; without costs the final program failed. */
function result(
  task: string,
  language: string,
  costs: readonly [number, number, number] | null,
  canonical?: object,
) {
  return {
    instance_id: task,
    language,
    optimization_target: "runtime",
    performance_unit: "s",
    initial_code: "a",
    optimized_code: "b",
    initial_performance: null,
    final_performance: costs?.[0] ?? null,
    final_metrics: {
      runtime: costs?.[0] ?? null,
      memory: costs?.[1] ?? null,
      integral: costs?.[2] ?? null,
      pass_rate: costs === null ? 0.5 : 1,
    },
    total_iterations: 3,
    optimization_history: [],
    success: costs !== null,
    model: "m1",
    ...(canonical === undefined ? {} : { canonical }),
  };
}

const canonicalOf = (task: string, costs: Readonly<Record<string, readonly [number, number, number]>>) => ({
  instance_id: task,
  canonical: Object.fromEntries(
    Object.entries(costs).map(([language, [runtime, memory, integral]]) => [
      language,
      { runtime, memory, integral },
    ]),
  ),
});

describe("perfagent report --scores", () => {
  // Human solutions:           cpp: 1 s, 10 MB, 5 MB·s     python3: 2 s, 20 MB, 30 MB·s
  // Results:
  //   p1 cpp     2 s,  10 MB, 20 MB·s      ET 50    MP 100            MI 25
  //   p2 cpp     0.5 s, 8 MB,  4 MB·s      ET 100 (uncapped 200)      MP 100 (125)   MI 100 (125)
  //   p3 cpp     failed                    0        0                 0
  //   p1 python3 4 s,  80 MB, 40 MB·s      ET 50    MP 25             MI 75
  //   p2 python3 failed                    0        0                 0
  // cpp:     ET (50 + 100 + 0) / 3 = 50,   MP (100 + 100 + 0) / 3 = 66.67,  MI (25 + 100 + 0) / 3 = 41.67
  //   uncapped: ET (50 + 200) / 3 = 83.33, MP (100 + 125) / 3 = 75,         MI (25 + 125) / 3 = 50
  // python3: ET (50 + 0) / 2 = 25,         MP 12.5,                         MI 37.5
  // average: ET (50 + 25) / 2 = 37.5,      MP (66.67 + 12.5) / 2 = 39.58,   MI (41.67 + 37.5) / 2 = 39.58
  //   uncapped: ET 54.17,                  MP 43.75,                        MI 43.75
  const human = { cpp: [1, 10, 5], python3: [2, 20, 30] } as const;
  for (const task of ["p1", "p2", "p3"]) write(`scored/${task}.canonical.json`, canonicalOf(task, human));
  write("scored/cpp/p1/result.json", result("p1", "cpp", [2, 10, 20]));
  write("scored/cpp/p2/result.json", result("p2", "cpp", [0.5, 8, 4]));
  write("scored/cpp/p3/result.json", result("p3", "cpp", null));
  write("scored/py/p1/result.json", result("p1", "python3", [4, 80, 40]));
  write("scored/py/p2/result.json", result("p2", "python3", null));

  test("reproduces ET, MP and MI computed by hand", async () => {
    const { stdout, stderr, code } = await report("scored", "--scores", "--json");
    expect([stderr, code]).toEqual(["", 0]);
    const [scores] = JSON.parse(stdout).scores;
    const means = (group: Record<string, { capped: { value: number }; uncapped: { value: number } }>) =>
      ["et", "mp", "mi"].map((name) => [group[name]?.capped.value, group[name]?.uncapped.value]);
    const rounded = (pairs: (number | undefined)[][]) =>
      pairs.map((pair) => pair.map((value) => value?.toFixed(2)));
    expect(scores.languages.map((group: { language: string }) => group.language)).toEqual(["cpp", "python3"]);
    expect(rounded(means(scores.languages[0]))).toEqual([
      ["50.00", "83.33"],
      ["66.67", "75.00"],
      ["41.67", "50.00"],
    ]);
    expect(rounded(means(scores.languages[1]))).toEqual([
      ["25.00", "25.00"],
      ["12.50", "12.50"],
      ["37.50", "37.50"],
    ]);
    expect(rounded(means(scores.average))).toEqual([
      ["37.50", "54.17"],
      ["39.58", "43.75"],
      ["39.58", "43.75"],
    ]);
    expect(scores.problems).toContainEqual({
      instance_id: "p2",
      language: "cpp",
      passed: true,
      et: { capped: 100, uncapped: 200 },
      mp: { capped: 100, uncapped: 125 },
      mi: { capped: 100, uncapped: 125 },
    });
    expect(scores.problems).toContainEqual({
      instance_id: "p3",
      language: "cpp",
      passed: false,
      et: { capped: 0, uncapped: 0 },
      mp: { capped: 0, uncapped: 0 },
      mi: { capped: 0, uncapped: 0 },
    });
  });

  test("prints them as a table with intervals and with the cap visible", async () => {
    const { stdout } = await report("scored", "--scores");
    expect(stdout).toMatchInlineSnapshot(`
      "Scores, model m1, target runtime

      language  score  problems  passed  scored  capped    low    high  uncapped    low    high
      ────────  ─────  ────────  ──────  ──────  ──────  ─────  ──────  ────────  ─────  ──────
      cpp       ET            3       2       3   50.00   0.00  100.00     83.33   0.00  200.00
      cpp       MP            3       2       3   66.67   0.00  100.00     75.00   0.00  125.00
      cpp       MI            3       2       3   41.67   0.00  100.00     50.00   0.00  125.00
      python3   ET            2       1       2   25.00   0.00   50.00     25.00   0.00   50.00
      python3   MP            2       1       2   12.50   0.00   25.00     12.50   0.00   25.00
      python3   MI            2       1       2   37.50   0.00   75.00     37.50   0.00   75.00
      average   ET            5       3       5   37.50  16.67   50.00     54.17  33.33  100.00
      average   MP            5       3       5   39.58  16.67   62.50     43.75  20.83   62.50
      average   MI            5       3       5   39.58  16.67   50.00     43.75  20.83   62.50

      Percent of the human solutions: capped at 100 per problem as published, and uncapped.
      A program that fails scores 0.
      low, high: 95 % bootstrap interval over problems.
      average: the mean of the languages' means.
      "
    `);
  });

  test("prints them as CSV and LaTeX", async () => {
    const csv = (await report("scored", "--scores", "--format", "csv")).stdout.split("\n");
    expect(csv[0]).toBe(
      "model,target,language,score,problems,passed,scored,capped,capped_low,capped_high,uncapped,uncapped_low,uncapped_high",
    );
    expect(csv[1]).toStartWith("m1,runtime,cpp,ET,3,2,3,50,0,100,83.33333333333333,");
    expect(csv).toHaveLength(1 + 9 + 1);
    const latex = (await report("scored", "--scores", "--format", "latex")).stdout;
    expect(latex).toContain("    average & 37.50 & 54.17 & 39.58 & 43.75 & 39.58 & 43.75 \\\\\n");
  });

  test("takes a human measurement that the result itself carries", async () => {
    write("inline/a.json", result("a", "cpp", [2, 10, 5], { runtime: 1, memory: 5, integral: 5 }));
    const [scores] = JSON.parse((await report("inline", "--scores", "--json")).stdout).scores;
    expect(scores.problems[0]).toMatchObject({ et: { capped: 50 }, mp: { capped: 50 }, mi: { capped: 100 } });
  });

  test("takes one from this machine's cache when no file has it", async () => {
    const human = { passed: true, passRate: 1, runtime: 1, memory: 5, integral: 5 };
    write("cache/perfagent/canonical/abc.json", {
      instanceId: "cached",
      language: "cpp",
      costs: { runtime: 1, memory: 5, integral: 5 },
      runtimeCanonical: human,
      memoryCanonical: human,
      runs: 5,
      cpu: "Test CPU (2)",
      kernel: "Linux 6",
      toolchain: "g++ 12",
      isolation: "L3",
      measurement: "launcher",
      measuredAt: "2025-01-01T00:00:00.000Z",
    });
    write("cache/perfagent/canonical/torn.json", "{");
    write("from-cache/a.json", result("cached", "cpp", [4, 10, 5]));
    const [scores] = JSON.parse((await report("from-cache", "--scores", "--json")).stdout).scores;
    expect(scores.problems[0]).toMatchObject({ et: { capped: 25 } });
  });

  test("says which runs it cannot score, and counts an instance that never ran as failed", async () => {
    write("partly/canonical.json", canonicalOf("a", { cpp: [1, 10, 5] }));
    write("partly/a/result.json", result("a", "cpp", [2, 10, 5]));
    write("partly/b/result.json", result("b", "cpp", [2, 10, 5]));
    write("partly/summary.json", {
      total_instances: 1,
      results: { c: { error: { code: "instance", message: "no tests" } } },
    });
    const { stdout, stderr } = await report("partly", "--scores", "--json");
    expect(stderr).toContain(
      "1 instance (model m1, target runtime) passed but have no measured human solution",
    );
    const [scores] = JSON.parse(stdout).scores;
    // (50 + 0) / 2: b has no yardstick, c failed.
    expect(scores.average.et).toMatchObject({ problems: 2, capped: { value: 25 } });
    expect(scores.unscored).toEqual([{ reason: "no_human_measurement", instance_ids: ["b"] }]);
  });

  test("keeps models apart", async () => {
    const human = { runtime: 1, memory: 10, integral: 5 };
    write("models/1.json", result("a", "cpp", [2, 10, 5], human));
    write("models/2.json", { ...result("a", "cpp", [1, 10, 5], human), model: "m2" });
    const { scores } = JSON.parse((await report("models", "--scores", "--json")).stdout);
    expect(
      scores.map((group: { model: string; average: { et: { capped: { value: number } } } }) => [
        group.model,
        group.average.et.capped.value,
      ]),
    ).toEqual([
      ["m1", 50],
      ["m2", 100],
    ]);
  });
});

describe("perfagent report --compare", () => {
  const human = { runtime: 1, memory: 10, integral: 5 };
  for (const [task, before, after] of [
    ["a", 2, 1], //  ET 50 → 100
    ["b", 4, 2], //  ET 25 → 50
    ["c", 10, 1.25], // ET 10 → 80
  ] as const) {
    write(`before/${task}.json`, result(task, "cpp", [before, 10, 5], human));
    write(`after/${task}.json`, { ...result(task, "cpp", [after, 10, 5], human), model: "m2" });
  }
  write("after/only-here.json", { ...result("d", "cpp", [1, 10, 5], human), model: "m2" });

  test("tests the difference problem by problem", async () => {
    const { stdout, code } = await report("before", "--compare", "after", "--json");
    expect(code).toBe(0);
    const [comparison] = JSON.parse(stdout).comparisons;
    expect([comparison.a.model, comparison.b.model]).toEqual(["m1", "m2"]);
    const row = comparison.rows.find((one: { score: string }) => one.score === "et");
    // Means (50 + 25 + 10) / 3 = 28.33 and (100 + 50 + 80) / 3 = 76.67; two of eight sign patterns are as extreme.
    expect(row.capped).toMatchObject({ pairs: 3, better: 3, worse: 0, p_value: 0.25 });
    expect(row.capped.a).toBeCloseTo(85 / 3, 8);
    expect(row.capped.b).toBeCloseTo(230 / 3, 8);
    expect(row.capped.difference).toBeCloseTo(145 / 3, 8);
  });

  test("prints a table and CSV", async () => {
    const { stdout } = await report("before", "--compare", "after");
    expect(stdout).toContain("B against A, A: model m1, target runtime; B: model m2, target runtime");
    const csv = (await report("before", "--compare", "after", "--format", "csv")).stdout.split("\n");
    expect(csv[0]).toStartWith("model_a,model_b,target,language,score,pairs,a,b,difference");
    expect(csv[1]).toStartWith("m1,m2,runtime,cpp,ET,3,28.33");
  });

  test("refuses to guess which models to compare", async () => {
    write("two/1.json", result("a", "cpp", [2, 10, 5], human));
    write("two/2.json", { ...result("a", "cpp", [1, 10, 5], human), model: "m9" });
    write("third/1.json", { ...result("a", "cpp", [1, 10, 5], human), model: "m3" });
    const { stderr, code } = await report("two", "--compare", "third");
    expect(code).toBe(2);
    expect(stderr).toContain(
      "one side has model m1, target runtime; model m9, target runtime, the other model m3",
    );
  });
});

describe("perfagent report", () => {
  for (const [name, content] of Object.entries(
    runFiles({ rounds: [{ verdict: "improved", runtime: 0.5 }] }),
  )) {
    write(`mix/task_1/${name}`, content);
  }
  write("mix/aizu_1.traj", originalTrajectory("aizu_1", [{ runtime: 2 }, { runtime: 1 }]));
  write("mix/live.journal.jsonl", runFiles({ instanceId: "live", end: null })["live.journal.jsonl"]);

  test("shows any mix of files as a table", async () => {
    const { stdout, stderr, code } = await report("mix");
    expect([stderr, code]).toEqual(["", 0]);
    expect(stdout).toMatchInlineSnapshot(`
      "instance  language  model       target   status      initial  final  unit  ratio  pass rate  runtime s  memory MB  integral MB·s  rounds     USD  stopped by
      ────────  ────────  ──────────  ───────  ──────────  ───────  ─────  ────  ─────  ─────────  ─────────  ─────────  ─────────────  ──────  ──────  ──────────────
      aizu_1    python3   –           runtime  improved          2      1  s      2.00      1.000          1       12.5            3.5       1       –  –
      live      python3   test-model  runtime  unfinished        2      2  s      1.00      1.000          2         10             20       0  0.0000  –
      task_1    python3   test-model  runtime  improved          2    0.5  s      4.00      1.000        0.5         10              5       1  0.0100  max_iterations

      3 runs: 2 improved, 1 unfinished.
      Geometric mean of initial / final over 2 runs: 2.83×.
      Spent: 100 prompt tokens, 10 completion tokens, 0.0100 USD.
      "
    `);
  });

  test("prints one JSON document", async () => {
    const { stdout } = await report("mix", "--json");
    const document = JSON.parse(stdout);
    expect(document.totals).toMatchObject({
      runs: 3,
      by_status: { improved: 2, unfinished: 1 },
      // √(4 · 2)
      mean_ratio: expect.closeTo(Math.sqrt(8), 10),
      iterations: 2,
    });
    expect(document.runs[2].steps[1]).toMatchObject({ iteration: 1, verdict: "improved", performance: 0.5 });
    expect((await report("mix", "--format", "json")).stdout).toBe(stdout);
  });

  test("writes to a file with --output", async () => {
    const { stdout, code } = await report("mix", "--format", "csv", "--output", "out.csv");
    expect([stdout, code]).toEqual(["", 0]);
    expect(readFileSync(join(root, "out.csv"), "utf8")).toStartWith("instance_id,language,");
  });

  test("names a corrupt file, shows the others and exits with 3", async () => {
    write("torn/good/result.json", result("good", "cpp", [1, 1, 1]));
    write("torn/bad/result.json", '{"instance_id": "bad", "optimized_co');
    const { stdout, stderr, code } = await report("torn", "--json");
    expect(code).toBe(3);
    expect(stderr).toContain(
      `warning: '${join("torn", "bad", "result.json")}' is left out: it is no whole JSON document`,
    );
    const document = JSON.parse(stdout);
    expect(document.runs.map((run: { instance_id: string }) => run.instance_id)).toEqual(["good"]);
    expect(document.skipped).toHaveLength(1);
  });

  test("names instances that were run more than once", async () => {
    write("dup/1/a.json", result("a", "cpp", [1, 1, 1]));
    write("dup/2/a.json", result("a", "cpp", [2, 2, 2]));
    const { stderr, code } = await report("dup");
    expect(code).toBe(0);
    expect(stderr).toContain("warning: a in cpp was run 2 times");
  });

  test.each([
    [["nowhere"], 2, "Cannot report on 'nowhere'"],
    [["empty"], 3, "no run was found there"],
    [[], 2, "PATHS is missing"],
    [["mix", "--json", "--format", "csv"], 2, "--json and --format csv exclude each other"],
    [["mix", "--format", "xml"], 2, "one of table, json, csv, latex, html is wanted"],
    [["mix", "--output", "missing/folder/x"], 7, "Cannot write 'missing/folder/x'"],
  ])("refuses %p with exit code %i", async (args, exitCode, message) => {
    write("empty/.keep", "");
    const { stdout, stderr, code } = await report(...args);
    expect([stdout, code]).toEqual(["", exitCode]);
    expect(stderr).toContain(message);
  });
});
