import { describe, expect, test } from "bun:test";
import { compareNaturally, isTestName, pairTests } from "../../src/init/pair-tests.ts";

const pairsOf = (...names: string[]) => pairTests(names).pairs.map(({ input, output }) => [input, output]);

describe("pairTests()", () => {
  test.each([
    ["1.in", "1.out"],
    ["1.in", "1.ans"],
    ["sample.small.in", "sample.small.out"],
    ["input1.txt", "output1.txt"],
    ["input.txt", "output.txt"],
    ["input_01.txt", "output_01.txt"],
    ["A.IN", "a.Out"],
    ["tests/secret/1.in", "tests/secret/1.ans"],
  ])("pairs %s with %s", (input, output) => {
    expect(pairsOf(output, "notes.txt", input)).toEqual([[input, output]]);
  });

  test("orders tests as a person counts", () => {
    const names = ["10", "9", "1", "2"].flatMap((n) => [`${n}.in`, `${n}.out`]);
    expect(pairsOf(...names).map(([input]) => input)).toEqual(["1.in", "2.in", "9.in", "10.in"]);
  });

  test("names every file without its partner and what was looked for", () => {
    expect(pairTests(["1.in", "2.in", "2.out", "3.ans", "input4.txt", "a/5.in", "b/5.out"]).missing).toEqual([
      { name: "1.in", wanted: ["1.out", "1.ans"] },
      { name: "3.ans", wanted: ["3.in"] },
      { name: "a/5.in", wanted: ["5.out", "5.ans"] },
      { name: "b/5.out", wanted: ["5.in"] },
      { name: "input4.txt", wanted: ["output4.txt"] },
    ]);
  });

  test("names an input with two outputs instead of choosing one", () => {
    const { pairs, ambiguous } = pairTests(["1.in", "1.out", "1.ans"]);
    expect([pairs, ambiguous]).toEqual([[], [{ name: "1.in", outputs: ["1.out", "1.ans"] }]]);
    expect(pairTests(["A.in", "a.in", "a.out"]).ambiguous).toEqual([
      { name: "a.out", outputs: ["A.in", "a.in"] },
    ]);
  });

  test("leaves other files alone", () => {
    const others = [
      "readme.txt",
      ".1.in",
      "1.in.bak",
      "main.py",
      "__MACOSX/1.in",
      "x/__MACOSX/1.out",
      "in",
      ".in",
    ];
    expect(others.filter(isTestName)).toEqual([]);
  });
});

describe("compareNaturally()", () => {
  test("is a total order that only calls equal names equal", () => {
    for (const [a, b] of [
      ["a2", "a10"],
      ["a", "A"],
      ["01", "1"],
      ["a1b2", "a1b10"],
    ] as const) {
      expect(compareNaturally(a, b)).toBe(-compareNaturally(b, a));
      expect(compareNaturally(a, b)).not.toBe(0);
    }
    expect(compareNaturally("x", "x")).toBe(0);
  });
});
