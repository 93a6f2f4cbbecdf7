import { describe, expect, test } from "bun:test";
import { createEvaluator, METRICS } from "../../src/evaluate/index.ts";
import { createFakeSandbox, type FakeBehaviour } from "../../src/sandbox/fake.ts";
import type { Evaluator, Instance, Job, Sandbox } from "../../src/types.ts";
import { SILENT } from "../support/local-sandbox.ts";
import { UNIQUE_SUM } from "./functional-instance.ts";

/** Programs answer "yes"; the checker compares text, so that no process is needed. */
const INSTANCE: Instance = {
  ...UNIQUE_SUM,
  type: "io",
  evaluatorSource: null,
  tests: ["a", "b", "c"].map((input) => ({ input, output: "yes" })),
};

const signal = new AbortController().signal;

/** What a program does on an input, the how-manieth time. */
type Script = (code: string, input: string, time: number) => FakeBehaviour;

function setUp(script: Script, instance: Instance = INSTANCE) {
  const times = new Map<string, number>();
  const calls: { purpose: string; jobs: readonly Job[] }[] = [];
  const fake = createFakeSandbox({
    behave: (source, stdin) => {
      if (stdin === null) return source.code === "no build" ? { buildError: "line 1: no" } : {};
      const key = `${source.code}\0${stdin}`;
      times.set(key, (times.get(key) ?? 0) + 1);
      return script(source.code, stdin, times.get(key) ?? 0);
    },
  });
  const sandbox: Sandbox = {
    ...fake,
    run: (jobs, options, abort) => {
      calls.push({ purpose: options.purpose, jobs });
      return fake.run(jobs, options, abort);
    },
  };
  const make = (): Promise<Evaluator> =>
    createEvaluator({
      instance,
      language: "python3",
      sandbox,
      timeLimitMs: 1000,
      memoryLimitBytes: 100e6,
      trimRatio: 0.1,
      timeLimitFactor: null,
      outputBytes: 1000,
      logger: SILENT,
    });
  return { make, calls };
}

const RIGHT: FakeBehaviour = { stdout: "yes\n", wallMs: 40, cpuMs: 30, peakMb: 20 };

