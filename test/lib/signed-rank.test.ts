import { describe, expect, test } from "bun:test";
import { createRandom } from "../../src/lib/random.ts";
import { estimateCentre, median, signedRankTest } from "../../src/lib/signed-rank.ts";
import reference from "../fixtures/statistics/scipy.json";

describe("signedRankTest() and estimateCentre() agree with scipy", () => {
  for (const { name, values, greater, less, centre, interval } of reference.signedRank) {
    test(name, () => {
      const { pGreater, pLess } = signedRankTest(values);
      expect(pGreater).toBeCloseTo(greater, 10);
      expect(pLess).toBeCloseTo(less, 10);
      const estimate = estimateCentre(values, 0.95);
      expect(estimate.centre).toBeCloseTo(centre, 10);
      if (interval === null) expect(estimate.interval).toBeNull();
      else {
        expect(estimate.interval?.[0]).toBeCloseTo(interval[0] ?? Number.NaN, 10);
        expect(estimate.interval?.[1]).toBeCloseTo(interval[1] ?? Number.NaN, 10);
      }
    });
  }
});

describe("signedRankTest()", () => {
  test("says nothing of no values and of zeros only", () => {
    expect(signedRankTest([])).toEqual({ pGreater: 1, pLess: 1 });
    expect(signedRankTest([0, 0, 0])).toEqual({ pGreater: 1, pLess: 1 });
  });

  test("swaps its p values when all signs are swapped", () => {
    const random = createRandom(7);
    for (let round = 0; round < 50; round++) {
      const values = Array.from(
        { length: 1 + Math.floor(random() * 30) },
        () => Math.round(random() * 20) - 8,
      );
      const there = signedRankTest(values);
      const back = signedRankTest(values.map((value) => -value));
      expect(back.pGreater).toBeCloseTo(there.pLess, 12);
      expect(back.pLess).toBeCloseTo(there.pGreater, 12);
    }
  });

  test("stays exact for hundreds of values", () => {
    const { pGreater, pLess } = signedRankTest(
      Array.from({ length: 300 }, (_, index) => (index % 2 === 0 ? 1 : -1)),
    );
    expect(pGreater).toBeCloseTo(pLess, 9);
    expect(pGreater).toBeGreaterThan(0.5);
    expect(pGreater).toBeLessThan(0.55);
  });
});

describe("median()", () => {
  const cases: readonly (readonly [readonly number[], number])[] = [
    [[3], 3],
    [[4, 1], 2.5],
    [[9, 1, 5], 5],
    [[], Number.NaN],
  ];
  for (const [values, expected] of cases) {
    test(`of ${JSON.stringify(values)} is ${expected}`, () => expect(median(values)).toEqual(expected));
  }
});
