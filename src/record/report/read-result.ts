/** Result objects, evaluations, batch summaries and measured human solutions. */
import type { Verdict } from "../../events.ts";
import { parseLanguage } from "../../languages.ts";
import { asCost, asNumber, asObject, asObjects, asText, type JsonObject } from "./json-fields.ts";
import {
  languageOf,
  NO_METRICS,
  readCosts,
  readError,
  readMetrics,
  readPairs,
  readUsage,
  statusOf,
  UNKNOWN_RUN,
  unitOf,
} from "./read-fields.ts";
import { type CanonicalRecord, type ReportRun, type ReportStep, ratioOf } from "./run.ts";

/** `run`'s result object, also the one of the Python original. */
export function isResult(fields: JsonObject): boolean {
  return (
    "instance_id" in fields &&
    ("optimized_code" in fields || "optimization_history" in fields || "final_metrics" in fields)
  );
}

/** What `eval` prints. */
export function isEvaluation(fields: JsonObject): boolean {
  return "instance_id" in fields && "passed" in fields && !("optimization_history" in fields);
}

/** What `batch` prints, also the summary of the Python original. */
export function isBatchSummary(fields: JsonObject): boolean {
  return "total_instances" in fields && asObject(fields.results) !== null;
}

/** What `eval --canonical` prints. */
export function isCanonicalFile(fields: JsonObject): boolean {
  return (
    "instance_id" in fields &&
    asObject(fields.canonical) !== null &&
    !isResult(fields) &&
    !isEvaluation(fields)
  );
}

export function readResult(fields: JsonObject, source: string): ReportRun {
  const target = asText(fields.optimization_target);
  const metrics = readMetrics(fields.final_metrics);
  const initial = asCost(fields.initial_performance);
  const final = asCost(fields.final_performance);
  const stopReason = asText(fields.stop_reason);
  const pairs = readPairs(fields.speedup);
  const error = readError(fields.error);
  // The original writes no pass rate; its metrics are the word "Infinity" for a program that fails.
  const passRate = metrics.passRate ?? (metrics.runtime !== null || final !== null ? 1 : null);
  const history = asObjects(fields.optimization_history);
  const environment = asObject(fields.environment);
  return {
    ...UNKNOWN_RUN,
    instanceId: asText(fields.instance_id) ?? String(fields.instance_id),
    language: languageOf(fields),
    target,
    unit: asText(fields.performance_unit)?.replace("*", "·") ?? unitOf(target),
    model: asText(fields.model),
    status: statusOf({
      success: fields.success === true,
      stopReason,
      error,
      passed: passRate === null ? final !== null : passRate >= 1,
    }),
    initial,
    final,
    ...pairs,
    ratio: pairs.ratio ?? ratioOf(initial, final),
    metrics: { ...metrics, passRate },
    iterations: asNumber(fields.total_iterations),
    stopReason,
    error,
    usage: readUsage(fields.usage),
    startTime: asText(fields.start_time),
    endTime: asText(fields.end_time),
    durationSeconds: asNumber(fields.duration_seconds),
    cpu: asText(environment?.cpu),
    isolation: asText(environment?.isolation) ?? asText(fields.isolation),
    measurement: asText(environment?.measurement) ?? asText(fields.measurement),
    canonical: readCosts(fields.canonical),
    steps: [initialStep(initial), ...history.map(historyStep)],
    initialCode: asText(fields.initial_code),
    finalCode: asText(fields.optimized_code),
    kind: "result",
    source,
  };
}

export function readEvaluation(fields: JsonObject, source: string): ReportRun {
  const metrics = readMetrics(fields);
  const passed = fields.passed === true;
  return {
    ...UNKNOWN_RUN,
    instanceId: asText(fields.instance_id) ?? String(fields.instance_id),
    language: languageOf(fields),
    status: passed ? "not_improved" : "failed",
    metrics: { ...metrics, passRate: metrics.passRate ?? (passed ? 1 : null) },
    isolation: asText(fields.isolation),
    measurement: asText(fields.measurement),
    canonical: readCosts(fields.canonical),
    kind: "evaluation",
    source,
  };
}

export function readBatchSummary(fields: JsonObject, source: string): ReportRun[] {
  return Object.entries(asObject(fields.results) ?? {}).map(([key, value]) => {
    const entry = asObject(value) ?? {};
    if (isResult(entry)) return readResult(entry, source);
    const { task, language } = splitTaskKey(key);
    // An instance that was not begun before the batch was stopped is no failure.
    const isSkipped = entry.skipped === true;
    return {
      ...UNKNOWN_RUN,
      instanceId: asText(entry.instance_id) ?? task,
      language: languageOf(entry) ?? languageOf(fields) ?? language,
      target: asText(entry.optimization_target),
      status: isSkipped ? ("unfinished" as const) : ("error" as const),
      error: isSkipped
        ? null
        : (readError(entry.error) ?? { code: "error", message: "the summary holds no result for it" }),
      kind: "result" as const,
      source,
    };
  });
}

export function readCanonicals(fields: JsonObject, source: string): CanonicalRecord[] {
  const instanceId = asText(fields.instance_id) ?? String(fields.instance_id);
  const record = (language: string, value: JsonObject): CanonicalRecord[] => {
    const costs = readCosts(value);
    if (costs === null) return [];
    const machine = asObject(value.machine) ?? asObject(fields.machine);
    return [
      {
        instanceId,
        language: languageOf({ language }) ?? language,
        costs,
        cpu: asText(machine?.cpu),
        measuredAt: asText(value.measured_at) ?? asText(fields.measured_at),
        source,
      },
    ];
  };
  const canonical = asObject(fields.canonical) ?? {};
  const language = languageOf(fields);
  if (language !== null && readCosts(canonical) !== null) return record(language, canonical);
  return Object.entries(canonical).flatMap(([key, value]) => record(key, asObject(value) ?? {}));
}

// --- internal ---

/** A batch in several languages has the language before the task's name: "cpp/task". */
function splitTaskKey(key: string): { readonly task: string; readonly language: string | null } {
  const slash = key.indexOf("/");
  const language = slash < 0 ? null : parseLanguage(key.slice(0, slash));
  return language === null ? { task: key, language } : { task: key.slice(slash + 1), language };
}

function initialStep(value: number | null): ReportStep {
  return {
    iteration: 0,
    action: "initial_evaluation",
    verdict: null,
    reason: "",
    metrics: NO_METRICS,
    value,
    diff: "",
    durationSeconds: null,
  };
}

function historyStep(entry: JsonObject, index: number): ReportStep {
  const verdict = asText(entry.verdict) as Verdict | null;
  return {
    iteration: asNumber(entry.iteration) ?? index + 1,
    action: "generate_optimization",
    verdict: verdict ?? (entry.success === true ? "improved" : "not_improved"),
    reason: asText(entry.reason) ?? "",
    metrics: NO_METRICS,
    value: asCost(entry.performance_after),
    diff: asText(entry.diff) ?? "",
    durationSeconds: null,
  };
}
