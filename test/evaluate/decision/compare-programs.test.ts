import { describe, expect, test } from "bun:test";
import {
  compareClassic,
  comparePrograms,
  confirmWinner,
  DEFAULT_EVIDENCE_RULE,
  recompute,
} from "../../../src/evaluate/decision/index.ts";
import { createEvaluator } from "../../../src/evaluate/index.ts";
import { createFakeSandbox, type FakeBehaviour } from "../../../src/sandbox/fake.ts";
import type { Evaluator, SamplePair, Sandbox } from "../../../src/types.ts";
import { ioInstance } from "../../support/io-instance.ts";
import { SILENT } from "../../support/local-sandbox.ts";

const signal = new AbortController().signal;
const INSTANCE = ioInstance(["small", "large"].map((input) => ({ input, output: "yes" })));

/** An evaluator whose programs behave as the function says: the code, the input, and how often it ran before. */
async function evaluatorFor(
  behave: (code: string, input: string, time: number) => FakeBehaviour,
  sandbox: (fake: Sandbox) => Sandbox = (fake) => fake,
): Promise<Evaluator> {
  const times = new Map<string, number>();
  const fake = createFakeSandbox({
    seed: 11,
    behave: ({ code }, stdin) => {
      if (stdin === null) return {};
      const time = times.get(code + stdin) ?? 0;
      times.set(code + stdin, time + 1);
      return { stdout: "yes", ...behave(code, stdin, time) };
    },
  });
  return await createEvaluator({
    instance: INSTANCE,
    language: "python3",
    sandbox: sandbox(fake),
    timeLimitMs: 1000,
    memoryLimitBytes: 1e9,
    trimRatio: 0.1,
    timeLimitFactor: null,
    outputBytes: 1000,
    logger: SILENT,
  });
}

const options = (evaluator: Evaluator) => ({
  evaluator,
  a: "old",
  b: "new",
  metric: "runtime",
  rule: DEFAULT_EVIDENCE_RULE,
  seed: 5,
  signal,
});

