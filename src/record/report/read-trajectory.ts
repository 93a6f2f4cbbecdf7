/** Trajectories: perfagent's own (`metadata`, `steps`) and those of the Python original (`info`, `steps`, `history`). */
import type { Verdict } from "../../events.ts";
import { asNumber, asObject, asObjects, asText, type JsonObject } from "./json-fields.ts";
import {
  languageOf,
  readCosts,
  readError,
  readMetrics,
  readPairs,
  readUsage,
  statusOf,
  targetValue,
  UNKNOWN_RUN,
  unitOf,
} from "./read-fields.ts";
import { type ReportMetrics, type ReportRun, type ReportStep, ratioOf } from "./run.ts";

export function isTrajectory(fields: JsonObject): boolean {
  return (
    Array.isArray(fields.steps) && (asObject(fields.metadata) !== null || asObject(fields.info) !== null)
  );
}

export function readTrajectory(fields: JsonObject, source: string): ReportRun {
  const head = asObject(fields.metadata) ?? asObject(fields.info) ?? {};
  const target = asText(head.optimization_target);
  const unit = asText(asObject(head.final_performance)?.unit)?.replace("*", "·") ?? unitOf(target);
  const records = asObjects(fields.steps);
  const steps = readSteps(records, target);
  const first = steps.find((step) => step.action === "initial_evaluation");
  const finalMetrics = readFinalMetrics(head, steps);
  const confirmation = confirmationOf(head);
  const pairs = readPairs(confirmation?.comparison);
  const confirmedInitial = targetValue(readMetrics(confirmation?.initialMetrics), target);
  const initial =
    confirmedInitial ??
    (first?.metrics.passRate === null || first?.metrics.passRate === 1 ? first.value : null);
  const final = asNumber(asObject(head.final_performance)?.value) ?? targetValue(finalMetrics, target);
  const finalPassed = finalMetrics.passRate === null ? final !== null : finalMetrics.passRate >= 1;
  const startTime = asText(head.start_time);
  const endTime = isOver(head) ? asText(head.end_time) : null;
  const environment = asObject(head.environment);
  const stopReason = asText(head.stop_reason);
  const error = readError(head.error) ?? readError(head.error_message);
  return {
    ...UNKNOWN_RUN,
    instanceId: asText(head.instance_id) ?? "unknown",
    language: languageOf(head),
    target,
    unit,
    model: asText(head.model),
    status: isOver(head)
      ? statusOf({ success: head.success === true, stopReason, error, passed: finalPassed })
      : "unfinished",
    initial,
    final: finalPassed ? final : null,
    ...pairs,
    ratio: pairs.ratio ?? ratioOf(initial, finalPassed ? final : null),
    metrics: finalMetrics,
    iterations: countRounds(head, steps),
    stopReason,
    error,
    usage: readUsage(head.usage),
    startTime,
    endTime,
    durationSeconds: secondsBetween(startTime, endTime),
    cpu: asText(environment?.cpu),
    isolation: asText(environment?.isolation),
    measurement: asText(environment?.measurement),
    canonical: readCosts(head.canonical),
    steps,
    initialCode: readCode(records.find((record) => record.action === "initial_evaluation") ?? records[0]),
    finalCode:
      asText(head.submission) ??
      asText(head.final_best_code) ??
      codeOfRound(records, asNumber(asObject(head.final_performance)?.iteration)),
    kind: "trajectory",
    source,
  };
}

// --- internal ---

/** The original counts its initial evaluation as an iteration; here only model rounds count. */
function countRounds(head: JsonObject, steps: readonly ReportStep[]): number | null {
  const rounds = steps.filter((step) => step.action === "generate_optimization").length;
  return rounds > 0 || steps.length > 0 ? rounds : asNumber(head.total_iterations);
}

/** perfagent's own file names why a run stopped; one without that was written while the run went on. */
function isOver(head: JsonObject): boolean {
  return asText(head.end_time) !== null && (!("stop_reason" in head) || asText(head.stop_reason) !== null);
}

/** The final program on fresh pairs with the initial one. */
function confirmationOf(head: JsonObject): JsonObject | null {
  const iteration = asObject(head.final_performance)?.iteration;
  return asObjects(head.confirmation).findLast((event) => event.iteration === iteration) ?? null;
}

function secondsBetween(start: string | null, end: string | null): number | null {
  const seconds = (Date.parse(end ?? "") - Date.parse(start ?? "")) / 1000;
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}

function readFinalMetrics(head: JsonObject, steps: readonly ReportStep[]): ReportMetrics {
  const metrics = readMetrics(head.final_performance);
  if (metrics.passRate !== null) return metrics;
  if (metrics.runtime !== null) return { ...metrics, passRate: 1 };
  // Without a final word the last accepted program is the final one.
  const accepted = steps.findLast((step) => step.verdict === "improved") ?? steps[0];
  return accepted?.metrics ?? metrics;
}

function readSteps(records: readonly JsonObject[], target: string | null): ReportStep[] {
  let best: number | null = null;
  let round = 0;
  return records.map((record) => {
    const isInitial = record.action === "initial_evaluation";
    if (!isInitial) round++;
    const output = asObject(record.output_data);
    const metrics = readMetrics(record.performance_metrics);
    const passed = metrics.passRate !== null && metrics.passRate >= 1;
    const value = passed ? targetValue(metrics, target) : null;
    const recorded = (asText(output?.verdict) ?? asText(record.verdict)) as Verdict | null;
    const verdict = isInitial ? null : (recorded ?? judge(record, metrics, value, best));
    if (value !== null && (isInitial || verdict === "improved")) best = value;
    return {
      iteration: isInitial ? 0 : (asNumber(asObject(record.input_data)?.iteration) ?? round),
      action: isInitial ? "initial_evaluation" : "generate_optimization",
      verdict,
      reason:
        asText(output?.reason) ??
        asText(record.error) ??
        asText(output?.error) ??
        asText(record.thought) ??
        "",
      metrics,
      value,
      diff: asText(record.diff) ?? asText(output?.diff) ?? lastDiff(output?.edits),
      durationSeconds:
        asNumber(record.duration_seconds) ?? asNumber(record.execution_time) ?? asNumber(record.duration),
    };
  });
}

function lastDiff(edits: unknown): string {
  return asText(asObjects(edits).findLast((edit) => asText(edit.diff) !== null)?.diff) ?? "";
}

/** What the original's step amounts to, in our words; it records no verdict. */
function judge(
  record: JsonObject,
  metrics: ReportMetrics,
  value: number | null,
  best: number | null,
): Verdict {
  if (asText(record.error) !== null) return record.response === null ? "model_failed" : "edit_failed";
  if (asObject(record.performance_metrics) === null) {
    return record.code_changed === false ? "unchanged" : "edit_failed";
  }
  if (metrics.passRate === null || metrics.passRate < 1) return "failed_tests";
  return value !== null && (best === null || value < best) ? "improved" : "not_improved";
}

function codeOfRound(records: readonly JsonObject[], iteration: number | null): string | null {
  if (iteration === null) return null;
  const record = records.find((one) =>
    iteration === 0 ? one.action === "initial_evaluation" : asObject(one.input_data)?.iteration === iteration,
  );
  return iteration === 0 ? readCode(record) : asText(asObject(record?.output_data)?.code);
}

function readCode(record: JsonObject | undefined): string | null {
  if (record === undefined) return null;
  return asText(asObject(record.input_data)?.code) ?? asText(record.code_snapshot);
}
