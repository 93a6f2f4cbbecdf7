/** What of an evaluation is worth keeping on disk for each step: all numbers, and the text of a few failures. */
import { shortenMiddle } from "../lib/text.ts";
import type { Comparison, Evaluation, TestResult } from "../types.ts";

/** Failing tests whose output is kept; the prompt shows one and a reader rarely looks past the first few. */
const FAILURES_WITH_TEXT = 3;
/** Characters kept of an output: enough to see how it differs, small beside the model's own answer. */
const KEPT_CHARACTERS = 2000;

/**
 * The evaluation with the outputs of passing tests dropped and those of failing ones shortened in the middle. What an
 * evaluation has to say about its failures must be said before: in a shortened output nothing can be compared any more.
 * The loop itself continues from this form, so that a resumed run sees exactly what an undisturbed one saw.
 */
export function compactEvaluation(evaluation: Evaluation): Evaluation {
  return { ...evaluation, tests: compactTests(evaluation.tests) };
}

/** The same for the failing tests of a comparison. */
export function compactComparison(comparison: Comparison): Comparison {
  return { ...comparison, failures: compactTests(comparison.failures).slice(0, FAILURES_WITH_TEXT) };
}

// --- internal ---

function compactTests(tests: readonly TestResult[]): TestResult[] {
  let kept = 0;
  return tests.map((test) => {
    if (test.status === "passed" || kept >= FAILURES_WITH_TEXT) return { ...test, stdout: "", stderr: "" };
    kept++;
    return {
      ...test,
      stdout: shortenMiddle(test.stdout, KEPT_CHARACTERS),
      stderr: shortenMiddle(test.stderr, KEPT_CHARACTERS),
    };
  });
}
