import { describe, expect, test } from "bun:test";
import { gainsOf, runtimeBasis } from "../../../src/evaluate/decision/basis.ts";
import { judge, recompute } from "../../../src/evaluate/decision/judge.ts";
import { createRandom, type Random } from "../../../src/lib/random.ts";
import { median, signedRankTest } from "../../../src/lib/signed-rank.ts";
import type { Criterion, Sample, SamplePair } from "../../../src/types.ts";
import { normal } from "../../support/noise.ts";

const criterion = (metric: string, changes: Partial<Criterion> = {}): Criterion => ({
  metric,
  minEffect: 0.02,
  maxPairs: 60,
  question: "either",
  exact: false,
  ...changes,
});

/** A program by what one undisturbed pass costs. */
interface Program {
  readonly computeS: number;
  readonly sleepS?: number;
  readonly threads?: number;
  readonly memoryMb?: number;
}

/** A machine whose other work takes the core for part of the passes. */
interface Machine {
  readonly cpuNoise: number;
  /** Probability that a pass shares its core; its wall time is then 1.2 to 2 times as long. */
  readonly busy: number;
  /** Other work waits for the core all the time: wall time is 2 to 6 times as long in every pass. */
  readonly overloaded?: boolean;
}

const QUIET: Machine = { cpuNoise: 0.005, busy: 0 };
const NOISY: Machine = { cpuNoise: 0.015, busy: 0.5 };
const OVERLOADED: Machine = { cpuNoise: 0.015, busy: 1, overloaded: true };

function pass(program: Program, machine: Machine, random: Random): Sample {
  const { computeS, sleepS = 0, threads = 1, memoryMb = 10 } = program;
  const cpu = computeS * Math.exp(machine.cpuNoise * normal(random));
  const most = machine.overloaded ? 2 + 4 * random() : 1.2 + 0.8 * random();
  const shared = random() < machine.busy ? most : 1;
  const runtime = ((cpu * shared) / threads + sleepS) * (1 + 0.002 * random()) + 0.001;
  const memory = memoryMb * (1 + 0.003 * random());
  return { runtime, cpu_time: cpu, memory, integral: memory * runtime };
}

function decide(a: Program, b: Program, machine: Machine, metric: string, seed: number) {
  const random = createRandom(seed);
  const pairs: SamplePair[] = [];
  for (;;) {
    pairs.push({ a: pass(a, machine, random), b: pass(b, machine, random), first: "a" });
    const decision = judge(pairs, criterion(metric));
    if (decision !== "continue" && decision !== null) return { ...decision, pairs };
  }
}

describe("judge() decides runtime on the right clock", () => {
  const base: Program = { computeS: 1 };
  const cases: readonly {
    readonly name: string;
    readonly a: Program;
    readonly b: Program;
    readonly verdict: string;
    readonly metric: string;
    readonly says: string;
    readonly machine?: Machine;
  }[] = [
    {
      name: "one thread that computes: CPU time",
      a: base,
      b: { computeS: 0.9 },
      verdict: "faster",
      metric: "cpu_time",
      says: "decided on CPU time",
    },
    {
      name: "the same on a busy machine",
      a: base,
      b: { computeS: 0.9 },
      verdict: "faster",
      metric: "cpu_time",
      says: "decided on CPU time",
      machine: NOISY,
    },
    {
      name: "nothing changes, on a busy machine",
      a: base,
      b: base,
      verdict: "no_difference",
      metric: "cpu_time",
      says: "decided on CPU time",
      machine: NOISY,
    },
    {
      name: "a gain on an overloaded machine",
      a: base,
      b: { computeS: 0.7 },
      verdict: "faster",
      metric: "cpu_time",
      says: "the machine was busy in every pass, and wall time agrees",
      machine: OVERLOADED,
    },
    {
      name: "sleeps half of the time, then less, on an overloaded machine",
      a: { computeS: 0.3, sleepS: 1.5 },
      b: { computeS: 0.33, sleepS: 0.1 },
      verdict: "faster",
      metric: "runtime",
      says: "decided on wall time",
      machine: OVERLOADED,
    },
    {
      name: "sleeps less and burns more CPU: wall time",
      a: { computeS: 0.5, sleepS: 0.5 },
      b: { computeS: 0.6, sleepS: 0.1 },
      verdict: "faster",
      metric: "runtime",
      says: "decided on wall time",
    },
    {
      name: "mostly computes, sleeps less, burns more CPU",
      a: { computeS: 1, sleepS: 0.2 },
      b: { computeS: 1.05, sleepS: 0 },
      verdict: "faster",
      metric: "runtime",
      says: "decided on wall time",
    },
    {
      name: "only stops sleeping",
      a: { computeS: 0.8, sleepS: 0.2 },
      b: { computeS: 0.8, sleepS: 0.05 },
      verdict: "faster",
      metric: "runtime",
      says: "decided on wall time",
    },
    {
      name: "computes and sleeps less, both by the same share",
      a: { computeS: 0.5, sleepS: 0.5 },
      b: { computeS: 0.4, sleepS: 0.4 },
      verdict: "faster",
      metric: "runtime",
      says: "a program waits for part of its time",
    },
    {
      name: "burns less CPU and sleeps more",
      a: { computeS: 1 },
      b: { computeS: 0.8, sleepS: 0.4 },
      verdict: "slower",
      metric: "runtime",
      says: "decided on wall time",
    },
    {
      name: "two threads for one",
      a: { computeS: 1 },
      b: { computeS: 1.1, threads: 2 },
      verdict: "faster",
      metric: "runtime",
      says: "more than one thread",
    },
  ];
  for (const { name, a, b, verdict, metric, says, machine = QUIET } of cases) {
    test(name, () => {
      for (let seed = 0; seed < 5; seed++) {
        const decision = decide(a, b, machine, "runtime", seed);
        expect(decision).toMatchObject({ verdict, metric });
        expect(decision.reason).toContain(says);
      }
    });
  }
});

