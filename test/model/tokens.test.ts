import { describe, expect, test } from "bun:test";
import { estimateTokens } from "../../src/model/tokens.ts";

describe("estimateTokens()", () => {
  // What the o200k vocabulary gives, in brackets.
  const cases: readonly [string, number][] = [
    ["", 0],
    [" ", 1],
    ["hello world", 2],
    ["The quick brown fox jumps over the lazy dog.", 10],
    ["for i in range(len(values)):\n    total += values[i]\n", 22],
    ["1234567", 3],
    ["----------------", 4],
    ["你好，世界", 5],
    ["🚀", 1],
  ];
  for (const [text, tokens] of cases) {
    test(`of ${JSON.stringify(text)}`, () => expect(estimateTokens(text)).toBe(tokens));
  }

  test("takes time in proportion to the text, also for one long line", () => {
    const startedMs = performance.now();
    expect(estimateTokens("a1 ".repeat(1_000_000))).toBeGreaterThan(1_000_000);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });
});
