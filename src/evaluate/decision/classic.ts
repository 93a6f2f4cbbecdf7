import type { Comparison, Evaluation } from "../../types.ts";

/**
 * The original tool's rule, for reproduction: the smaller trimmed mean wins, however small the difference. It takes half
 * of all changes that change nothing for an improvement.
 *
 * @param a The older program's evaluation.
 * @param b The newer program's evaluation.
 */
export function compareClassic(a: Evaluation, b: Evaluation, metric: string): Comparison {
  const common = {
    metric,
    interval: null,
    pValue: null,
    pairs: [],
    criterion: null,
    failed: [],
    perTest: [],
    failures: [],
  };
  if (!b.passed) {
    const failures = b.tests.filter(({ status }) => status !== "passed");
    return {
      ...common,
      verdict: "incorrect",
      ratio: null,
      reason: "the newer program fails tests",
      failed: ["b"],
      failures,
    };
  }
  const before = a.metrics[metric];
  const after = b.metrics[metric];
  if (before === undefined || after === undefined) {
    return { ...common, verdict: "no_difference", ratio: null, reason: `${metric} was not measured` };
  }
  const verdict = after < before ? "faster" : after > before ? "slower" : "no_difference";
  const means = `${after.toPrecision(4)} against ${before.toPrecision(4)}`;
  return {
    ...common,
    verdict,
    ratio: after > 0 ? before / after : null,
    reason: `trimmed mean of ${metric}: ${means} (the original's rule; one such difference proves nothing)`,
  };
}
