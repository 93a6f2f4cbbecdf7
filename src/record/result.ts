/** The result object of a run, as `--json`, `--output` and `result.json` hold it. Pure. */
import {
  confirmationOf,
  finalMetrics,
  initialMetrics,
  type RecordedRound,
  type RecordedRun,
  targetMetric,
} from "./fold.ts";
import { metricsDocument, usageDocument } from "./trajectory.ts";

/** Keys are the document's own; a value that was not measured is null. */
export type ResultDocument = Readonly<Record<string, unknown>> & {
  readonly instance_id: string;
  readonly success: boolean;
};

/**
 * The result of a run that has ended.
 * @param trajectoryFile Path of the `.traj`, or null when none is written.
 */
export function resultOf(run: RecordedRun, trajectoryFile: string | null): ResultDocument {
  const { started, ended, final } = run;
  const initialPassed = run.initial?.evaluation?.passed === true;
  const finalPassed = final.evaluation?.passed === true;
  const after = finalMetrics(run);
  const confirmation = confirmationOf(run)?.comparison ?? null;
  const metric = targetMetric(run);
  return {
    instance_id: started.instanceId,
    language: started.language,
    optimization_target: started.target,
    performance_unit: started.unit,
    initial_code: started.initialCode,
    optimized_code: final.code,
    initial_performance: initialPassed ? (initialMetrics(run)[metric] ?? null) : null,
    final_performance: finalPassed ? (after[metric] ?? null) : null,
    initial_metrics: initialPassed
      ? { ...metricsDocument(run.initial?.evaluation ?? null), ...initialMetrics(run) }
      : metricsDocument(run.initial?.evaluation ?? null),
    final_metrics: { ...metricsDocument(final.evaluation), ...after },
    total_iterations: run.rounds.length,
    optimization_history: run.rounds.map((round) => historyEntry(round, metric)),
    success: ended?.success ?? false,
    stop_reason: ended?.stopReason ?? null,
    best_iteration: final.iteration,
    speedup:
      confirmation === null
        ? null
        : {
            metric: confirmation.metric,
            verdict: confirmation.verdict,
            ratio: confirmation.ratio,
            interval: confirmation.interval,
            pairs: confirmation.pairs.length,
          },
    held_out: heldOutDocument(run),
    flaky_tests: flakyTests(run),
    edits: editCounts(run),
    usage: usageDocument(run.usage),
    model: started.model,
    seed: started.seed,
    isolation: started.environment.isolation,
    measurement: started.environment.measurement,
    duration_seconds: ended === null ? null : (Date.parse(ended.at) - Date.parse(started.at)) / 1000,
    trajectory_file: trajectoryFile,
    error: ended?.error ?? null,
  };
}

// --- internal ---

function historyEntry(round: RecordedRound, metric: string): Readonly<Record<string, unknown>> {
  const { event, bestBefore } = round;
  const ratio = event.comparison?.ratio ?? null;
  return {
    iteration: event.iteration,
    diff: event.edits.at(-1)?.diff ?? "",
    performance_before: bestBefore?.passed ? (bestBefore.metrics[metric] ?? null) : null,
    performance_after: event.evaluation?.passed ? (event.evaluation.metrics[metric] ?? null) : null,
    /** Percent that the metric of the decision became smaller; negative when it grew. */
    improvement: ratio === null ? null : (1 - 1 / ratio) * 100,
    verdict: event.verdict,
    reason: event.reason,
    success: event.verdict === "improved",
  };
}

function heldOutDocument(run: RecordedRun): Readonly<Record<string, unknown>> | null {
  const checked = run.heldOut.findLast((event) => event.iteration === run.final.iteration);
  const demoted = run.heldOut.filter((event) => event.failed > 0).map((event) => event.iteration);
  const shown = checked ?? run.heldOut.at(-1);
  if (shown === undefined) return null;
  return {
    tests: shown.tests,
    seed: shown.seed,
    failed: shown.failed,
    message: shown.message,
    demoted_iterations: demoted,
  };
}

function flakyTests(run: RecordedRun): readonly number[] {
  return [...new Set(run.rounds.flatMap(({ event }) => event.evaluation?.flaky ?? []))].sort((a, b) => a - b);
}

/** How many answers could be applied, and how closely each edit had to be read. */
function editCounts(run: RecordedRun): Readonly<Record<string, unknown>> {
  const edits = run.rounds.flatMap(({ event }) => event.edits);
  const applied = edits.filter((edit) => edit.status === "applied");
  return {
    answers: edits.length,
    applied: applied.length,
    apply_rate: edits.length === 0 ? null : applied.length / edits.length,
    tiers: countBy(applied.flatMap((edit) => edit.matched)),
    rejected: countBy(edits.flatMap((edit) => (edit.reason === null ? [] : [edit.reason]))),
  };
}

function countBy(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
