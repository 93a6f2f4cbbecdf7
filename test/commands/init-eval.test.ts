import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "../support/cli.ts";
import { MISSING_FOR_LOCAL } from "../support/local-sandbox.ts";
import { optionalTest } from "../support/optional.ts";

/** From a program and its tests to scores, through the real sandbox: each command reads what the one before it wrote. */

const root = mkdtempSync(join(tmpdir(), "perfagent-init-eval-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const boxTest = optionalTest(MISSING_FOR_LOCAL);
const TIMEOUT_MS = 60_000;

/** One home for all commands: the cache is what they share. */
async function perfagent(...args: readonly string[]) {
  const { exitCode, ...streams } = await runCli(args, { cwd: root, env: { HOME: root } });
  return { ...streams, code: exitCode };
}

beforeAll(() => {
  mkdirSync(join(root, "tests"));
  writeFileSync(join(root, "tests/1.in"), "1 2\n");
  writeFileSync(join(root, "tests/1.out"), "3.0\r\n");
  writeFileSync(join(root, "tests/2.in"), "");
  writeFileSync(join(root, "tests/2.ans"), "0\n");
  writeFileSync(join(root, "sum.py"), "print(sum(map(int, input().split())))\n");
  writeFileSync(join(root, "wrong.py"), "print(7)\n");
});

for (const checker of ["tokens", "exact", "floats"]) {
  boxTest(
    `what init writes with --checker ${checker} is judged by eval as it says`,
    async () => {
      const made = await perfagent(
        "init",
        "--program",
        "sum.py",
        "--tests",
        "tests",
        "--checker",
        checker,
        "--output",
        `${checker}.json`,
      );
      expect(made.code).toBe(0);
      const measured = await perfagent(
        "eval",
        "--instance",
        `${checker}.json`,
        "--solution",
        "sum.py",
        "--num-runs",
        "1",
        "--json",
      );
      // The first test expects 3.0 where the program prints 3: equal as numbers only.
      expect(JSON.parse(measured.stdout).tests.map((one: { status: string }) => one.status)).toEqual([
        checker === "floats" ? "passed" : "wrong_answer",
        "passed",
      ]);
    },
    TIMEOUT_MS,
  );
}

boxTest(
  "eval --canonical measures the program of init once, and report --scores holds results against it",
  async () => {
    await perfagent(
      "init",
      "--program",
      "sum.py",
      "--tests",
      "tests",
      "--checker",
      "floats",
      "--output",
      "task.json",
    );
    const first = await perfagent("eval", "--instance", "task.json", "--canonical", "--num-runs", "2");
    expect(JSON.parse(first.stdout)).toMatchObject({
      instance_id: "task",
      canonical: { python3: { cached: false } },
    });
    const again = JSON.parse(
      (await perfagent("eval", "--instance", "task.json", "--canonical", "--num-runs", "2")).stdout,
    );
    expect(again.canonical.python3.cached).toBe(true);

    mkdirSync(join(root, "results"));
    for (const solution of ["sum.py", "wrong.py"]) {
      const { stdout } = await perfagent(
        "eval",
        "--instance",
        "task.json",
        "--solution",
        solution,
        "--num-runs",
        "2",
        "--json",
      );
      const folder = join(root, "results", solution);
      mkdirSync(folder);
      writeFileSync(join(folder, "eval.json"), stdout);
    }
    const passing = JSON.parse((await perfagent("report", "results/sum.py", "--scores", "--json")).stdout)
      .scores[0];
    const [score] = passing.problems;
    const own = JSON.parse((await perfagent("report", "results/sum.py", "--json")).stdout).runs[0]
      .final_metrics;
    // ET against the cached human measurement, whatever this machine's numbers are.
    expect(score.et.uncapped).toBeCloseTo((100 * again.canonical.python3.runtime) / own.runtime, 6);
    expect(score.et.capped).toBe(Math.min(100, score.et.uncapped));
    const failing = JSON.parse((await perfagent("report", "results/wrong.py", "--scores", "--json")).stdout)
      .scores[0];
    expect(failing.average.et.capped.value).toBe(0);
  },
  TIMEOUT_MS,
);

test(
  "eval --canonical refuses an instance without human solutions",
  async () => {
    writeFileSync(
      join(root, "bare.json"),
      JSON.stringify({ description: "d", generated_tests: [{ input: "", output: "" }] }),
    );
    const { stderr, code } = await perfagent("eval", "--instance", "bare.json", "--canonical");
    expect(stderr).toContain(
      "Cannot measure the human solutions of 'bare': its field 'solutions' holds none",
    );
    expect(code).toBe(3);
  },
  TIMEOUT_MS,
);
