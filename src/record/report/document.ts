/** A report as the JSON document that `--json` prints. Pure; keys are the document's own. */
import type { ReportInput } from "./collect.ts";
import type { ReportMetrics, ReportRun, ReportStep } from "./run.ts";
import { totalsOf } from "./summary.ts";

export type JsonDocument = Readonly<Record<string, unknown>>;

/** What was read: runs without their programs, totals, and what was wrong with the files. */
export function reportDocument(input: ReportInput): JsonDocument {
  const totals = totalsOf(input.runs);
  return {
    runs: input.runs.map(runDocument),
    totals: {
      runs: totals.runs,
      by_status: totals.byStatus,
      errors: totals.errors,
      mean_ratio: totals.meanRatio,
      ratios: totals.ratios,
      iterations: totals.iterations,
      usage: {
        prompt_tokens: totals.promptTokens,
        completion_tokens: totals.completionTokens,
        cost_usd: totals.costUsd,
      },
      duration_seconds: totals.durationSeconds,
    },
    duplicates: input.duplicates.map(({ instanceId, language, sources }) => ({
      instance_id: instanceId,
      language,
      sources,
    })),
    warnings: input.warnings,
    skipped: input.skipped,
  };
}

// --- internal ---

function runDocument(run: ReportRun): JsonDocument {
  return {
    instance_id: run.instanceId,
    language: run.language,
    optimization_target: run.target,
    performance_unit: run.unit,
    model: run.model,
    status: run.status,
    initial_performance: run.initial,
    final_performance: run.final,
    ratio: run.ratio,
    interval: run.interval,
    ratio_metric: run.ratioMetric,
    final_metrics: metricsDocument(run.metrics),
    total_iterations: run.iterations,
    stop_reason: run.stopReason,
    error: run.error,
    usage: {
      prompt_tokens: run.usage.promptTokens,
      completion_tokens: run.usage.completionTokens,
      cost_usd: run.usage.costUsd,
    },
    start_time: run.startTime,
    end_time: run.endTime,
    duration_seconds: run.durationSeconds,
    isolation: run.isolation,
    measurement: run.measurement,
    steps: run.steps.map(stepDocument),
    kind: run.kind,
    source: run.source,
  };
}

function stepDocument(step: ReportStep): JsonDocument {
  return {
    iteration: step.iteration,
    action: step.action,
    verdict: step.verdict,
    reason: step.reason,
    performance: step.value,
    metrics: metricsDocument(step.metrics),
    duration_seconds: step.durationSeconds,
  };
}

function metricsDocument(metrics: ReportMetrics): JsonDocument {
  return {
    pass_rate: metrics.passRate,
    runtime: metrics.runtime,
    memory: metrics.memory,
    integral: metrics.integral,
  };
}
