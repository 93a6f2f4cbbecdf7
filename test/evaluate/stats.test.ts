import { describe, expect, test } from "bun:test";
import { summarize, summarizeSamples } from "../../src/evaluate/stats.ts";

describe("summarize()", () => {
  test("computes the original's statistics: five samples, nothing dropped", () => {
    // Quartiles 2 and 4, band [0, 6]; variance (4+1+0+1+4)/4; t(0.975, 4) = 2.776445.
    const statistics = summarize([5, 1, 2, 4, 3], 0.1);
    expect(statistics).toMatchObject({ n: 5, originalN: 5, mean: 3, min: 1, max: 5, trimmedMean: 3 });
    expect(statistics.std).toBeCloseTo(Math.sqrt(2.5), 12);
    const margin = (2.7764451 * Math.sqrt(2.5)) / Math.sqrt(5);
    expect(statistics.ci95[0]).toBeCloseTo(3 - margin, 5);
    expect(statistics.ci95[1]).toBeCloseTo(3 + margin, 5);
  });

  test("drops samples further than one interquartile range from the quartiles", () => {
    // Sorted 1 2 3 4 9: quartiles 2 and 4, band [0, 6]; Tukey's 1.5 would still drop 9 but keep 6.5.
    expect(summarize([1, 2, 3, 4, 9], 0)).toMatchObject({ n: 4, originalN: 5, mean: 2.5, max: 4 });
    expect(summarize([1, 2, 3, 4, 6], 0).n).toBe(5);
    expect(summarize([1, 2, 3, 4, 6.5], 0).n).toBe(4);
  });

  test("interpolates quartiles between samples", () => {
    // Sorted 1 2 3 10: quartiles 1.75 and 4.75, band [-1.25, 7.75].
    expect(summarize([10, 1, 2, 3], 0)).toMatchObject({ n: 3, mean: 2 });
  });

  test("trims the share of samples at each end, rounded down", () => {
    const ten = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10.5];
    expect(summarize(ten, 0.1).trimmedMean).toBe((2 + 3 + 4 + 5 + 6 + 7 + 8 + 9) / 8);
    expect(summarize(ten.slice(0, 9), 0.1).trimmedMean).toBe(5);
    expect(summarize([1, 2, 3, 4], 0.49).trimmedMean).toBe(2.5);
  });

  test("of one sample says so by n, with no width", () => {
    expect(summarize([7], 0.1)).toEqual({
      n: 1,
      originalN: 1,
      mean: 7,
      std: 0,
      min: 7,
      max: 7,
      ci95: [7, 7],
      trimmedMean: 7,
    });
  });

  test("of equal samples keeps them all", () => {
    expect(summarize([0.1, 0.1, 0.1], 0.1)).toMatchObject({ n: 3, std: 0, min: 0.1, max: 0.1 });
  });
});

describe("summarizeSamples()", () => {
  test("leaves out a metric that some pass did not measure", () => {
    const statistics = summarizeSamples([{ runtime: 1, memory: 2 }, { runtime: 3 }], 0);
    expect(Object.keys(statistics)).toEqual(["runtime"]);
    expect(statistics.runtime?.mean).toBe(2);
    expect(summarizeSamples([], 0)).toEqual({});
  });
});