describe("createEvaluator().evaluate()", () => {
  test("times a program that passes, and sums its tests up", async () => {
    const { make, calls } = setUp((_, input) => ({ ...RIGHT, peakMb: input === "b" ? 30 : 20 }));
    const evaluation = await (await make()).evaluate("p", { timedPasses: 3 }, signal);
    expect(evaluation).toMatchObject({
      passed: true,
      passRate: 1,
      runs: 3,
      flaky: [],
      build: { status: "ok", message: "" },
      isolation: "fake",
      measurement: "fake",
    });
    expect(evaluation.metrics.runtime).toBeCloseTo(0.12, 9);
    expect(evaluation.metrics.cpu_time).toBeCloseTo(0.09, 9);
    expect(evaluation.metrics.memory).toBe(30);
    expect(evaluation.metrics.integral).toBeCloseTo((20 + 30 + 20) * 0.04, 9);
    expect(evaluation.statistics.runtime).toMatchObject({ n: 3, originalN: 3 });
    expect(evaluation.samples.length).toBe(3);
    expect(Object.keys(evaluation.metrics).sort()).toEqual([...METRICS].sort());
    expect(calls.map(({ purpose, jobs }) => [purpose, jobs.length])).toEqual([
      ["check", 3],
      ["time", 3],
      ["time", 3],
      ["time", 3],
    ]);
  });

  test("does not time a program that fails, and judges every test", async () => {
    const { make, calls } = setUp((_, input) => (input === "b" ? { ...RIGHT, stdout: "no" } : RIGHT));
    const evaluation = await (await make()).evaluate("p", { timedPasses: 3 }, signal);
    expect(evaluation).toMatchObject({ passed: false, runs: 0, metrics: {}, statistics: {}, samples: [] });
    expect(evaluation.passRate).toBeCloseTo(2 / 3, 12);
    expect(evaluation.tests.map(({ status }) => status)).toEqual(["passed", "wrong_answer", "passed"]);
    expect(calls.length).toBe(1);
  });

  test("only checks when no timed pass is asked for", async () => {
    const { make } = setUp(() => RIGHT);
    expect(await (await make()).evaluate("p", { timedPasses: 0 }, signal)).toMatchObject({
      passed: true,
      runs: 0,
      metrics: {},
    });
  });

  test("a program that fails in any pass is not passed, and flaky", async () => {
    // Checked once, timed twice: the third execution of input c goes wrong.
    const { make, calls } = setUp((_, input, time) =>
      input === "c" && time === 3 ? { exitCode: 1 } : RIGHT,
    );
    const evaluation = await (await make()).evaluate("p", { timedPasses: 5 }, signal);
    expect(evaluation).toMatchObject({ passed: false, flaky: [2], runs: 2, metrics: {}, statistics: {} });
    expect(evaluation.passRate).toBeCloseTo(2 / 3, 12);
    expect(evaluation.samples.length).toBe(1);
    expect(evaluation.tests[2]).toMatchObject({ status: "runtime_error", exitCode: 1 });
    expect(calls.length).toBe(3);
  });

  test("another right answer in a timed pass is judged, not compared", async () => {
    const { make } = setUp((_, __, time) => ({
      ...RIGHT,
      stdout: time === 1 ? "yes" : "\u001b[1m yes \r\n",
    }));
    expect((await (await make()).evaluate("p", { timedPasses: 2 }, signal)).passed).toBe(true);
  });

  test("a program that does not build fails every test with the compiler's words", async () => {
    const { make, calls } = setUp(() => RIGHT);
    const evaluation = await (await make()).evaluate("no build", { timedPasses: 1 }, signal);
    expect(evaluation).toMatchObject({
      passed: false,
      passRate: 0,
      build: { status: "failed", message: "line 1: no" },
    });
    expect(evaluation.tests.map(({ status }) => status)).toEqual(Array(3).fill("compile_error"));
    expect(calls).toEqual([]);
  });

  test.each([
    ["takes too long", { wallMs: 2000 }, "timeout"],
    ["takes too much memory", { peakMb: 200 }, "memory_limit"],
    ["prints too much", { stdout: "x".repeat(2000) }, "output_limit"],
    ["ends with 137", { exitCode: 137 }, "runtime_error"],
    ["is ended by a signal", { signal: "SIGSEGV" }, "runtime_error"],
    ["is refused memory", { exitCode: 1, stderr: "Traceback\nMemoryError\n" }, "memory_limit"],
    ["talks of memory", { exitCode: 1, stderr: "I fear a MemoryError\n" }, "runtime_error"],
    ["prints nothing", { stdout: "" }, "wrong_answer"],
  ] as const)("an execution that %s", async (_, behaviour, status) => {
    const { make } = setUp(() => ({ ...RIGHT, ...behaviour }));
    const evaluation = await (await make()).evaluate("p", { timedPasses: 1 }, signal);
    expect(evaluation.tests.map((result) => result.status)).toEqual([status, status, status]);
  });

  test("cleans the expected output as it cleans the program's", async () => {
    const { make } = setUp(() => ({ ...RIGHT, stdout: "a\nb" }), {
      ...INSTANCE,
      tests: [{ input: "x", output: "\u001b[1m a\r\nb \r\n" }],
    });
    expect((await (await make()).evaluate("p", { timedPasses: 0 }, signal)).passed).toBe(true);
  });

  test("gives an empty input as a newline", async () => {
    const { make, calls } = setUp(() => RIGHT, { ...INSTANCE, tests: [{ input: "", output: "yes" }] });
    await (await make()).evaluate("p", { timedPasses: 0 }, signal);
    expect(calls[0]?.jobs[0]?.stdin).toBe("\n");
  });

  test("what the sandbox failed at is tried once more", async () => {
    const { make } = setUp(() => RIGHT);
    const evaluator = await make();
    expect((await evaluator.evaluate("p", { timedPasses: 0 }, signal)).passed).toBe(true);
    for (const failures of [1, 2]) {
      let left = failures;
      const inner = createFakeSandbox({ behave: (_, stdin) => (stdin === null ? {} : RIGHT) });
      const sandbox: Sandbox = {
        ...inner,
        run: async (jobs, options, abort) => {
          const results = await inner.run(jobs, options, abort);
          const [first] = results;
          if (left > 0 && first !== undefined)
            results[0] = { ...first, status: "sandbox_error", message: "lost" };
          left -= 1;
          return results;
        },
      };
      const again = await createEvaluator({
        instance: INSTANCE,
        language: "cpp",
        sandbox,
        timeLimitMs: null,
        memoryLimitBytes: null,
        trimRatio: 0,
        timeLimitFactor: null,
        outputBytes: 1000,
        logger: SILENT,
      });
      const evaluation = await again.evaluate("p", { timedPasses: 0 }, signal);
      expect(evaluation.tests[0]).toMatchObject(
        failures === 1 ? { status: "passed", message: "" } : { status: "sandbox_error", message: "lost" },
      );
    }
  });

  test("a test that got no core is run again alone, a hopeless one only once", async () => {
    const late: FakeBehaviour = { ...RIGHT, wallMs: 1500, cpuMs: 100 };
    const starved = setUp((_, __, time) => (time === 1 ? late : RIGHT));
    expect((await (await starved.make()).evaluate("p", { timedPasses: 0 }, signal)).passed).toBe(true);
    expect(starved.calls.map(({ purpose, jobs }) => [purpose, jobs.length])).toEqual([
      ["check", 3],
      ["time", 1],
      ["time", 1],
      ["time", 1],
    ]);
    const asleep = setUp(() => late);
    const evaluation = await (await asleep.make()).evaluate("p", { timedPasses: 0 }, signal);
    expect(evaluation.tests.map(({ status }) => status)).toEqual(Array(3).fill("timeout"));
    expect(asleep.calls.length).toBe(2);
    const busy = setUp(() => ({ ...RIGHT, wallMs: 1500, cpuMs: 1400 }));
    expect((await (await busy.make()).evaluate("p", { timedPasses: 0 }, signal)).passed).toBe(false);
    expect(busy.calls.length).toBe(1);
  });

  test("an interrupt ends it", async () => {
    const controller = new AbortController();
    const { make } = setUp(() => {
      controller.abort();
      return RIGHT;
    });
    const failure = await (await make())
      .evaluate("p", { timedPasses: 1 }, controller.signal)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "interrupted" });
  });
});