describe("judge() is not content with CPU time on an overloaded machine", () => {
  /** The first ten pairs of many comparisons. */
  const firstLooks = (a: Program, b: Program): SamplePair[][] =>
    Array.from({ length: 300 }, (_, seed) => {
      const random = createRandom(seed);
      return Array.from({ length: 10 }, (): SamplePair => {
        return { a: pass(a, OVERLOADED, random), b: pass(b, OVERLOADED, random), first: "a" };
      });
    });
  const wallGains = (pairs: readonly SamplePair[]): readonly number[] => gainsOf(pairs, "runtime") ?? [];
  const unsure = (pairs: readonly SamplePair[]): boolean => {
    const basis = runtimeBasis(pairs, 0.02);
    return basis.clock === "cpu_time" && !basis.sure;
  };

  test("while wall time points the other way", () => {
    const opposed = firstLooks({ computeS: 1 }, { computeS: 0.9 }).filter(
      (pairs) => unsure(pairs) && median(wallGains(pairs)) < 0,
    );
    expect(opposed.length).toBeGreaterThan(10);
    for (const pairs of opposed) expect(judge(pairs, criterion("runtime"))).toBe("continue");
  });

  test("while wall time hints at a change that CPU time does not show", () => {
    const hinting = firstLooks({ computeS: 1, sleepS: 0.6 }, { computeS: 1 }).filter(
      (pairs) => unsure(pairs) && signedRankTest(wallGains(pairs)).pGreater < 0.2,
    );
    expect(hinting.length).toBeGreaterThan(10);
    for (const pairs of hinting) {
      expect(judge(pairs, criterion("runtime", { question: "faster" }))).toBe("continue");
    }
  });
});

describe("judge() keeps its bound on false answers for runtime", () => {
  for (const [name, machine] of Object.entries({ QUIET, NOISY, OVERLOADED })) {
    test(`on a ${name.toLowerCase()} machine`, () => {
      let wrong = 0;
      const decisions = 400;
      for (let seed = 0; seed < decisions; seed++) {
        const { verdict } = decide({ computeS: 1 }, { computeS: 1 }, machine, "runtime", 1000 + seed);
        if (verdict === "faster") wrong++;
      }
      expect(wrong / decisions).toBeLessThanOrEqual(0.01);
    });
  }
});

