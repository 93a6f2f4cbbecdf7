/** The parts that several kinds of files share. */
import { parseLanguage } from "../../languages.ts";
import { asCost, asNumber, asObject, asText, type JsonObject } from "./json-fields.ts";
import type { CanonicalCosts, ReportMetrics, ReportRun, ReportUsage, RunStatus } from "./run.ts";

export const NO_METRICS: ReportMetrics = { runtime: null, memory: null, integral: null, passRate: null };
export const NO_USAGE: ReportUsage = { promptTokens: null, completionTokens: null, costUsd: null };

/** What is known of a run before anything was read. */
export const UNKNOWN_RUN: Omit<ReportRun, "instanceId" | "status" | "kind" | "source"> = {
  language: null,
  target: null,
  unit: "",
  model: null,
  initial: null,
  final: null,
  ratio: null,
  interval: null,
  ratioMetric: null,
  metrics: NO_METRICS,
  iterations: null,
  stopReason: null,
  error: null,
  usage: NO_USAGE,
  startTime: null,
  endTime: null,
  durationSeconds: null,
  cpu: null,
  isolation: null,
  measurement: null,
  canonical: null,
  steps: [],
  initialCode: null,
  finalCode: null,
};

/** `{runtime, memory, integral, pass_rate}`, or the same inside `performance_analysis`. */
export function readMetrics(value: unknown): ReportMetrics {
  const outer = asObject(value);
  const fields = asObject(outer?.performance_analysis) ?? outer;
  if (fields === null) return NO_METRICS;
  const passRate = asNumber(fields.pass_rate) ?? asNumber(outer?.pass_rate);
  return {
    runtime: asCost(fields.runtime),
    memory: asCost(fields.memory),
    integral: asCost(fields.integral),
    passRate: passRate ?? (fields.passed === true ? 1 : null),
  };
}

/** The target's own metric. */
export function targetValue(metrics: ReportMetrics, target: string | null): number | null {
  return target === "runtime" || target === "memory" || target === "integral" ? metrics[target] : null;
}

/** A comparison on pairs that were measured side by side. */
export function readPairs(value: unknown): Pick<ReportRun, "ratio" | "interval" | "ratioMetric"> {
  const fields = asObject(value);
  const [low, high] = Array.isArray(fields?.interval) ? fields.interval.map(asNumber) : [];
  return {
    ratio: asCost(fields?.ratio),
    interval: low == null || high == null ? null : [low, high],
    ratioMetric: asText(fields?.metric),
  };
}

export function readUsage(value: unknown): ReportUsage {
  const fields = asObject(value);
  if (fields === null) return NO_USAGE;
  return {
    promptTokens: asNumber(fields.prompt_tokens) ?? asNumber(fields.promptTokens),
    completionTokens: asNumber(fields.completion_tokens) ?? asNumber(fields.completionTokens),
    costUsd: asNumber(fields.cost_usd) ?? asNumber(fields.costUsd),
  };
}

/** `{code, message}`, or words alone. */
export function readError(value: unknown): ReportRun["error"] {
  const fields = asObject(value);
  if (fields !== null) {
    return { code: asText(fields.code) ?? "error", message: asText(fields.message) ?? "" };
  }
  const message = asText(value);
  return message === null ? null : { code: "error", message };
}

export function readCosts(value: unknown): CanonicalCosts | null {
  const fields = asObject(value);
  if (fields === null) return null;
  const costs = {
    runtime: asCost(fields.runtime),
    memory: asCost(fields.memory),
    integral: asCost(fields.integral),
  };
  return costs.runtime === null && costs.memory === null && costs.integral === null ? null : costs;
}

/** What became of a run that has ended, or that has not. */
export function statusOf(fields: {
  readonly success: boolean;
  readonly stopReason: string | null;
  readonly error: ReportRun["error"];
  readonly passed: boolean;
}): RunStatus {
  if (fields.success) return "improved";
  if (fields.stopReason === "interrupted") return "unfinished";
  if (fields.error !== null) return "error";
  return fields.passed ? "not_improved" : "failed";
}

/** The unit that a target is reported in. */
export function unitOf(target: string | null): string {
  return target === "memory" ? "MB" : target === "integral" ? "MB·s" : target === "runtime" ? "s" : "";
}

/** The registry key of a file's language, whatever its spelling; its own word when it is none of ours. */
export function languageOf(fields: JsonObject | null): string | null {
  const word = asText(fields?.language);
  return word === null ? null : (parseLanguage(word) ?? word);
}
