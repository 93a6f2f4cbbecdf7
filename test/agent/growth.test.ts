import { describe, expect, test } from "bun:test";
import { fitGrowth } from "../../src/agent/growth.ts";
import { createRandom } from "../../src/lib/random.ts";
import { normal } from "../support/noise.ts";

const sizes = [1, 2, 5, 10, 20, 50, 100, 200, 300, 500, 700, 1000, 1500, 2000, 3500, 5000];
const points = (timeS: (size: number) => number) => sizes.map((size) => ({ size, timeS: timeS(size) }));

describe("fitGrowth()", () => {
  for (const exponent of [0.5, 1, 1.5, 2, 3]) {
    test(`finds the exponent ${exponent} beside start-up time and noise`, () => {
      const random = createRandom(exponent * 10);
      const fit = fitGrowth(
        points((size) => 0.015 + 2e-3 * size ** exponent * Math.exp(0.05 * normal(random))),
      );
      expect(fit).not.toBeNull();
      expect(Math.abs((fit?.exponent ?? 0) - exponent)).toBeLessThan(0.15);
      expect(fit?.margin).toBeLessThan(0.3);
      expect(fit?.tests).toBeGreaterThanOrEqual(6);
    });
  }

  test("says nothing where times do not depend on the size", () => {
    const random = createRandom(1);
    expect(fitGrowth(points(() => 0.02 * (1 + random())))).toBeNull();
    expect(fitGrowth(points(() => 0.02))).toBeNull();
  });

  test("says nothing from scattered times", () => {
    const random = createRandom(2);
    expect(fitGrowth(points((size) => 1e-3 * size * Math.exp(1.5 * normal(random))))).toBeNull();
  });

  test("says nothing from few tests or a narrow range of sizes", () => {
    expect(fitGrowth(points((size) => size).slice(0, 5))).toBeNull();
    expect(
      fitGrowth([10, 11, 12, 13, 14, 15, 16, 17].map((size) => ({ size, timeS: size ** 2 }))),
    ).toBeNull();
    expect(fitGrowth([])).toBeNull();
  });

  test("its interval holds the true exponent in about 95 of 100 fits", () => {
    const random = createRandom(3);
    let held = 0;
    for (let round = 0; round < 200; round++) {
      const fit = fitGrowth(points((size) => 1e-6 + 1e-3 * size ** 2 * Math.exp(0.1 * normal(random))));
      if (fit !== null && Math.abs(fit.exponent - 2) <= fit.margin) held++;
    }
    expect(held).toBeGreaterThan(170);
  });
});
