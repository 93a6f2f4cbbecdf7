import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CliOptions, runCli, withFolder } from "../support/cli.ts";
import { MISSING_FOR_LOCAL } from "../support/local-sandbox.ts";
import { optionalTest } from "../support/optional.ts";

// Real pairs on a busy machine: only a hang takes this long.
setDefaultTimeout(300_000);

const INSTANCE = {
  id: "1",
  title: "Sum",
  description: "Print the sum of the numbers below n.",
  type: "io",
  source: "sample",
  title_slug: "sum",
  generated_tests: [
    { input: "10", output: "45" },
    { input: "400000", output: "79999800000" },
  ],
};
const SLOW = "n = int(input())\ns = 0\nfor i in range(n):\n    s += i\nprint(s)\n";
const FAST = "n = int(input())\nprint(n * (n - 1) // 2)\n";
const WRONG = "n = int(input())\nprint(n * (n - 1) // 2 if n < 100 else 0)\n";

/** Runs `compare` in a folder with the instance and the programs. */
async function compare(args: readonly string[], options: CliOptions = {}) {
  return await withFolder(async (folder) => {
    const files = {
      "sum.json": JSON.stringify(INSTANCE),
      "slow.py": SLOW,
      "fast.py": FAST,
      "wrong.py": WRONG,
    };
    for (const [name, text] of Object.entries({ ...files, "large.txt": "400000\n", "sum.rb": "puts 1\n" })) {
      writeFileSync(join(folder, name), text);
    }
    return await runCli(["compare", ...args], { timeoutMs: 280_000, ...options, cwd: folder });
  });
}

