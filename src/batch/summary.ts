/** What a batch came to. Pure. */
import type { ResultDocument } from "../record/result.ts";
import type { BatchEntry } from "./index.ts";
import type { Shard } from "./tasks.ts";

/** The document at `--output` and in the batch's folder; keys are its own. */
export interface BatchSummary {
  readonly total_instances: number;
  /** A better program was found and proven. */
  readonly successful: number;
  /** Ended in order, with a program that passes all tests and none that is better. */
  readonly not_improved: number;
  /** An error, or no program that passes all tests. */
  readonly failed: number;
  /** Not begun before the batch was stopped. */
  readonly skipped: number;
  /** Of all these, ended in an earlier process. */
  readonly finished_before: number;
  readonly totals: BatchTotals;
  readonly usage: Readonly<Record<string, number | null>>;
  readonly shard: Shard | null;
  readonly start_time: string;
  readonly end_time: string;
  readonly results: Readonly<Record<string, unknown>>;
}

export interface BatchTotals {
  /** Instances with a program that passes all tests. */
  readonly solved: number;
  /** Geometric means of initial / final over the instances where both were measured; null where there is none. */
  readonly speedup: number | null;
  readonly memory_ratio: number | null;
  readonly integral_ratio: number | null;
  readonly iterations: number;
  /** Error code, or "no_program_passes" → number of instances. */
  readonly failed_by_cause: Readonly<Record<string, number>>;
}

export function summarizeBatch(
  entries: readonly BatchEntry[],
  context: { readonly shard: Shard | null; readonly startTime: string; readonly endTime: string },
): BatchSummary {
  const count = (kind: EntryKind): number => entries.filter((entry) => kindOf(entry) === kind).length;
  return {
    total_instances: entries.length,
    successful: count("successful"),
    not_improved: count("not_improved"),
    failed: count("failed"),
    skipped: count("skipped"),
    finished_before: entries.filter(({ wasFinished }) => wasFinished).length,
    totals: totalsOf(entries),
    usage: usageOf(entries),
    shard: context.shard,
    start_time: context.startTime,
    end_time: context.endTime,
    results: Object.fromEntries(entries.map((entry) => [entry.task.key, documentOf(entry)])),
  };
}

export type EntryKind = "successful" | "not_improved" | "failed" | "skipped";

/** Which of the four counts an entry belongs to. */
export function kindOf(entry: BatchEntry): EntryKind {
  if (entry.status === "not_run") return "skipped";
  if (entry.status === "failed" || entry.result === null) return "failed";
  if (entry.result.success) return "successful";
  return passes(entry.result) ? "not_improved" : "failed";
}

/** initial / final of a metric; null where one of them was not measured. */
export function ratioOf(result: ResultDocument, metric: string): number | null {
  const before = (result.initial_metrics as Metrics | undefined)?.[metric];
  const after = (result.final_metrics as Metrics | undefined)?.[metric];
  return typeof before === "number" && typeof after === "number" && after > 0 && before > 0
    ? before / after
    : null;
}

// --- internal ---

type Metrics = Readonly<Record<string, number | null>>;

function passes(result: ResultDocument): boolean {
  return (result.final_metrics as Metrics).pass_rate === 1;
}

function documentOf(entry: BatchEntry): unknown {
  if (entry.status === "not_run") return { skipped: true };
  if (entry.error === null) return entry.result;
  // What was reached before the failure is worth keeping.
  return entry.result === null ? { error: entry.error } : { ...entry.result, error: entry.error };
}

function totalsOf(entries: readonly BatchEntry[]): BatchTotals {
  const results = entries.flatMap(({ result }) => (result === null ? [] : [result]));
  const causes: Record<string, number> = {};
  for (const entry of entries) {
    if (kindOf(entry) !== "failed") continue;
    const cause = entry.error?.code ?? "no_program_passes";
    causes[cause] = (causes[cause] ?? 0) + 1;
  }
  return {
    solved: results.filter(passes).length,
    speedup: geometricMean(results.map((result) => ratioOf(result, "runtime"))),
    memory_ratio: geometricMean(results.map((result) => ratioOf(result, "memory"))),
    integral_ratio: geometricMean(results.map((result) => ratioOf(result, "integral"))),
    iterations: results.reduce((sum, result) => sum + Number(result.total_iterations), 0),
    failed_by_cause: causes,
  };
}

function geometricMean(ratios: readonly (number | null)[]): number | null {
  const known = ratios.filter((ratio) => ratio !== null);
  if (known.length === 0) return null;
  return Math.exp(known.reduce((sum, ratio) => sum + Math.log(ratio), 0) / known.length);
}

/** Sums over the results; a number that one of them does not know is unknown in the sum. */
function usageOf(entries: readonly BatchEntry[]): Readonly<Record<string, number | null>> {
  const usages = entries.flatMap(({ result }) => (result === null ? [] : [result.usage as Metrics]));
  const keys = [
    "calls",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "cost_usd",
  ];
  const sum = (key: string): number | null => {
    let total = 0;
    for (const usage of usages) {
      const value = usage[key];
      if (typeof value !== "number") return null;
      total += value;
    }
    return total;
  };
  return Object.fromEntries(keys.map((key) => [key, sum(key)]));
}