describe("comparePrograms()", () => {
  test("proves a gain after one look, and gives what it rests on", async () => {
    const evaluator = await evaluatorFor((code) => ({ wallMs: code === "new" ? 80 : 100, jitter: 0.01 }));
    const seen: SamplePair[] = [];
    const comparison = await comparePrograms({ ...options(evaluator), onPair: (pair) => seen.push(pair) });
    expect(comparison).toMatchObject({ verdict: "faster", metric: "cpu_time", failed: [], failures: [] });
    expect(comparison.ratio).toBeCloseTo(1.25, 1);
    expect(comparison.pairs).toEqual(seen);
    expect(comparison.pairs).toHaveLength(10);
    expect(comparison.criterion).toEqual({
      metric: "runtime",
      minEffect: 0.02,
      maxPairs: 60,
      question: "faster",
      exact: false,
    });
    const { pairs, criterion } = JSON.parse(JSON.stringify(comparison)) as typeof comparison;
    expect(criterion === null ? null : recompute(pairs, criterion)?.decision).toMatchObject({
      verdict: comparison.verdict,
      ratio: comparison.ratio,
      interval: comparison.interval,
      reason: comparison.reason,
    });
  });

  test("keeps A and B apart whatever the order inside a pair, and draws that order from the seed", async () => {
    const evaluator = await evaluatorFor((code) => ({ wallMs: code === "new" ? 150 : 100 }));
    const orders: string[] = [];
    for (const seed of [1, 1, 2]) {
      const { pairs, verdict } = await comparePrograms({ ...options(evaluator), seed });
      expect(verdict).toBe("slower");
      expect(pairs.every(({ a, b }) => (a.runtime ?? 0) < (b.runtime ?? 0))).toBe(true);
      orders.push(pairs.map(({ first }) => first).join(""));
    }
    expect(orders[0]).toBe(orders[1] ?? "");
    expect(orders[0]).not.toBe(orders[2] ?? "");
    expect(new Set(orders[0])).toEqual(new Set(["a", "b"]));
  });

  test("runs the first program of each pair first", async () => {
    const ran: string[] = [];
    const evaluator = await evaluatorFor(
      () => ({ wallMs: 100 }),
      (fake) => ({
        ...fake,
        run: (jobs, runOptions, abort) => {
          if (runOptions.purpose === "time") ran.push(jobs[0]?.build.key === "old" ? "a" : "b");
          return fake.run(jobs, runOptions, abort);
        },
      }),
    );
    const { pairs } = await comparePrograms(options(evaluator));
    expect(ran).toEqual(pairs.map(({ first }) => first));
  });

  test("tells the times of each test: faster on small and slower on large inputs", async () => {
    const evaluator = await evaluatorFor((code, input) => {
      if (code === "old") return { wallMs: input === "small" ? 40 : 60 };
      return { wallMs: input === "small" ? 10 : 200 };
    });
    const { verdict, perTest } = await comparePrograms(options(evaluator));
    expect(verdict).toBe("slower");
    expect(perTest.map(({ a, b }) => [a.wallNs, b.wallNs])).toEqual([
      [40e6, 10e6],
      [60e6, 200e6],
    ]);
  });

  test("calls a program that fails in a later pass incorrect, and names whose fault it is", async () => {
    const flakyNew = await evaluatorFor((code, input, time) => ({
      wallMs: 100,
      ...(code === "new" && input === "large" && time === 4 ? { stdout: "no" } : {}),
    }));
    const comparison = await comparePrograms(options(flakyNew));
    expect(comparison).toMatchObject({ verdict: "incorrect", failed: ["b"], ratio: null, interval: null });
    expect(comparison.failures.map(({ index, status }) => [index, status])).toEqual([[1, "wrong_answer"]]);
    expect(comparison.reason).toContain("the newer program failed test 1 in timed pass 4");

    const flakyOld = await evaluatorFor((code, _, time) => ({
      wallMs: 100,
      exitCode: code === "old" && time > 2 ? 1 : 0,
    }));
    expect(await comparePrograms(options(flakyOld))).toMatchObject({ verdict: "incorrect", failed: ["a"] });
  });

  test("takes the sandbox's own failure for nobody's fault", async () => {
    const evaluator = await evaluatorFor(
      () => ({ wallMs: 100 }),
      (fake) => ({
        ...fake,
        run: async (jobs, runOptions, abort) =>
          (await fake.run(jobs, runOptions, abort)).map((result) =>
            runOptions.purpose === "time"
              ? { ...result, status: "sandbox_error", message: "no cores" }
              : result,
          ),
      }),
    );
    const failure = await comparePrograms(options(evaluator)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "backend", message: expect.stringContaining("no cores") });
  });

  test("says which metrics there are when the wanted one was not measured", async () => {
    const evaluator = await evaluatorFor(
      () => ({ wallMs: 100 }),
      (fake) => ({
        ...fake,
        run: async (jobs, runOptions, abort) =>
          (await fake.run(jobs, runOptions, abort)).map((result) => ({ ...result, integralByteS: null })),
      }),
    );
    const failure = await comparePrograms({ ...options(evaluator), metric: "integral" }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      code: "backend",
      message: "Cannot decide on 'integral': it was not measured; measured were runtime, cpu_time, memory",
    });
  });

  test("stops when it is aborted", async () => {
    const controller = new AbortController();
    const evaluator = await evaluatorFor(() => ({ wallMs: 100 }));
    const failure = await comparePrograms({
      ...options(evaluator),
      signal: controller.signal,
      onPair: (_, count) => count === 3 && controller.abort(),
    }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "interrupted" });
  });

  test("trades of memory for time come out by what is asked for", async () => {
    const evaluator = await evaluatorFor((code) =>
      code === "new" ? { wallMs: 50, peakMb: 60, jitter: 0.01 } : { wallMs: 100, peakMb: 20, jitter: 0.01 },
    );
    const verdicts: Record<string, string> = {};
    for (const metric of ["runtime", "cpu_time", "memory", "integral"]) {
      verdicts[metric] = (
        await comparePrograms({ ...options(evaluator), metric, question: "either" })
      ).verdict;
    }
    expect(verdicts).toEqual({ runtime: "faster", cpu_time: "faster", memory: "slower", integral: "slower" });
  });
});

describe("confirmWinner()", () => {
  test("measures the winner against the initial program on pairs of its own", async () => {
    const evaluator = await evaluatorFor((code) => ({ wallMs: code === "won" ? 50 : 100, jitter: 0.01 }));
    const comparison = await confirmWinner({
      evaluator,
      initial: "first",
      winner: "won",
      metric: "runtime",
      rule: DEFAULT_EVIDENCE_RULE,
      seed: 1,
      signal,
    });
    expect(comparison.verdict).toBe("faster");
    expect(comparison.ratio).toBeCloseTo(2, 1);
    expect(comparison.reason).toStartWith("on fresh pairs against the initial program: ");
  });
});

describe("compareClassic()", () => {
  const evaluated = async (wallMs: number, output = "yes") => {
    const evaluator = await evaluatorFor(() => ({ wallMs, stdout: output }));
    return await evaluator.evaluate("p", { timedPasses: 5 }, signal);
  };

  test("takes the smaller trimmed mean, however small the difference", async () => {
    const [slow, fast] = [await evaluated(100), await evaluated(99.9)];
    expect(compareClassic(slow, fast, "runtime")).toMatchObject({
      verdict: "faster",
      pairs: [],
      criterion: null,
    });
    expect(compareClassic(fast, slow, "runtime").verdict).toBe("slower");
    expect(compareClassic(fast, fast, "runtime").verdict).toBe("no_difference");
  });

  test("never prefers a program that fails", async () => {
    const comparison = compareClassic(await evaluated(100), await evaluated(1, "no"), "runtime");
    expect(comparison).toMatchObject({ verdict: "incorrect", failed: ["b"] });
    expect(comparison.failures).toHaveLength(2);
  });
});
