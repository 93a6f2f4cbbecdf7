/** What every sandbox does, whatever runs the programs: one suite for all implementations of the port. */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { FAKE_DIRECTIVE, type FakeBehaviour } from "../../src/sandbox/fake.ts";
import type { ExecResult, Job, Limits, RunOptions, Sandbox, SuccessfulBuild } from "../../src/types.ts";
import { optionalTest } from "../support/optional.ts";

export interface SandboxUnderTest {
  readonly sandbox: Sandbox;
  /** Closes everything that was started for it, the sandbox included. */
  close(): Promise<void>;
}

const LIMITS: Limits = { wallMs: 10_000, memoryBytes: 256 * 2 ** 20, outputBytes: 2 ** 20 };
const NEVER = new AbortController().signal;

/** Real programs on a busy machine take their time; no test is about how long. */
const LONGEST_TEST_MS = 60_000;

/** Two programs in one: Python for real sandboxes, a directive for the scripted one. They do the same. */
function program(behaviour: FakeBehaviour, ...lines: string[]): string {
  return [`# ${FAKE_DIRECTIVE} ${JSON.stringify(behaviour)}`, ...lines, ""].join("\n");
}

const ECHO = program({ echo: true }, "import sys", "sys.stdout.write(sys.stdin.read())");

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (part: Uint8Array): string => new TextDecoder().decode(part);

/** One program on one input. */
interface Case {
  readonly name: string;
  readonly code: string;
  readonly stdin?: string | Uint8Array;
  readonly limits?: Partial<Limits>;
  readonly expected: Partial<Record<keyof ExecResult, unknown>>;
}

const CASES: readonly Case[] = [
  {
    name: "gives a program its input and takes its output",
    code: ECHO,
    stdin: "3 5\näöü\n",
    expected: { status: "exited", exitCode: 0, signal: null, stdout: bytes("3 5\näöü\n"), stderr: bytes("") },
  },
  {
    name: "makes empty input a newline",
    code: ECHO,
    stdin: "",
    expected: { status: "exited", stdout: bytes("\n") },
  },
  {
    name: "takes input as bytes",
    code: ECHO,
    stdin: bytes("x\r\ny"),
    expected: { status: "exited" },
  },
  {
    name: "keeps standard error apart",
    code: program(
      { stdout: "out\n", stderr: "err\n" },
      "import sys",
      "print('err', file=sys.stderr)",
      "print('out')",
    ),
    expected: { status: "exited", stdout: bytes("out\n"), stderr: bytes("err\n") },
  },
  {
    name: "reports an exit code, also one that looks like a limit",
    code: program({ stdout: "answer\n", exitCode: 137 }, "import sys", "print('answer')", "sys.exit(137)"),
    expected: { status: "runtime_error", exitCode: 137, signal: null, stdout: bytes("answer\n") },
  },
  {
    name: "reports the signal that a program died of",
    code: program({ signal: "SIGSEGV" }, "import os, signal", "os.kill(os.getpid(), signal.SIGSEGV)"),
    expected: { status: "runtime_error", exitCode: null, signal: "SIGSEGV" },
  },
  {
    name: "ends a program at its time limit",
    code: program({ hang: true }, "while True: pass"),
    limits: { wallMs: 400 },
    expected: { status: "timeout" },
  },
  {
    name: "ends a program at its memory limit",
    code: program({ peakMb: 500 }, "x = bytearray(500_000_000)", "print(sum(x[::4096]))"),
    limits: { memoryBytes: 100 * 2 ** 20 },
    expected: { status: "memory_limit" },
  },
  {
    name: "ends a program at its output limit and keeps the beginning",
    code: program({ stdout: "x".repeat(200_000) }, "import sys", "sys.stdout.write('x' * 200_000)"),
    limits: { outputBytes: 100_000 },
    expected: { status: "output_limit", stdoutTruncated: true, stdout: bytes("x".repeat(65_536)) },
  },
];

/**
 * The suite for one sandbox.
 *
 * @param missing What this machine lacks for it, or null.
 */
