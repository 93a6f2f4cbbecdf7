import { describe, expect, test } from "bun:test";
import { ACCEPT_P, look, lookSchedule, MIN_PAIRS } from "../../../src/evaluate/decision/rule.ts";
import { createRandom } from "../../../src/lib/random.ts";
import type { Criterion } from "../../../src/types.ts";
import { normal } from "../../support/noise.ts";

const criterion = (changes: Partial<Criterion> = {}): Criterion => ({
  metric: "cpu_time",
  minEffect: 0.02,
  maxPairs: 60,
  question: "faster",
  exact: false,
  ...changes,
});
const constant = (gain: number, count: number, jitter = 1e-4): number[] =>
  Array.from({ length: count }, (_, index) => gain + jitter * ((index % 7) - 3));

describe("lookSchedule()", () => {
  const cases: readonly (readonly [number, readonly number[]])[] = [
    [60, [10, 14, 20, 28, 40, 60]],
    [10, [10]],
    [30, [10, 14, 20, 28, 30]],
    [100, [10, 14, 20, 28, 40, 60, 84, 100]],
    [3, [3]],
  ];
  for (const [maxPairs, schedule] of cases) {
    test(`for ${maxPairs} pairs`, () => expect(lookSchedule(maxPairs)).toEqual([...schedule]));
  }
});

describe("look()", () => {
  test("accepts a clear gain after ten pairs, with ratio and interval", () => {
    const seen = look(constant(Math.log(2), 10), criterion());
    expect(seen.verdict).toBe("faster");
    expect(seen.ratio).toBeCloseTo(2, 3);
    expect(seen.medianGain).toBeCloseTo(0.5, 3);
    expect(seen.pValue).toBe(2 ** -10);
    expect(seen.interval?.[0]).toBeLessThan(2);
    expect(seen.interval?.[1]).toBeGreaterThan(2);
  });

  test("cannot accept with fewer pairs than the bound on p allows", () => {
    const pairs = MIN_PAIRS - 1;
    expect(2 ** -pairs).toBeGreaterThan(ACCEPT_P);
    expect(look(constant(1, pairs), criterion({ maxPairs: pairs })).verdict).toBe("no_difference");
  });

  test("does not accept a gain below the minimum effect, however certain", () => {
    expect(look(constant(0.015, 60), criterion()).verdict).toBe("no_difference");
    expect(look(constant(0.015, 60), criterion({ minEffect: 0.01 })).verdict).toBe("faster");
    expect(look(constant(0.015, 60), criterion({ minEffect: 0 })).verdict).toBe("faster");
  });

  test("measures the minimum effect as a share of A's cost", () => {
    const tenPercent = -Math.log(0.9);
    expect(look(constant(tenPercent, 20, 1e-9), criterion({ minEffect: 0.0999 })).verdict).toBe("faster");
    expect(look(constant(tenPercent, 60, 1e-9), criterion({ minEffect: 0.1001 })).verdict).toBe(
      "no_difference",
    );
  });

  test("gives up at the first look once twice the minimum effect is ruled out", () => {
    expect(look(constant(0, 10), criterion()).verdict).toBe("no_difference");
    expect(look(constant(0.03, 10), criterion()).verdict).toBe("faster");
    const undecided = [0.2, -0.2, 0.3, -0.25, 0.1, -0.15, 0.22, -0.12, 0.05, 0.07];
    expect(look(undecided, criterion()).verdict).toBe("continue");
    expect(look(undecided, criterion({ maxPairs: 10 })).verdict).toBe("no_difference");
  });

  test("calls an obvious loser slower at the first look", () => {
    expect(look(constant(-0.3, 10), criterion()).verdict).toBe("slower");
  });

  test("asks for more pairs before it rules out a loss, when either direction is asked for", () => {
    // A loss of 3 %: a gain is ruled out, a loss is not.
    const gains = [-0.1, -0.08, -0.06, -0.05, -0.03, -0.02, 0.0, 0.01, -0.11, 0.03];
    expect(look(gains, criterion({ question: "faster" })).verdict).toBe("no_difference");
    expect(look(gains, criterion({ question: "either" })).verdict).toBe("continue");
    expect(look(constant(0, 10), criterion({ question: "either" })).verdict).toBe("no_difference");
  });

  test("is symmetric: swapping the programs swaps the verdict, when either direction is asked for", () => {
    const random = createRandom(3);
    const swapped = { faster: "slower", slower: "faster" } as const;
    const seenVerdicts = new Set<string>();
    for (let round = 0; round < 300; round++) {
      const shift = (random() - 0.5) * 0.3;
      const spread = 0.1 * random();
      const gains = Array.from({ length: 14 }, () => shift * spread * 10 + spread * normal(random));
      const there = look(gains, criterion({ question: "either" })).verdict;
      const back = look(
        gains.map((gain) => -gain),
        criterion({ question: "either" }),
      ).verdict;
      seenVerdicts.add(there);
      expect(back).toBe(there === "faster" || there === "slower" ? swapped[there] : there);
    }
    expect([...seenVerdicts].sort()).toEqual(["continue", "faster", "no_difference", "slower"]);
  });

  test("shares the bound among more looks when more pairs are allowed", () => {
    // p = 2⁻¹⁰ passes six looks' bound, and not that of thirteen.
    expect(look(constant(0.5, 10), criterion({ maxPairs: 60 })).verdict).toBe("faster");
    expect(look(constant(0.5, 10), criterion({ maxPairs: 500 })).verdict).toBe("continue");
    expect(look(constant(0.5, 14), criterion({ maxPairs: 500 })).verdict).toBe("faster");
  });

  test("takes part of the bound where two tests share it", () => {
    expect(look(constant(0.5, 10), criterion(), 0.75).verdict).toBe("faster");
    expect(look(constant(0.5, 10), criterion(), 0.25).verdict).toBe("continue");
  });
});
