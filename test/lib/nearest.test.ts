import { expect, test } from "bun:test";
import { editDistance, nearest } from "../../src/lib/nearest.ts";

const WORDS = ["max-iterations", "max-workers", "model", "mode", "memory-limit", "config"];

const CASES: readonly (readonly [string, string | null])[] = [
  ["max-iteration", "max-iterations"],
  ["max_iterations", "max-iterations"],
  ["MaxIterations", "max-iterations"],
  ["modle", "model"],
  ["moed", "mode"],
  ["confg", "config"],
  ["memory", "memory-limit"],
  ["max", null],
  ["xyzzy", null],
  ["", null],
  ["-", null],
];

for (const [word, expected] of CASES) {
  test(`nearest() of '${word}' is ${expected}`, () => {
    expect(nearest(word, WORDS)).toBe(expected);
  });
}

test("editDistance() is the plain recursive definition", () => {
  const plain = (a: string, b: string): number => {
    if (a === "" || b === "") return a.length + b.length;
    const replaced = plain(a.slice(0, -1), b.slice(0, -1)) + (a.at(-1) === b.at(-1) ? 0 : 1);
    let best = Math.min(replaced, plain(a.slice(0, -1), b) + 1, plain(a, b.slice(0, -1)) + 1);
    if (a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1)) {
      best = Math.min(best, plain(a.slice(0, -2), b.slice(0, -2)) + 1);
    }
    return best;
  };
  const words = ["", "a", "ab", "ba", "abc", "acb", "bca", "aab", "cabb", "abcba"];
  for (const a of words) for (const b of words) expect(editDistance(a, b)).toBe(plain(a, b));
});