export function describeSandbox(
  name: string,
  start: () => Promise<SandboxUnderTest>,
  missing: string | null,
) {
  const optional = optionalTest(missing);
  const test = (title: string, body: () => Promise<void>) => optional(title, body, LONGEST_TEST_MS);

  describe(`${name} keeps the sandbox contract`, () => {
    let under: SandboxUnderTest;
    beforeAll(async () => {
      if (missing === null) under = await start();
    });
    afterAll(async () => {
      if (missing === null) await under.close();
    });

    async function built(code: string): Promise<SuccessfulBuild> {
      const build = await under.sandbox.build({ language: "python3", code }, NEVER);
      if (build.status !== "ok") throw new Error(`the program has to build: ${build.message}`);
      return build;
    }

    async function jobOf({ code, stdin = "", limits = {} }: Omit<Case, "name" | "expected">): Promise<Job> {
      return { build: await built(code), stdin, limits: { ...LIMITS, ...limits } };
    }

    async function runOne(job: Job, purpose: RunOptions["purpose"]): Promise<ExecResult> {
      const [result] = await under.sandbox.run([job], { purpose }, NEVER);
      if (result === undefined) throw new Error("one job has one result");
      return result;
    }

    for (const { name: caseName, expected, ...given } of CASES) {
      test(caseName, async () => {
        expect(await runOne(await jobOf(given), "check")).toMatchObject(expected);
      });
    }

    test("gives a failed build as a value, with the reason", async () => {
      const code = program({ buildError: "SyntaxError: invalid syntax\n" }, "print(");
      const build = await under.sandbox.build({ language: "python3", code }, NEVER);
      expect(build.status).toBe("failed");
      expect(build.message).toContain("SyntaxError");
    });

    test("measures a program that passed", async () => {
      const result = await runOne(await jobOf({ code: ECHO, stdin: "x" }), "time");
      expect(result.wallNs).toBeGreaterThan(0);
      expect(result.cpuUs).toBeGreaterThan(0);
      expect(result.peakBytes).toBeGreaterThan(1e6);
      expect(result.integralByteS).toBeGreaterThan(0);
    });

    for (const purpose of ["check", "time"] as const) {
      test(`gives results in the order of the jobs (${purpose})`, async () => {
        const build = await built(ECHO);
        const inputs = Array.from({ length: 12 }, (_, n) => `line ${n}\n`);
        const jobs = inputs.map((stdin) => ({ build, stdin, limits: LIMITS }));
        const results = await under.sandbox.run(jobs, { purpose }, NEVER);
        expect(results.map(({ stdout }) => textOf(stdout))).toEqual(inputs);
      });
    }

    test("runs two programs in one timed list", async () => {
      const [a, b] = [program({ stdout: "a\n" }, "print('a')"), program({ stdout: "b\n" }, "print('b')")];
      const jobs = [await jobOf({ code: a }), await jobOf({ code: b }), await jobOf({ code: a })];
      const results = await under.sandbox.run(jobs, { purpose: "time" }, NEVER);
      expect(results.map(({ stdout }) => textOf(stdout))).toEqual(["a\n", "b\n", "a\n"]);
    });

    test("runs calls side by side without mixing them up", async () => {
      const build = await built(ECHO);
      const calls = Array.from({ length: 10 }, (_, n) =>
        under.sandbox.run([{ build, stdin: `${n}`, limits: LIMITS }], { purpose: "check" }, NEVER),
      );
      const outputs = (await Promise.all(calls)).map(([result]) => textOf(result?.stdout ?? bytes("")));
      expect(outputs).toEqual(Array.from({ length: 10 }, (_, n) => `${n}`));
    });

    test("gives no result for no job", async () => {
      expect(await under.sandbox.run([], { purpose: "check" }, NEVER)).toEqual([]);
    });

    test("kills what runs when it is aborted, and says cancelled", async () => {
      const job = await jobOf({ code: program({ hang: true }, "import time", "time.sleep(100)") });
      const controller = new AbortController();
      const startedAt = performance.now();
      setTimeout(() => controller.abort(), 300);
      const results = await under.sandbox.run([job, job], { purpose: "check" }, controller.signal);
      expect(results.map(({ status }) => status)).toEqual(["cancelled", "cancelled"]);
      expect(performance.now() - startedAt).toBeLessThan(8_000);
      expect((await runOne(await jobOf({ code: ECHO, stdin: "still here" }), "check")).status).toBe("exited");
    });

    test("starts nothing when it is aborted before", async () => {
      const job = await jobOf({ code: ECHO });
      const [result] = await under.sandbox.run([job], { purpose: "time" }, AbortSignal.abort());
      expect(result?.status).toBe("cancelled");
      const build = under.sandbox.build({ language: "python3", code: ECHO }, AbortSignal.abort());
      expect(build).rejects.toThrow("Interrupted");
    });

    test("names what it is", async () => {
      expect(under.sandbox.info.isolation).not.toBe("");
      expect(under.sandbox.info.measurement).not.toBe("");
      expect(await under.sandbox.toolchain("python3")).not.toBe("");
    });
  });
}