describe("judge() decides other metrics on their own samples", () => {
  test("a trade of memory for time is better for runtime, worse for memory, and for the integral what it comes to", () => {
    const a: Program = { computeS: 1, memoryMb: 10 };
    const b: Program = { computeS: 0.5, memoryMb: 40 };
    expect(decide(a, b, QUIET, "runtime", 1).verdict).toBe("faster");
    expect(decide(a, b, QUIET, "memory", 1).verdict).toBe("slower");
    expect(decide(a, b, QUIET, "integral", 1).verdict).toBe("slower");
    expect(decide(b, a, QUIET, "integral", 1).verdict).toBe("faster");
  });

  test("less sleep and more CPU is worse for cpu_time", () => {
    const decision = decide(
      { computeS: 0.5, sleepS: 0.5 },
      { computeS: 0.6, sleepS: 0.1 },
      QUIET,
      "cpu_time",
      1,
    );
    expect(decision).toMatchObject({ verdict: "slower", metric: "cpu_time" });
  });

  test("a metric that a pair lacks is no decision", () => {
    const pair: SamplePair = { a: { runtime: 1 }, b: { runtime: 1 }, first: "a" };
    expect(judge([pair], criterion("integral"))).toBeNull();
  });

  test("runtime without CPU time is decided on wall time", () => {
    const pairs = Array.from({ length: 10 }, (_, index): SamplePair => {
      return { a: { runtime: 2 + index / 1000 }, b: { runtime: 1 + index / 999 }, first: "a" };
    });
    expect(judge(pairs, criterion("runtime"))).toMatchObject({ verdict: "faster", metric: "runtime" });
  });

  test("a cost of zero has a finite ratio", () => {
    const pairs = Array.from(
      { length: 10 },
      (): SamplePair => ({ a: { misses: 4 }, b: { misses: 0 }, first: "a" }),
    );
    expect(judge(pairs, criterion("misses"))).toMatchObject({ verdict: "faster", metric: "misses" });
    const same = pairs.map((pair): SamplePair => ({ ...pair, a: { misses: 0 } }));
    expect(judge(same, criterion("misses"))).toMatchObject({ verdict: "no_difference", ratio: 1 });
  });
});

describe("judge() takes few pairs where values hardly vary", () => {
  test("memory is decided after six pairs, both ways", () => {
    const a: Program = { computeS: 1, memoryMb: 10 };
    for (const [memoryMb, verdict] of [
      [9.5, "faster"],
      [10.5, "slower"],
      [10, "no_difference"],
      [9.9, "no_difference"],
    ] as const) {
      const decision = decide(a, { computeS: 1, memoryMb }, QUIET, "memory", 2);
      expect(decision.verdict).toBe(verdict);
      expect(decision.pairs.length).toBe(6);
      expect(decision.interval).not.toBeNull();
    }
  });

  test("memory that varies takes the usual looks", () => {
    const random = createRandom(4);
    const pairs = Array.from({ length: 6 }, (): SamplePair => {
      return { a: { memory: 10 + random() }, b: { memory: 5 + random() }, first: "a" };
    });
    expect(judge(pairs, criterion("memory"))).toBe("continue");
  });

  test("an exact metric is decided by one pair", () => {
    const pair = (a: number, b: number): SamplePair[] => [{ a: { size: a }, b: { size: b }, first: "a" }];
    const exact = criterion("size", { exact: true });
    expect(judge(pair(100, 50), exact)).toMatchObject({
      verdict: "faster",
      ratio: 2,
      interval: [2, 2],
      pValue: null,
    });
    expect(judge(pair(50, 100), exact)).toMatchObject({ verdict: "slower", ratio: 0.5 });
    expect(judge(pair(100, 100), exact)).toMatchObject({ verdict: "no_difference", ratio: 1 });
    expect(judge(pair(100, 99), exact)).toMatchObject({ verdict: "no_difference" });
    expect(judge(pair(100, 99), criterion("size", { exact: true, minEffect: 0 }))).toMatchObject({
      verdict: "faster",
    });
  });
});

describe("recompute()", () => {
  test("repeats every decision from its pairs after a trip through JSON", () => {
    for (const metric of ["runtime", "cpu_time", "memory", "integral"]) {
      for (let seed = 0; seed < 12; seed++) {
        const b = { computeS: 1 - 0.03 * (seed % 4), memoryMb: 10 - (seed % 3) };
        const { pairs, ...decision } = decide(
          { computeS: 1 },
          b,
          seed % 2 === 0 ? QUIET : NOISY,
          metric,
          seed,
        );
        const stored = JSON.parse(JSON.stringify({ pairs, criterion: criterion(metric) }));
        expect(recompute(stored.pairs, stored.criterion)).toEqual({ decision, pairs: pairs.length });
      }
    }
  });

  test("knows no decision where the pairs end too early", () => {
    const { pairs } = decide({ computeS: 1 }, { computeS: 0.5 }, QUIET, "cpu_time", 1);
    expect(recompute(pairs.slice(0, -1), criterion("cpu_time"))).toBeNull();
    expect(recompute([], criterion("cpu_time"))).toBeNull();
  });
});
