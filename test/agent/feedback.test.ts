import { describe, expect, test } from "bun:test";
import {
  analysePerformance,
  describeComparison,
  describeMetrics,
  describeMixedChange,
  explainFailure,
  firstDifference,
} from "../../src/agent/feedback.ts";
import type { Comparison, Evaluation, TestCase, TestResult, TestStatus } from "../../src/types.ts";

function result(index: number, status: TestStatus = "passed", changes: Partial<TestResult> = {}): TestResult {
  return {
    index,
    status,
    exitCode: 0,
    signal: null,
    wallNs: 20e6,
    cpuUs: 18_000,
    peakBytes: 9e6,
    integralByteS: 2e5,
    stdout: "",
    stderr: "",
    stdoutTruncated: false,
    stderrTruncated: false,
    message: "",
    ...changes,
  };
}

function evaluation(tests: readonly TestResult[], changes: Partial<Evaluation> = {}): Evaluation {
  const passed = tests.filter(({ status }) => status === "passed").length;
  return {
    passed: passed === tests.length,
    passRate: tests.length === 0 ? 1 : passed / tests.length,
    build: { status: "ok", message: "" },
    tests,
    flaky: [],
    metrics: {},
    statistics: {},
    samples: [],
    runs: 0,
    isolation: "L3",
    measurement: "launcher",
    feedback: "",
    ...changes,
  };
}

function comparison(changes: Partial<Comparison>): Comparison {
  return {
    verdict: "faster",
    metric: "cpu_time",
    ratio: 1.4237,
    interval: [1.38, 1.47],
    pValue: 0.0003,
    pairs: Array.from({ length: 24 }, () => ({ a: {}, b: {}, first: "a" as const })),
    criterion: null,
    reason: "because",
    failed: [],
    perTest: [],
    failures: [],
    ...changes,
  };
}

const cases = (...inputs: readonly string[]): TestCase[] =>
  inputs.map((input) => ({ input, output: `${input} out` }));

describe("describeMetrics()", () => {
  test("gives units, intervals and meanings, and nothing that was not measured", () => {
    const statistics = {
      n: 5,
      originalN: 5,
      mean: 0.8,
      std: 0.01,
      min: 0.79,
      max: 0.82,
      ci95: [0.7911, 0.8123] as const,
      trimmedMean: 0.80123,
    };
    const measured = evaluation([result(0), result(1)], {
      metrics: { runtime: 0.80123, memory: 10.12 },
      statistics: { runtime: statistics },
    });
    expect(describeMetrics(measured, comparison({}))).toBe(
      [
        "- tests passed: 2 of 2",
        "- runtime: 0.801 s (95 % interval 0.791 to 0.812 s, 5 passes), wall time summed over the tests",
        "- memory: 10.1 MB, largest peak of a test",
        "- against the best program: 1.42 times better in cpu_time (95 % interval 1.38 to 1.47, 24 pairs of runs)",
      ].join("\n"),
    );
    expect(describeMetrics(null)).toBe("Not measured.");
  });

  test("knows no unit of an own evaluator's metric", () => {
    const own = evaluation([], {
      passRate: 0.5,
      passed: false,
      metrics: { output_bytes: 1200, toString: 1 },
    });
    expect(describeMetrics(own)).toBe("- pass rate: 50 %\n- output_bytes: 1200\n- toString: 1");
  });
});

describe("describeComparison()", () => {
  const table: readonly (readonly [Partial<Comparison>, string])[] = [
    [{}, "1.42 times better in cpu_time (95 % interval 1.38 to 1.47, 24 pairs of runs)"],
    [
      { verdict: "slower", ratio: 0.5, interval: [0.4, 0.8] },
      "2 times worse in cpu_time (95 % interval 1.25 to 2.5, 24 pairs of runs)",
    ],
    [
      { verdict: "no_difference", ratio: 1.004, interval: [0.98, 1.02] },
      "no proven difference in cpu_time; old / new is 1 (95 % interval 0.98 to 1.02, 24 pairs of runs)",
    ],
    [{ interval: null, pairs: [] }, "1.42 times better in cpu_time"],
    [{ verdict: "incorrect", ratio: null, interval: null, reason: "it fails test 3" }, "it fails test 3"],
  ];
  for (const [changes, words] of table) {
    test(`${changes.verdict ?? "faster"}: ${words}`, () =>
      expect(describeComparison(comparison(changes))).toBe(words));
  }
});

