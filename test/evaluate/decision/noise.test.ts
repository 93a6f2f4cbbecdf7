import { describe, expect, test } from "bun:test";
import { decideAtRandom, decideClassic } from "../../../scripts/bench/noise/simulate.ts";
import type { Criterion, SamplePair } from "../../../src/types.ts";
import recorded from "../../fixtures/noise/shared-machine.json";

/** The rule on passes that were really measured while other work came and went: see "how" in the file. */
function pairsOf(rows: readonly (readonly number[])[]): SamplePair[] {
  return rows.map(([first, aWall = 0, aCpu = 0, aIntegral = 0, bWall = 0, bCpu = 0, bIntegral = 0]) => ({
    first: first === 0 ? "a" : "b",
    a: { runtime: aWall / 1e6, cpu_time: aCpu / 1e6, integral: aIntegral / 1e3 },
    b: { runtime: bWall / 1e6, cpu_time: bCpu / 1e6, integral: bIntegral / 1e3 },
  }));
}

const criterion = (metric: string): Criterion => ({
  metric,
  minEffect: 0.02,
  maxPairs: 60,
  question: "faster",
  exact: false,
});
const SAME = pairsOf(recorded.gains["0"]);
const FIVE_PERCENT = pairsOf(recorded.gains["0.05"]);
const TEN_PERCENT = pairsOf(recorded.gains["0.1"]);
const DECISIONS = 400;

describe("the rule on recorded noise", () => {
  for (const metric of ["cpu_time", "runtime", "integral"]) {
    test(`accepts at most 1 % of changes that change nothing, by ${metric}`, () => {
      const { faster, decisions } = decideAtRandom(SAME, criterion(metric), DECISIONS, 1);
      expect(decisions).toBe(DECISIONS);
      expect(faster).toBeLessThanOrEqual(0.01);
    });
  }

  test("finds a true gain of 5 % in at least 90 % of decisions, within 30 pairs on average, by CPU time", () => {
    const { faster, meanPairs } = decideAtRandom(FIVE_PERCENT, criterion("cpu_time"), DECISIONS, 2);
    expect(faster).toBeGreaterThanOrEqual(0.9);
    expect(meanPairs).toBeLessThanOrEqual(30);
  });

  test("finds a true gain of 10 % nearly always, by CPU time", () => {
    const { faster, meanPairs } = decideAtRandom(TEN_PERCENT, criterion("cpu_time"), DECISIONS, 3);
    expect(faster).toBeGreaterThanOrEqual(0.98);
    expect(meanPairs).toBeLessThanOrEqual(20);
  });

  test("the original's rule accepts about half of the changes that change nothing", () => {
    expect(decideClassic(SAME, "runtime").faster).toBeGreaterThan(0.3);
    expect(decideClassic(SAME, "cpu_time").faster).toBeGreaterThan(0.3);
  });
});
