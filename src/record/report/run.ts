/** What a report shows, whatever file it came from. A value that was not measured or not recorded is null. */
import type { Verdict } from "../../events.ts";

/** Which kind of file a run was read from. */
export type SourceKind = "result" | "trajectory" | "journal" | "evaluation";

/**
 * `improved`: the final program is proven better. `not_improved`: it passes, and is the best that was found.
 * `failed`: no program passed all tests. `error`: the run ended by an error. `unfinished`: it has no end on record.
 */
export type RunStatus = "improved" | "not_improved" | "failed" | "error" | "unfinished";

/** Metrics of one program in the units of the instance format: s, MB, MB·s. */
export interface ReportMetrics {
  readonly runtime: number | null;
  readonly memory: number | null;
  readonly integral: number | null;
  readonly passRate: number | null;
}

export interface ReportStep {
  /** 0 is the initial evaluation; model rounds count from 1. */
  readonly iteration: number;
  readonly action: "initial_evaluation" | "generate_optimization";
  readonly verdict: Verdict | null;
  /** Why, in words; empty when nothing was recorded. */
  readonly reason: string;
  readonly metrics: ReportMetrics;
  /** The optimized metric's value. */
  readonly value: number | null;
  /** The change as text: a unified diff or the answer's edit blocks; empty when there is none. */
  readonly diff: string;
  readonly durationSeconds: number | null;
}

export interface ReportUsage {
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  readonly costUsd: number | null;
}

export interface ReportRun {
  readonly instanceId: string;
  /** A language's registry key, or the file's own word for it. */
  readonly language: string | null;
  readonly target: string | null;
  /** Unit of `initial`, `final` and the steps' values. */
  readonly unit: string;
  readonly model: string | null;
  readonly status: RunStatus;
  readonly initial: number | null;
  readonly final: number | null;
  /** initial / final: above 1 is better. From pairs measured side by side where the run made them. */
  readonly ratio: number | null;
  /** 95 % interval of the ratio; only pairs have one. */
  readonly interval: readonly [number, number] | null;
  /** The metric that the pairs were compared on, which may be another than the reported one ("cpu_time" for runtime). */
  readonly ratioMetric: string | null;
  readonly metrics: ReportMetrics;
  /** Model rounds. */
  readonly iterations: number | null;
  readonly stopReason: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly usage: ReportUsage;
  readonly startTime: string | null;
  readonly endTime: string | null;
  readonly durationSeconds: number | null;
  readonly cpu: string | null;
  readonly isolation: string | null;
  readonly measurement: string | null;
  /** Human costs that the file itself carries. */
  readonly canonical: CanonicalCosts | null;
  readonly steps: readonly ReportStep[];
  readonly initialCode: string | null;
  readonly finalCode: string | null;
  readonly kind: SourceKind;
  /** The file. */
  readonly source: string;
}

export interface CanonicalCosts {
  readonly runtime: number | null;
  readonly memory: number | null;
  readonly integral: number | null;
}

/** Human costs of one instance in one language, as a file of their own holds them. */
export interface CanonicalRecord {
  readonly instanceId: string;
  readonly language: string;
  readonly costs: CanonicalCosts;
  readonly cpu: string | null;
  readonly measuredAt: string | null;
  readonly source: string;
}

/** What one file gave. */
export interface FileContent {
  readonly runs: readonly ReportRun[];
  readonly canonicals: readonly CanonicalRecord[];
  readonly warnings: readonly string[];
}

/** initial / final where both were measured. */
export function ratioOf(initial: number | null, final: number | null): number | null {
  return initial === null || final === null || final <= 0 ? null : initial / final;
}

/** Whether the final program passes all tests; null when that is not known, and while a run has no final program. */
export function passes(run: ReportRun): boolean | null {
  if (run.status === "unfinished") return null;
  if (run.metrics.passRate !== null) return run.metrics.passRate >= 1;
  return run.status === "failed" || run.status === "error" ? false : null;
}
