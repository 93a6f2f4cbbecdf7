import { describe, expect, test } from "bun:test";
import { judgeCandidate, judgeRepeat } from "../../src/agent/decide.ts";
import { advance, initialState, type LoopState } from "../../src/agent/state.ts";
import type { IterationFinished } from "../../src/events.ts";
import type { Comparison, Evaluation, TestResult } from "../../src/types.ts";

function result(index: number): TestResult {
  return {
    index,
    status: "passed",
    exitCode: 0,
    signal: null,
    wallNs: 1,
    cpuUs: 1,
    peakBytes: 1,
    integralByteS: 1,
    stdout: "",
    stderr: "",
    stdoutTruncated: false,
    stderrTruncated: false,
    message: "",
  };
}

const PASSED: Evaluation = {
  passed: true,
  passRate: 1,
  build: { status: "ok", message: "" },
  tests: [0, 1, 2, 3].map(result),
  flaky: [],
  metrics: { runtime: 1 },
  statistics: {},
  samples: [],
  runs: 1,
  isolation: "fake",
  measurement: "fake",
  feedback: "",
};

function incorrect(failed: Comparison["failed"]): Comparison {
  return {
    verdict: "incorrect",
    metric: "runtime",
    ratio: null,
    interval: null,
    pValue: null,
    pairs: [],
    perTest: [],
    criterion: null,
    reason: "a program failed test 2",
    failed,
    failures: [{ ...result(2), status: "wrong_answer" }],
  };
}

function iteration(n: number, changes: Partial<IterationFinished>): IterationFinished {
  return {
    type: "iteration",
    at: "",
    iteration: n,
    verdict: "improved",
    reason: "",
    feedback: "",
    edits: [],
    baseSha256: "",
    code: `program ${n}`,
    evaluation: PASSED,
    comparison: null,
    durationMs: 0,
    ...changes,
  };
}

/** The initial program passes; each event comes on top. */
function after(...events: readonly IterationFinished[]): LoopState {
  const options = { adoptOnlyIfImproved: true };
  const start = advance(
    initialState("initial", false),
    { type: "initial_evaluated", at: "", evaluation: PASSED, durationMs: 0 },
    options,
  );
  return events.reduce((state, event) => advance(state, event, options), start);
}

describe("judgeCandidate()", () => {
  test("fails a program that fails a test in a later pass, and names the test that flips", () => {
    const judgement = judgeCandidate(PASSED, incorrect(["b"]), null);
    expect(judgement).toMatchObject({
      verdict: "failed_tests",
      evaluation: { passed: false, passRate: 0.75, flaky: [2] },
    });
    expect(judgement.feedback).toContain("test 2");
  });

  test("takes a program in place of a best one that turns out to be wrong", () => {
    expect(judgeCandidate(PASSED, incorrect(["a"]), null)).toMatchObject({
      verdict: "improved",
      evaluation: { passed: true },
    });
    expect(judgeCandidate(PASSED, incorrect(["a", "b"]), null).verdict).toBe("failed_tests");
  });
});

describe("advance()", () => {
  test("a best program that turns out to be wrong gives its place to the one before it", () => {
    const state = after(
      iteration(1, {}),
      iteration(2, { verdict: "failed_tests", comparison: incorrect(["a", "b"]) }),
    );
    expect(state.best.code).toBe("initial");
    expect(state.current.code).toBe("initial");
    expect(state.accepted.map(({ code }) => code)).toEqual(["initial"]);
  });

  test("an initial program that turns out to be wrong is no accepted program any more", () => {
    const state = after(iteration(1, { comparison: incorrect(["a"]) }));
    expect(state.best.code).toBe("program 1");
    expect(state.initial.evaluation?.passed).toBe(false);
    expect(state.accepted.map(({ code }) => code)).toEqual(["program 1"]);
  });
});

describe("judgeRepeat()", () => {
  test("says what became of the program before", () => {
    const state = after(iteration(1, { verdict: "not_improved", reason: "no gain" }), iteration(2, {}));
    expect(judgeRepeat(1, state).feedback).toContain("the program of round 1 again (not_improved: no gain)");
    expect(judgeRepeat(2, state).feedback).toContain("the current program");
    expect(judgeRepeat(0, state).feedback).toContain("the initial program");
  });
});
