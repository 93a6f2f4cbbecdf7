import { describe, expect, test } from "bun:test";
import { batchesOf, DEFAULT_TIMING, deadlineMsOf, nextPollMs } from "../../src/sandbox/effibench-timing.ts";

describe("nextPollMs()", () => {
  test("starts at 50 ms, grows with the time without news, and stops growing at 2 s", () => {
    const waits = [0, 100, 500, 1_000, 5_000, 20_000, 1e9].map((quiet) => nextPollMs(quiet, DEFAULT_TIMING));
    expect(waits).toEqual([50, 50, 50, 100, 500, 2_000, 2_000]);
  });

  test("never finds a result more than a tenth, or 50 ms, later than it could", () => {
    for (let tookMs = 0; tookMs < 15_000; tookMs += 7) {
      let now = 0;
      while (now < tookMs) now += nextPollMs(now, DEFAULT_TIMING);
      expect(now - tookMs).toBeLessThanOrEqual(Math.max(50, tookMs * 0.1));
    }
  });
});

describe("batchesOf()", () => {
  test("keeps all items in order, uses all slots, and never makes a batch of more than 25", () => {
    for (const count of [0, 1, 2, 7, 25, 26, 100, 1_001]) {
      for (const slots of [1, 3, 8, 200]) {
        const items = Array.from({ length: count }, (_, n) => n);
        const batches = batchesOf(items, slots);
        expect(batches.flat()).toEqual(items);
        const sizes = batches.map((batch) => batch.length);
        expect(batches.length).toBeGreaterThanOrEqual(Math.min(count, slots));
        expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(25);
        expect(sizes.includes(0)).toBe(false);
      }
    }
  });
});

describe("deadlineMsOf()", () => {
  test("leaves room for every program's own limit, one after another", () => {
    const deadline = deadlineMsOf([10_000, 10_000, 2_000], DEFAULT_TIMING);
    expect(deadline).toBeGreaterThan(22_000 + DEFAULT_TIMING.queueMs);
    expect(Number.isFinite(deadline)).toBe(true);
  });
});
