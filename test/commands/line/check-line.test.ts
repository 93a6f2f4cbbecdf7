import { describe, expect, test } from "bun:test";
import type { ArgsDef } from "citty";
import { checkLine } from "../../../src/commands/line/check-line.ts";
import { listArg, listOf, numberArg, numberOf, restArg } from "../../../src/commands/line/shared.ts";

const ARGS: ArgsDef = {
  file: { type: "positional", required: false, description: "A file" },
  output: { type: "string", valueHint: "FILE", alias: "o" },
  verbose: { type: "boolean", alias: "v" },
  kind: { type: "enum", options: ["a", "b"] },
  count: numberArg({ min: 1, max: 9, integer: true }),
  ratio: numberArg({ min: 0 }),
  solution: listArg({}),
};

describe("checkLine() brings a line into one form", () => {
  const LINES: readonly (readonly [readonly string[], readonly string[]])[] = [
    [[], []],
    [["--output", "x"], ["--output=x"]],
    [["--output=x"], ["--output=x"]],
    [["-o", "x"], ["--output=x"]],
    [["-o=x"], ["--output=x"]],
    [["--output", "-"], ["--output=-"]],
    [["--output", "-5"], ["--output=-5"]],
    [["--output", "-x"], ["--output=-x"]],
    [["--output=--no-verbose"], ["--output=--no-verbose"]],
    [["-v"], ["--verbose"]],
    [["--no-verbose"], ["--no-verbose"]],
    [["--verbose=true"], ["--verbose"]],
    [["--verbose=false"], ["--no-verbose"]],
    [
      ["--kind", "a", "-v"],
      ["--verbose", "--kind=a"],
    ],
    [["--count", "9"], ["--count=9"]],
    [["--ratio", "1e-3"], ["--ratio=1e-3"]],
    [["x"], ["--", "x"]],
    [["-"], ["--", "-"]],
    [["-5"], ["--", "-5"]],
    [
      ["--", "--output"],
      ["--", "--output"],
    ],
    [
      ["x", "--output", "y"],
      ["--output=y", "--", "x"],
    ],
  ];
  for (const [tokens, rawArgs] of LINES) {
    test(tokens.join(" "), () => {
      const line = checkLine(ARGS, tokens);
      expect(line.problems).toEqual([]);
      expect(line.rawArgs).toEqual([...rawArgs]);
    });
  }

  test("a list keeps every value in order", () => {
    const { lists, problems } = checkLine(ARGS, ["--solution", "a", "--solution=b", "--solution", "-"]);
    expect(problems).toEqual([]);
    expect(lists.get("solution")).toEqual(["a", "b", "-"]);
  });

  test("a rest positional takes what is left", () => {
    const args = { first: { type: "positional" }, rest: restArg({ required: false }) } as const;
    expect(checkLine(args, ["a", "b", "c"]).lists.get("rest")).toEqual(["b", "c"]);
    expect(checkLine(args, ["a"]).problems).toEqual([]);
    expect(checkLine(args, []).problems).toEqual(["FIRST is missing: it is wanted"]);
  });
});

describe("checkLine() names what is wrong", () => {
  const LINES: readonly (readonly [readonly string[], readonly string[]])[] = [
    [["--outptu", "x"], ["there is no flag --outptu; did you mean --output?"]],
    [["--outptu", "x", "y"], ["there is no flag --outptu; did you mean --output?"]],
    [
      ["--no-output"],
      ["--no-output is no switch: only flags without a value can be negated; --output takes a value"],
    ],
    [
      ["--no-verbose=true"],
      ["--no-verbose is a switch: 'true' is given; --verbose or --no-verbose is wanted"],
    ],
    [["--output"], ["--output is given without its value; a value (FILE) is wanted"]],
    [["--output", "-v"], ["--output is given without its value; a value (FILE) is wanted"]],
    [["--kind", "c"], ["--kind: 'c' is given; one of a, b is wanted"]],
    [["--kind"], ["--kind is given without its value; one of a, b is wanted"]],
    [["--count", "10"], ["--count: '10' is given; a whole number from 1 to 9 is wanted"]],
    [["--count", "1.5"], ["--count: '1.5' is given; a whole number from 1 to 9 is wanted"]],
    [["--ratio", "-1"], ["--ratio: '-1' is given; a number of at least 0 is wanted"]],
    [["--ratio", "NaN"], ["--ratio: 'NaN' is given; a number of at least 0 is wanted"]],
    [["-o", "a", "--output", "b"], ["--output is given 2 times; once is wanted"]],
    [["a", "b"], ["there is no place for 'b': at most 1 argument is taken"]],
  ];
  for (const [tokens, problems] of LINES) {
    test(tokens.join(" "), () => {
      expect(checkLine(ARGS, tokens).problems).toEqual([...problems]);
    });
  }

  test("unknown flags are also given by name", () => {
    expect(checkLine(ARGS, ["--port", "1", "--no-x"]).unknownFlags).toEqual(["port", "no-x"]);
  });

  test("a required flag", () => {
    expect(checkLine({ instance: { type: "string", required: true } }, []).problems).toEqual([
      "--instance is missing; it is always wanted",
    ]);
  });
});

test("checkLine() gives way to --help, but not after --", () => {
  expect(checkLine(ARGS, ["--bogus", "--help"]).help).toBe(true);
  expect(checkLine(ARGS, ["--", "--help"]).help).toBe(false);
});

test("listOf() and numberOf() read what was given", () => {
  expect(listOf(["a", "b"])).toEqual(["a", "b"]);
  expect(listOf("a")).toEqual(["a"]);
  expect(listOf(undefined)).toEqual([]);
  expect(numberOf("1e3")).toBe(1000);
  expect(numberOf(undefined)).toBeNull();
});
