import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { compatResult } from "../../src/sandbox/compat.ts";
import { emptyResult } from "../../src/sandbox/result.ts";
import type { ExecResult, Language, Limits, Sandbox } from "../../src/types.ts";
import { MISSING_FOR_LOCAL, startLocalSandbox } from "../support/local-sandbox.ts";
import { optionalTest } from "../support/optional.ts";

const LIMITS: Limits = { wallMs: 20_000, memoryBytes: 2 ** 29, outputBytes: 2 ** 20 };
const NEVER = new AbortController().signal;
const LONGEST_TEST_MS = 120_000;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (part: Uint8Array | undefined): string => new TextDecoder().decode(part);

describe("compatResult()", () => {
  const ran: ExecResult = {
    ...emptyResult("exited"),
    exitCode: 0,
    wallNs: 9_000_000,
    cpuUs: 8_000,
    peakBytes: 5e6,
    integralByteS: 4e4,
    stdout: bytes("\u001b[1m8\u001b[0m\r\ndebug\n\n"),
    stderr: bytes("sampler 7000000 2048 0.015\n"),
  };

  test("takes the sampler's figures for ours, and none for CPU time", () => {
    expect(compatResult(ran)).toMatchObject({
      wallNs: 7_000_000,
      cpuUs: null,
      peakBytes: 2048 * 1024,
      integralByteS: 0.015 * 1024,
      stderr: bytes(""),
    });
  });

  test("cleans the output as the official judge does", () => {
    expect(textOf(compatResult(ran).stdout)).toBe("8\ndebug");
  });

  test("has no figures for a program that was killed with its sampler", () => {
    const killed = compatResult({ ...ran, status: "timeout", stderr: bytes("") });
    expect(killed).toMatchObject({ status: "timeout", wallNs: null, peakBytes: null, integralByteS: null });
  });
});

const missing = MISSING_FOR_LOCAL ?? (Bun.which("g++") === null ? "g++ is not installed" : null);

describe("createLocalSandbox() with compat", () => {
  const compatTest = optionalTest(missing);
  let sandbox: Sandbox;
  beforeAll(async () => {
    if (missing === null) sandbox = await startLocalSandbox({ compat: true });
  }, LONGEST_TEST_MS);
  afterAll(() => sandbox?.close());

  async function run(language: Language, code: string, limits: Partial<Limits> = {}): Promise<ExecResult> {
    const build = await sandbox.build({ language, code }, NEVER);
    if (build.status === "failed") throw new Error(build.message);
    const job = { build, stdin: "3\n", limits: { ...LIMITS, ...limits } };
    const [result] = await sandbox.run([job], { purpose: "time" }, NEVER);
    return result ?? emptyResult("cancelled");
  }

  compatTest(
    "is labelled and counts an MB as 1000 KiB",
    async () => {
      expect(sandbox.info).toMatchObject({ measurement: "effibench-x", bytesPerMb: 1_024_000 });
    },
    LONGEST_TEST_MS,
  );

  compatTest(
    "puts standard error into the output, in order, and leaves the clock to the samples",
    async () => {
      const code =
        "import sys\nprint('a', flush=True)\nprint('b', file=sys.stderr, flush=True)\nprint(input())";
      const result = await run("python3", code);
      expect(result).toMatchObject({ status: "exited", exitCode: 0, cpuUs: null });
      expect(textOf(result.stdout)).toBe("a\nb\n3");
      expect(result.wallNs).toBeGreaterThan(1e6);
      expect(result.peakBytes).toBeGreaterThan(4e6);
      // The official sum of trapezoids lies below the rectangle of both.
      const rectangle = ((result.wallNs ?? 0) / 1e9) * (result.peakBytes ?? 0);
      expect(result.integralByteS).toBeGreaterThan(rectangle * 0.1);
      expect(result.integralByteS).toBeLessThan(rectangle);
    },
    LONGEST_TEST_MS,
  );

  compatTest(
    "tells exit codes, signals and limits as ever",
    async () => {
      expect(await run("cpp", "int main() { return 7; }")).toMatchObject({
        status: "runtime_error",
        exitCode: 7,
      });
      const crash = "#include <csignal>\nint main() { raise(SIGSEGV); }";
      expect(await run("cpp", crash)).toMatchObject({ status: "runtime_error", signal: "SIGSEGV" });
      const endless = "int main() { for (volatile int i = 0;; i = i + 1); }";
      expect(await run("cpp", endless, { wallMs: 300 })).toMatchObject({ status: "timeout", wallNs: null });
    },
    LONGEST_TEST_MS,
  );

  optionalTest(missing ?? (Bun.which("go") === null ? "Go is not installed" : null))(
    "measures Go with its compiler, as `go run` does",
    async () => {
      const code = 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println(8) }\n';
      const result = await run("golang", code, { memoryBytes: 64 * 2 ** 20 });
      expect(result).toMatchObject({ status: "exited", exitCode: 0 });
      expect(textOf(result.stdout)).toBe("8");
      // The built program takes 1 to 2 ms; linking it alone takes a hundred.
      expect(result.wallNs).toBeGreaterThan(50e6);
    },
    LONGEST_TEST_MS,
  );
});