describe("describeMixedChange()", () => {
  const times = (before: number, after: number) => ({
    a: { wallNs: null, cpuUs: before * 1000 },
    b: { wallNs: null, cpuUs: after * 1000 },
  });

  test("names tests of both directions with their input sizes", () => {
    const mixed = comparison({ verdict: "slower", perTest: [times(40, 10), times(60, 200), times(5, 5.1)] });
    expect(describeMixedChange(mixed, cases("ab", "x".repeat(20_000), "c"))).toMatchInlineSnapshot(`
      "It is faster on 1 test and slower on 1 test:
      - test 0 (input of 2 bytes): 40 ms before, 10 ms now
      - test 1 (input of 20 kB): 60 ms before, 200 ms now"
    `);
  });

  test("says nothing where changes have one direction or are noise", () => {
    const tests = cases("a", "b");
    expect(describeMixedChange(comparison({ perTest: [times(40, 10), times(60, 20)] }), tests)).toBe("");
    expect(describeMixedChange(comparison({ perTest: [times(40, 10), times(60, 61)] }), tests)).toBe("");
    expect(describeMixedChange(comparison({ perTest: [] }), tests)).toBe("");
  });
});

describe("analysePerformance()", () => {
  const sizes = [1, 10, 20, 50, 100, 150, 200, 300, 500, 700, 1000];
  const tests = cases(...sizes.map((size) => "x".repeat(size)));
  const quadratic = evaluation(
    sizes.map((size, index) =>
      result(index, "passed", { cpuUs: 15_000 + 3 * size ** 2, peakBytes: 8e6 + size * 1000 }),
    ),
  );
  const options = {
    evaluation: quadratic,
    tests,
    target: "runtime" as const,
    profile: null,
    maxCharacters: 3000,
  };

  test("names the most expensive tests with input sizes, and how time grows", () => {
    expect(analysePerformance(options)).toMatchInlineSnapshot(`
      "Most expensive tests (the cheapest of 11 takes 15 ms):
      - test 10: 3.02 s, 51 % of all, input of 1000 bytes
      - test 9: 1.49 s, 25 % of all, input of 700 bytes
      - test 8: 765 ms, 13 % of all, input of 500 bytes
      - test 7: 285 ms, 5 % of all, input of 300 bytes
      - test 6: 135 ms, 2 % of all, input of 200 bytes

      Time beyond start-up grows about like (input bytes)^2.00 (± 0.00, 95 % interval, fitted to 7 tests)."
    `);
  });

  test("goes by peaks for memory, and adds a profile", () => {
    const text = analysePerformance({ ...options, target: "memory", profile: "hottest line: 12\n" });
    expect(text).toStartWith(
      "Tests with the highest peak (the cheapest of 11 takes 8 MB):\n- test 10: 9 MB, input of 1000 bytes",
    );
    expect(text).toEndWith("\n\nhottest line: 12");
  });

  test("keeps to its length", () => {
    const long = analysePerformance({ ...options, profile: "line\n".repeat(2000), maxCharacters: 800 });
    expect(long.length).toBeLessThanOrEqual(850);
    expect(long).toContain("Most expensive tests");
  });

  test("says nothing of a failing program, nor of growth without evidence", () => {
    expect(analysePerformance({ ...options, evaluation: evaluation([result(0, "timeout")]) })).toBe("");
    const flat = evaluation(sizes.map((_, index) => result(index)));
    expect(analysePerformance({ ...options, evaluation: flat })).not.toContain("grows");
    const unmeasured = evaluation(
      sizes.map((_, index) => result(index, "passed", { cpuUs: null, wallNs: null })),
    );
    expect(analysePerformance({ ...options, evaluation: unmeasured })).toBe("");
  });
});

