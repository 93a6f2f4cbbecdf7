import { describe, expect, setDefaultTimeout } from "bun:test";
import { type BuiltInChecker, checkerSource } from "../../src/init/checkers.ts";
import { optionalTest } from "../support/optional.ts";

// Only a hanging process may end a test by time: busy machines are slow.
setDefaultTimeout(60_000);

const python = Bun.which("python3");
const pythonTest = optionalTest(python === null ? "python3 is not installed" : null);

/** What the checker says of each pair of texts. */
function judge(source: string, cases: readonly (readonly [string, string])[]): boolean[] {
  const calls =
    "import json, sys\nprint(json.dumps([evaluate(expected_output=e, program_output=p) for e, p in json.load(sys.stdin)]))";
  const run = Bun.spawnSync([python ?? "", "-c", `${source}\n${calls}`], {
    stdin: Buffer.from(JSON.stringify(cases)),
  });
  if (run.exitCode !== 0) throw new Error(run.stderr.toString());
  return JSON.parse(run.stdout.toString());
}

const CASES: Readonly<
  Record<BuiltInChecker, readonly (readonly [expected: string, output: string, verdict: boolean])[]>
> = {
  tokens: [
    ["1 2\n3\n", "1 2 3", true],
    ["1 2", " 1\t2\r\n", true],
    ["12", "1 2", false],
    ["a", "A", false],
    ["1.0", "1", false],
    ["", "\n", true],
    ["", "x", false],
  ],
  exact: [
    ["1 2\n3\n", "1 2\n3", true],
    ["1 2\r\n3\r\n", "1 2\n3\n", true],
    ["  1 2  \n", "1 2", true],
    ["1 2\n3", "1 2 3", false],
    ["1  2", "1 2", false],
    ["a\nb", "a \nb", false],
  ],
  floats: [
    ["1.0", "1", true],
    ["1.0000001", "1.0000002", true],
    ["1000000.0", "1000000.9", true],
    ["1.0", "1.001", false],
    ["0.0", "0.0000005", true],
    ["0.0", "0.00001", false],
    ["1e-3 x", "0.001 x", true],
    ["10000000", "10000001", false],
    ["10000000.", "10000001", true],
    ["7", "007", true],
    [`1${"0".repeat(5000)}`, `1${"0".repeat(4999)}1`, false],
    [`1${"0".repeat(5000)}`, `1${"0".repeat(5000)}`, true],
    ["1.5", "1.5 2", false],
    ["YES", "yes", false],
    ["nan", "1.0", false],
    ["1.0", "nan", false],
    ["1.0", "1_0", false],
    ["-0.0", "0", true],
  ],
};

describe("checkerSource()", () => {
  for (const [checker, cases] of Object.entries(CASES)) {
    pythonTest(`${checker} judges as it says`, () => {
      const verdicts = judge(
        checkerSource(checker as BuiltInChecker),
        cases.map(([expected, output]) => [expected, output]),
      );
      expect(cases.map(([expected, output], i) => [expected, output, verdicts[i]])).toEqual(
        cases.map((one) => [...one]),
      );
    });
  }

  pythonTest("floats takes the tolerance that it is given", () => {
    const pairs = [
      ["1.0", "1.05"],
      ["1.0", "1.2"],
    ] as const;
    expect(judge(checkerSource("floats", 0.1), pairs)).toEqual([true, false]);
    expect(judge(checkerSource("floats", 0), pairs)).toEqual([false, false]);
    expect(judge(checkerSource("floats", 1e-9), [["1.0", "1.0000000001"]])).toEqual([true]);
  });
});
