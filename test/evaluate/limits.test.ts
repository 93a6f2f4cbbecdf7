import { describe, expect, test } from "bun:test";
import { limitsFor } from "../../src/evaluate/limits.ts";
import { UNIQUE_SUM } from "./functional-instance.ts";

const NONE = { timeLimitMs: null, memoryLimitBytes: null, timeLimitFactor: null, outputBytes: 1000 };

describe("limitsFor()", () => {
  test("takes the instance's limits, its time scaled for the language", () => {
    expect(limitsFor(UNIQUE_SUM, "cpp", NONE)).toEqual({
      wallMs: 5000,
      memoryBytes: 2 ** 30,
      outputBytes: 1000,
    });
    expect(limitsFor(UNIQUE_SUM, "python3", NONE).wallMs).toBe(25_000);
    expect(limitsFor(UNIQUE_SUM, "python3", { ...NONE, timeLimitFactor: 2 }).wallMs).toBe(10_000);
  });

  test("takes the user's limits as they are", () => {
    const limits = limitsFor(UNIQUE_SUM, "ruby", {
      ...NONE,
      timeLimitMs: 7,
      memoryLimitBytes: 8,
      timeLimitFactor: 9,
    });
    expect(limits).toMatchObject({ wallMs: 7, memoryBytes: 8 });
  });

  test("has defaults where nobody says anything", () => {
    const instance = { ...UNIQUE_SUM, timeLimitMs: null, memoryLimitBytes: null };
    expect(limitsFor(instance, "python3", NONE)).toMatchObject({ wallMs: 10_000, memoryBytes: 2 ** 30 });
  });
});