describe("createEvaluator().pair()", () => {
  test("times both in one call, in turns, the first one first, until each has 100 ms of work", async () => {
    const { make, calls } = setUp((code) => ({ ...RIGHT, wallMs: code === "fast" ? 10 : 20, cpuMs: 5 }));
    const evaluator = await make();
    await evaluator.evaluate("fast", { timedPasses: 0 }, signal);
    await evaluator.evaluate("slow", { timedPasses: 0 }, signal);
    calls.length = 0;
    const [slow, fast] = await evaluator.pair("slow", "fast", signal);
    // A pass of the fast one takes 30 ms: four repeats.
    expect(calls.map(({ purpose, jobs }) => [purpose, jobs.length])).toEqual([["time", 24]]);
    expect(calls[0]?.jobs.map(({ build }) => build.key)).toEqual(
      Array.from({ length: 4 }, () => ["slow", "slow", "slow", "fast", "fast", "fast"]).flat(),
    );
    expect(slow.failures).toEqual([]);
    expect(slow.sample?.runtime).toBeCloseTo(0.06, 9);
    expect(fast.sample?.runtime).toBeCloseTo(0.03, 9);
    expect(fast.sample?.cpu_time).toBeCloseTo(0.015, 9);
    expect(fast.sample?.memory).toBe(20);
    expect(fast.perTest).toEqual(Array(3).fill({ wallNs: 10e6, cpuUs: 5000 }));
  });

  test("gives the failures of a program that stops passing", async () => {
    const { make } = setUp((code, input, time) =>
      code === "flaky" && input === "a" && time > 1 ? { ...RIGHT, stdout: "no" } : RIGHT,
    );
    const evaluator = await make();
    const [steady, flaky] = await evaluator.pair("steady", "flaky", signal);
    expect(steady.sample).not.toBeNull();
    expect(flaky.sample).toBeNull();
    expect(flaky.failures.map(({ index, status }) => [index, status])).toEqual([[0, "wrong_answer"]]);
  });

  test("gives the failures of a program that never passed, without timing anything", async () => {
    const { make, calls } = setUp((code) => (code === "bad" ? { exitCode: 1 } : RIGHT));
    const [bad, good] = await (await make()).pair("bad", "good", signal);
    expect([bad.sample, bad.failures.length, good.sample, good.failures]).toEqual([null, 3, null, []]);
    expect(calls.some(({ purpose }) => purpose === "time")).toBe(false);
  });
});

describe("createEvaluator()", () => {
  test("refuses a functional instance without a runner for the language", async () => {
    const { make } = setUp(() => RIGHT, { ...UNIQUE_SUM, runners: {} });
    expect(await make().catch((error: unknown) => error)).toMatchObject({ code: "instance" });
  });
});
