import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CliOptions, runCli, withFolder } from "../support/cli.ts";
import { MISSING_FOR_LOCAL } from "../support/local-sandbox.ts";
import { optionalTest } from "../support/optional.ts";

const localTest = optionalTest(MISSING_FOR_LOCAL);
/** Each start of perfagent takes a second or two; a machine that is overwhelmed is no failure. */
const TIMEOUT_MS = 300_000;

/** Doubles a number; two tests. */
const INSTANCE = {
  id: "1",
  title: "Double",
  description: "Print twice the number.",
  type: "io",
  source: "test",
  title_slug: "double",
  evaluator:
    "def evaluate(expected_output, program_output):\n    return int(expected_output) == int(program_output)\n",
  generated_tests: [
    { input: "1\n", output: "2" },
    { input: "21\n", output: "42" },
  ],
};

/** One cache for all: the launcher is compiled once. */
let cache = "";
beforeAll(() => {
  cache = mkdtempSync(join(tmpdir(), "perfagent-test-"));
});
afterAll(() => rmSync(cache, { recursive: true, force: true }));

const RIGHT = "print(2 * int(input()))\n";

/** Runs `perfagent eval` in a folder with the instance and some programs. */
async function evaluate(
  files: Readonly<Record<string, string | Uint8Array>>,
  args: readonly string[],
  options: CliOptions = {},
) {
  return await withFolder(async (folder) => {
    writeFileSync(join(folder, "double.json"), JSON.stringify(INSTANCE));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    return await runCli(["eval", ...args], {
      cwd: folder,
      timeoutMs: TIMEOUT_MS / 2,
      ...options,
      env: { XDG_CACHE_HOME: cache, ...options.env },
    });
  });
}

const ON_DOUBLE = ["--instance", "double.json", "--num-runs", "2"];