describe("compare", () => {
  optionalTest(MISSING_FOR_LOCAL)("proves a gain, as JSON for a script", async () => {
    const args = ["--instance", "sum.json", "--baseline", "slow.py", "--candidate", "fast.py"];
    const { stdout, exitCode } = await compare([
      ...args,
      "--metric",
      "cpu_time",
      "--seed",
      "7",
      "--json",
      "--fail-unless-faster",
    ]);
    expect(exitCode).toBe(0);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({
      verdict: "faster",
      metric: "cpu_time",
      seed: 7,
      min_effect: 0.02,
      max_pairs: 60,
      baseline: { file: "slow.py", passed: true, pass_rate: 1 },
      candidate: { file: "fast.py", passed: true, pass_rate: 1 },
      failures: [],
    });
    const [low, high] = document.interval;
    expect(document.ratio).toBeGreaterThan(1.2);
    expect(low <= document.ratio && document.ratio <= high).toBe(true);
    expect(document.pairs).toBeGreaterThanOrEqual(10);
    expect(document.p_value).toBeLessThan(0.0016);
    expect(document.baseline.cpu_time).toBeGreaterThan(document.candidate.cpu_time);
    expect(document.tests).toHaveLength(2);
    expect(document.tests[1].baseline.cpu_us).toBeGreaterThan(document.tests[1].candidate.cpu_us);
  });

  optionalTest(MISSING_FOR_LOCAL)(
    "takes one input and the baseline's output instead of an instance",
    async () => {
      const args = [
        "--stdin",
        "-",
        "--baseline",
        "fast.py",
        "--candidate",
        "slow.py",
        "--metric",
        "cpu_time",
        "-v",
      ];
      const { stdout, exitCode } = await compare([...args, "--fail-unless-faster"], { stdin: "400000\n" });
      expect(exitCode).toBe(10);
      expect(stdout).toStartWith("The candidate is worse: ");
      expect(stdout).toMatch(/\nmetric +baseline +candidate/);
      expect(stdout).toMatch(/\ntest +input bytes +baseline ms +candidate ms +ratio\n/);
      expect(stdout).toMatch(/\n +0 +7 /);
    },
  );

  optionalTest(MISSING_FOR_LOCAL)("calls a candidate that fails a test incorrect, not faster", async () => {
    const args = ["--instance", "sum.json", "--baseline", "slow.py", "--candidate", "wrong.py"];
    const text = await compare(args);
    expect(text.exitCode).toBe(0);
    expect(text.stdout).toStartWith(
      "The candidate is not correct: 1 of 2 tests fails: 1 × wrong answer; test 1",
    );
    const json = await compare([...args, "--json", "--fail-unless-faster"]);
    expect(json.exitCode).toBe(10);
    expect(JSON.parse(json.stdout)).toMatchObject({
      verdict: "incorrect",
      ratio: null,
      interval: null,
      p_value: null,
      pairs: 0,
      candidate: { passed: false, pass_rate: 0.5, runtime: null },
      failures: [{ index: 1, status: "wrong_answer" }],
    });
    const output = await compare([
      "--stdin",
      "large.txt",
      "--baseline",
      "slow.py",
      "--candidate",
      "wrong.py",
      "--json",
    ]);
    expect(JSON.parse(output.stdout)).toMatchObject({ verdict: "incorrect" });
  });

  optionalTest(MISSING_FOR_LOCAL)("refuses a baseline that is no measure", async () => {
    const failing = await compare([
      "--instance",
      "sum.json",
      "--baseline",
      "wrong.py",
      "--candidate",
      "fast.py",
    ]);
    expect(failing).toMatchObject({ exitCode: 3, stdout: "" });
    expect(failing.stderr).toContain(
      "Cannot compare with the baseline 'wrong.py': it does not pass the tests",
    );
    const crashing = await compare([
      "--stdin",
      "sum.json",
      "--baseline",
      "slow.py",
      "--candidate",
      "fast.py",
    ]);
    expect(crashing).toMatchObject({ exitCode: 3, stdout: "" });
    expect(crashing.stderr).toContain("it ended with runtime_error (exit code 1)");
    expect(crashing.stderr).toContain("ValueError");
  });

  optionalTest(MISSING_FOR_LOCAL)("decides on an own evaluator's metric", async () => {
    const evaluator = `command:python3 -c "import json,sys; print(json.dumps({'passed': True, 'metrics': {'code_bytes': len(json.load(sys.stdin)['code'])}}))"`;
    const args = ["--instance", "sum.json", "--baseline", "slow.py", "--candidate", "fast.py", "--json"];
    const { stdout, exitCode } = await compare([...args, "--evaluator", evaluator]);
    expect(exitCode).toBe(0);
    const ratio = SLOW.length / FAST.length;
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: "faster",
      metric: "code_bytes",
      ratio: expect.closeTo(ratio, 9),
      pairs: 1,
      p_value: null,
      baseline: { code_bytes: SLOW.length },
      candidate: { code_bytes: FAST.length },
    });
  });

  const programs = ["--baseline", "slow.py", "--candidate", "fast.py"];
  const usage: readonly (readonly [string, readonly string[], string])[] = [
    ["neither instance nor input", programs, "--instance and --stdin are both missing"],
    ["both", [...programs, "--instance", "sum.json", "--stdin", "large.txt"], "are both given"],
    [
      "standard input twice",
      ["--baseline", "-", "--candidate", "-", "--stdin", "large.txt"],
      "--baseline and --candidate",
    ],
    [
      "two languages",
      ["--baseline", "slow.py", "--candidate", "sum.rb", "--stdin", "large.txt"],
      "by their names",
    ],
    ["an unknown language", [...programs, "--stdin", "large.txt", "--language", "cobol"], "cobol"],
    [
      "too few pairs",
      [...programs, "--stdin", "large.txt", "--max-pairs", "5"],
      "a whole number from 10 to 500",
    ],
    [
      "an effect of more than all",
      [...programs, "--stdin", "large.txt", "--min-effect", "2"],
      "from 0 to 0.9",
    ],
    ["no candidate", ["--baseline", "slow.py", "--stdin", "large.txt"], "--candidate is missing"],
  ];
  for (const [name, args, words] of usage) {
    test(`refuses ${name}`, async () => {
      const { exitCode, stdout, stderr } = await compare(args);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
      expect(stderr).toContain(words);
    });
  }

  test("names a file that is not there", async () => {
    const { exitCode, stderr } = await compare([
      "--stdin",
      "large.txt",
      "--baseline",
      "none.py",
      "--candidate",
      "fast.py",
    ]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain("none.py");
  });

  optionalTest(MISSING_FOR_LOCAL)("names the metrics there are", async () => {
    const { exitCode, stderr } = await compare([...programs, "--stdin", "large.txt", "--metric", "joules"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("one of runtime, cpu_time, memory, integral is wanted");
  });
});
