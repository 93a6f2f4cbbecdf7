import { describe, expect, test } from "bun:test";
import { estimateTokens } from "../../src/model/tokens.ts";

describe("estimateTokens()", () => {
  const cases: readonly [string, number][] = [
    ["", 0],
    [" ", 1],
    ["hello world", 2],
    ["The quick brown fox jumps over the lazy dog.", 10],
    ["readNextLineFromStandardInput()", 7],
    ["3 1 4 1 5\n", 10],
    ["if x:\n        return 1\n", 8],
    ["1234567", 3],
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