describe("perfagent eval", () => {
  localTest(
    "--json prints the documented object, with every test",
    async () => {
      const result = await evaluate({ "a.py": RIGHT }, [...ON_DOUBLE, "--solution", "a.py", "--json"]);
      expect(result.exitCode).toBe(0);
      const document = JSON.parse(result.stdout);
      expect(Object.keys(document)).toEqual([
        "instance_id",
        "language",
        "passed",
        "pass_rate",
        "runtime",
        "memory",
        "integral",
        "cpu_time",
        "runs",
        "statistics",
        "isolation",
        "measurement",
        "build",
        "tests",
      ]);
      expect(document).toMatchObject({
        instance_id: "double",
        language: "python3",
        passed: true,
        pass_rate: 1,
        runs: 2,
        build: { status: "ok", message: "" },
      });
      for (const metric of ["runtime", "memory", "integral", "cpu_time"]) {
        expect(document[metric]).toBeGreaterThan(0);
        expect(document.statistics[metric]).toMatchObject({ original_n: 2, trimmed_mean: document[metric] });
        expect(Object.keys(document.statistics[metric])).toEqual([
          "n",
          "original_n",
          "mean",
          "std",
          "min",
          "max",
          "ci95",
          "trimmed_mean",
        ]);
      }
      expect(document.tests.map((each: object) => Object.keys(each))).toEqual(
        Array(2).fill([
          "index",
          "status",
          "exit_code",
          "signal",
          "wall_ns",
          "cpu_us",
          "peak_bytes",
          "integral_byte_s",
          "stdout",
          "stderr",
        ]),
      );
      expect(document.tests[1]).toMatchObject({
        index: 1,
        status: "passed",
        exit_code: 0,
        signal: null,
        stdout: "42\n",
      });
    },
    TIMEOUT_MS,
  );

  localTest(
    "takes many programs, each in the language of its name, and prints a list",
    async () => {
      const files = {
        "right.py": RIGHT,
        "wrong.py": "print(2)\n",
        "broken.py": "print(\n",
        "crash.txt": "import os, sys\nsys.stderr.write('words')\nos._exit(137)\n",
      };
      const solutions = Object.keys(files).flatMap((name) => ["--solution", name]);
      const result = await evaluate(files, [...ON_DOUBLE, ...solutions, "--json", "--fail-unless-passed"]);
      expect(result.exitCode).toBe(10);
      const documents = JSON.parse(result.stdout);
      expect(
        documents.map((each: Record<string, unknown>) => [each.solution, each.passed, each.pass_rate]),
      ).toEqual([
        ["right.py", true, 1],
        ["wrong.py", false, 0.5],
        ["broken.py", false, 0],
        ["crash.txt", false, 0],
      ]);
      const [, wrong, broken, crash] = documents;
      expect(wrong.tests.map((each: { status: string }) => each.status)).toEqual(["passed", "wrong_answer"]);
      expect(wrong).toMatchObject({
        runtime: null,
        memory: null,
        integral: null,
        cpu_time: null,
        runs: 0,
        statistics: {},
      });
      expect(broken.build).toMatchObject({
        status: "failed",
        message: expect.stringContaining("SyntaxError"),
      });
      expect(broken.tests[0]).toMatchObject({ status: "compile_error", exit_code: null, wall_ns: null });
      expect(crash.tests[0]).toMatchObject({ status: "runtime_error", exit_code: 137, stderr: "words" });
    },
    TIMEOUT_MS,
  );

  localTest(
    "shows a person the verdict, the numbers, or the first failure",
    async () => {
      const files = { "right.py": RIGHT, "wrong.py": "print(2)\n", "broken.py": "print(\n" };
      const right = await evaluate(files, [...ON_DOUBLE, "--solution", "right.py"]);
      expect(right.stdout).toMatch(/^right\.py \(Python 3\): passed all 2 tests\n {2}runtime +[\d.]+ s /);
      expect(right.exitCode).toBe(0);
      const wrong = await evaluate(files, [...ON_DOUBLE, "--solution", "wrong.py"]);
      expect(wrong.stdout).toContain("wrong.py (Python 3): failed: 1 of 2 tests passed (1 wrong answer)");
      expect(wrong.stdout).toContain("42");
      expect(wrong.exitCode).toBe(0);
      const broken = await evaluate(files, [...ON_DOUBLE, "--solution", "broken.py"]);
      expect(broken.stdout).toContain("broken.py (Python 3): does not build");
      expect(broken.stdout).toContain("SyntaxError");
    },
    TIMEOUT_MS,
  );

  localTest(
    "reads the instance or the program from standard input, and takes limits",
    async () => {
      const fromStdin = await evaluate(
        { "a.py": RIGHT },
        ["--instance", "-", "--solution", "a.py", "--num-runs", "1", "--json"],
        { stdin: JSON.stringify(INSTANCE) },
      );
      expect(JSON.parse(fromStdin.stdout)).toMatchObject({
        instance_id: "test_1_double",
        passed: true,
        runs: 1,
      });
      const endless = await evaluate({}, [...ON_DOUBLE, "--solution", "-", "--time-limit", "0.5", "--json"], {
        stdin: "while True: pass\n",
      });
      expect(JSON.parse(endless.stdout).tests[0]).toMatchObject({ status: "timeout" });
    },
    TIMEOUT_MS,
  );

  localTest(
    "shows what an evaluator of the user's own says",
    async () => {
      const script = `#!/bin/sh\ncat > /dev/null\necho '{"passed": true, "metrics": {"cycles": 12}, "feedback": "fine"}'\n`;
      const args = [...ON_DOUBLE, "--solution", "a.py", "--evaluator", "command:sh own.sh", "--json"];
      const result = await evaluate({ "a.py": RIGHT, "own.sh": script }, args);
      expect(result.stderr).toBe("");
      expect(JSON.parse(result.stdout)).toMatchObject({
        passed: true,
        runtime: null,
        metrics: { cycles: 12 },
        statistics: { cycles: { n: 1, mean: 12 } },
        feedback: "fine",
        isolation: "own",
        tests: [],
      });
    },
    TIMEOUT_MS,
  );

  test.each([
    [["--instance", "double.json"], 2, "--solution FILE is wanted"],
    [["--instance", "-", "--solution", "-"], 2, "only one of --instance and --solution"],
    [["--instance", "double.json", "--solution", "-", "--solution", "-"], 2, "only one of"],
    [["--instance", "double.json", "--canonical", "--solution", "a.py"], 2, "exclude each other"],
    [["--instance", "double.json", "--solution", "a.py", "--num-runs", "0"], 2, "num-runs"],
    [["--instance", "double.json", "--solution", "a.py", "--language", "rust"], 2, "rust"],
    [["--instance", "missing.json", "--solution", "a.py"], 3, "missing.json"],
    [["--instance", "double.json", "--solution", "missing.py"], 3, "missing.py"],
    [["--instance", "double.json", "--solution", "empty.py"], 3, "empty.py"],
    [["--instance", "double.json", "--solution", "binary.py"], 3, "binary"],
    [["--instance", "functional.json", "--solution", "a.py"], 3, "test_runners"],
  ] as const)(
    "refuses %j with exit code %d",
    async (args, exitCode, words) => {
      const files = {
        "a.py": RIGHT,
        "empty.py": " \n",
        "binary.py": new Uint8Array([0, 1, 2]),
        "functional.json": JSON.stringify({
          ...INSTANCE,
          type: "functional",
          test_runners: { ruby: "# ==Code Submission==" },
        }),
      };
      const result = await evaluate(files, args);
      expect(result.exitCode).toBe(exitCode);
      expect(result.stdout).toBe("");
      expect(result.stderr).toContain(words);
      expect(result.stderr).not.toMatch(/^\s+at /m);
    },
    TIMEOUT_MS,
  );

  localTest(
    "without a compiler ends with exit code 4 that names it",
    async () =>
      await withFolder(async (bin) => {
        // What a box needs, a C compiler for the launcher included; neither Python nor C++.
        for (const tool of ["bwrap", "cc", "as", "ld"]) {
          const path = Bun.which(tool);
          if (path !== null) symlinkSync(path, join(bin, tool));
        }
        for (const [name, tool] of [
          ["a.cpp", "g++"],
          ["a.py", "python3"],
        ] as const) {
          const result = await evaluate({ [name]: RIGHT }, [...ON_DOUBLE, "--solution", name], {
            env: { PATH: bin },
          });
          expect(result.exitCode).toBe(4);
          expect(result.stderr).toContain(`'${tool}'`);
          expect(result.stderr).toContain("apt install");
        }
      }),
    TIMEOUT_MS,
  );

  localTest(
    "a broken checker is the instance's fault, a missing package the machine's",
    async () => {
      for (const [evaluator, exitCode, words] of [
        ["def evaluate(:\n", 3, "'evaluator' failed with SyntaxError"],
        ["import no_such_package\n", 4, "'no_such_package'"],
      ] as const) {
        const instance = JSON.stringify({ ...INSTANCE, evaluator });
        const result = await evaluate({ "double.json": instance, "a.py": RIGHT }, [
          ...ON_DOUBLE,
          "--solution",
          "a.py",
        ]);
        expect(result.stderr).toContain(words);
        expect(result.exitCode).toBe(exitCode);
      }
    },
    TIMEOUT_MS,
  );
});