describe("explainFailure()", () => {
  test("shows the smallest failing input, both outputs and the first difference", () => {
    const tests: TestCase[] = [
      { input: "9 9 9 9 9\n", output: "45\n" },
      { input: "1 2\n3 4\n", output: "3\n7\n" },
      { input: "5\n", output: "5\n" },
    ];
    const failed = evaluation([
      result(0, "wrong_answer", { stdout: "9\n" }),
      result(1, "wrong_answer", { stdout: "3\n8\n", stderr: "debug: carry\n" }),
      result(2),
    ]);
    const { reason, feedback } = explainFailure(failed, tests, 4000);
    expect(reason).toBe("2 of 3 tests fail: 2 × wrong answer; test 1: wrong answer");
    expect(feedback).toMatchInlineSnapshot(`
      "2 of 3 tests fail (2 × wrong answer).
      Smallest failing input: test 1, wrong answer.
      Input:
      \`\`\`
      1 2
      3 4
      \`\`\`
      Expected output:
      \`\`\`
      3
      7
      \`\`\`
      Actual output:
      \`\`\`
      3
      8
      \`\`\`
      First difference: line 2, column 1: expected "7", got "8"
      End of its standard error:
      \`\`\`
      debug: carry
      \`\`\`"
    `);
  });

  test("shows the end of standard error for a crash, with how it ended", () => {
    const stderr = `${"at frame\n".repeat(500)}IndexError: list index out of range\n`;
    const failed = evaluation([result(0, "runtime_error", { exitCode: 1, stderr })]);
    const { reason, feedback } = explainFailure(failed, cases("7"), 1200);
    expect(reason).toBe("1 of 1 test fails: 1 × crash; test 0: it ended with exit code 1");
    expect(feedback).toContain("IndexError: list index out of range\n```");
    expect(feedback).not.toContain("Expected output");
    expect(feedback.length).toBeLessThanOrEqual(1250);
    const killed = evaluation([result(0, "runtime_error", { exitCode: null, signal: "SIGSEGV" })]);
    expect(explainFailure(killed, cases("7"), 1000).reason).toContain("it was ended by SIGSEGV");
  });

  test("says which limit was exceeded, and by how much", () => {
    const late = evaluation([result(0, "timeout", { wallNs: 2.05e9 })]);
    expect(explainFailure(late, cases("7"), 1000).reason).toContain("time limit (stopped after 2.05 s)");
    const fat = evaluation([result(0, "memory_limit", { peakBytes: 512e6 })]);
    expect(explainFailure(fat, cases("7"), 1000).reason).toContain("memory limit (peak 512 MB)");
    const loud = evaluation([result(0, "output_limit")]);
    expect(explainFailure(loud, cases("7"), 1000).reason).toContain("it printed more than is allowed");
  });

  test("gives the compiler's words for a failed build", () => {
    const message = "a.cpp:3:5: error: 'x' was not declared\n    x = 1;\n";
    const failed = evaluation([result(0, "compile_error")], { build: { status: "failed", message } });
    const { reason, feedback } = explainFailure(failed, cases("7"), 1000);
    expect(reason).toBe("It does not compile: a.cpp:3:5: error: 'x' was not declared");
    expect(feedback).toContain("x = 1;");
  });

  test("says of a flaky program which tests flip", () => {
    const flaky = evaluation([result(0), result(1, "wrong_answer"), result(2, "wrong_answer")], {
      flaky: [1, 2],
    });
    const { reason, feedback } = explainFailure(flaky, cases("a", "b", "c"), 2000);
    expect(reason).toEndWith("; flaky");
    expect(feedback).toContain("tests 1, 2 passed in one run and failed in another");
    expect(feedback).toContain("uninitialised memory");
  });

  test("takes an own evaluator's words where there are no tests", () => {
    const own = evaluation([], { passed: false, passRate: 0.4, feedback: "too many allocations" });
    expect(explainFailure(own, [], 1000)).toEqual({
      reason: "It fails: it passes 40 % of the tests",
      feedback: "too many allocations",
    });
  });

  test("shortens long inputs and outputs in the middle and keeps to its length", () => {
    const tests: TestCase[] = [{ input: "1 ".repeat(50_000), output: `start${"e".repeat(50_000)}end` }];
    const failed = evaluation([result(0, "wrong_answer", { stdout: `start${"a".repeat(50_000)}stop` })]);
    for (const limit of [600, 2000, 6000]) {
      const { feedback } = explainFailure(failed, tests, limit);
      expect(feedback.length).toBeLessThanOrEqual(limit + 60);
      expect(feedback).toContain("characters left out");
      expect(feedback).toContain("start");
      expect(feedback).toContain("stop");
    }
  });

  test("fences what holds fences", () => {
    const tests: TestCase[] = [{ input: "```\n````\n", output: "x" }];
    const { feedback } = explainFailure(
      evaluation([result(0, "wrong_answer", { stdout: "y" })]),
      tests,
      1000,
    );
    expect(feedback).toContain("`````\n```\n````\n`````");
  });
});

describe("firstDifference()", () => {
  const table: readonly (readonly [string, string, string | null])[] = [
    ["a\nb\n", "a\nb", null],
    ["a\r\nb", "a\nb", null],
    ["3\n7", "3\n8", 'line 2, column 1: expected "7", got "8"'],
    ["128", "129", 'line 1, column 3: expected "128", got "129"'],
    ["1 22 3", "1 23 3", 'line 1, column 4: expected "22 3", got "23 3"'],
    ["a", "", "the program printed nothing"],
    ["a\nb", "a", 'line 1, column 2: the output ends, expected "" there'],
    ["a", "a b", 'line 1, column 2: the expected output ends, got " b" there'],
  ];
  for (const [expected, actual, words] of table) {
    test(`${JSON.stringify(expected)} against ${JSON.stringify(actual)}`, () => {
      expect(firstDifference(expected, actual)).toBe(words);
    });
  }
});
