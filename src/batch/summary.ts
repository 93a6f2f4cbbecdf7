/** What a batch came to. Pure. */
import type { ErrorCode } from "../errors.ts";
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
  /** Not begun before the batch was stopped or its budget was used up. */
  readonly skipped: number;
  /** Of all these, ended in an earlier process. */
  readonly finished_before: number;
  readonly totals: BatchTotals;
  readonly usage: Readonly<Record<string, number | null>>;
  readonly shard: Shard | null;
  readonly start_time: string;
  readonly end_time: string;
  /** The figures of each task, as the table shows them. */
  readonly instances: Readonly<Record<string, InstanceSummary>>;
  /** Each task's whole result, or why it has none. */
  readonly results: Readonly<Record<string, unknown>>;
}

export interface BatchTotals {
  /** Instances with a program that passes all tests. */
  readonly solved: number;
  /** Geometric means of initial / final over the instances that ended in order and have both; null where there is none. */
  readonly speedup: number | null;
  readonly memory_ratio: number | null;
  readonly integral_ratio: number | null;
  readonly iterations: number;
  /** Error code, or "no_program_passes" → number of instances. */
  readonly failed_by_cause: Readonly<Record<string, number>>;
  /** Error code → number of instances that were not begun because of it. */
  readonly skipped_by_cause: Readonly<Record<string, number>>;
}

/** A ratio is initial / final, above 1 where the final program is better; what is not known is null. */
export interface InstanceSummary {
  readonly verdict: Verdict;
  /** Of the time: from the confirming pairs where they were judged by a time. */
  readonly speedup: number | null;
  /** 95 % interval of the confirming pairs. */
  readonly interval: readonly [number, number] | null;
  /** What the interval is about: the metric that the run was judged by. */
  readonly interval_metric: string | null;
  readonly memory_ratio: number | null;
  readonly integral_ratio: number | null;
  readonly iterations: number | null;
  readonly tokens: number | null;
  readonly cost_usd: number | null;
  /** Time that the instance took, in the process that finished it. */
  readonly seconds: number | null;
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
}

export type Verdict = "improved" | "not_improved" | "failed" | "skipped";

export function summarizeBatch(
  entries: readonly BatchEntry[],
  context: { readonly shard: Shard | null; readonly startTime: string; readonly endTime: string },
): BatchSummary {
  const count = (verdict: Verdict): number => entries.filter((entry) => verdictOf(entry) === verdict).length;
  return {
    total_instances: entries.length,
    successful: count("improved"),
    not_improved: count("not_improved"),
    failed: count("failed"),
    skipped: count("skipped"),
    finished_before: entries.filter(({ wasFinished }) => wasFinished).length,
    totals: totalsOf(entries),
    usage: usageOf(entries),
    shard: context.shard,
    start_time: context.startTime,
    end_time: context.endTime,
    instances: Object.fromEntries(entries.map((entry) => [entry.task.key, summarizeEntry(entry)])),
    results: Object.fromEntries(entries.map((entry) => [entry.task.key, documentOf(entry)])),
  };
}

export function summarizeEntry(entry: BatchEntry): InstanceSummary {
  const { result } = entry;
  const confirmed = result === null ? null : confirmationOf(result);
  const usage = (result?.usage ?? {}) as Metrics;
  return {
    verdict: verdictOf(entry),
    speedup: speedupOf(result),
    interval: confirmed?.interval ?? null,
    interval_metric: confirmed?.interval == null ? null : confirmed.metric,
    memory_ratio: ratioOf(result, "memory"),
    integral_ratio: ratioOf(result, "integral"),
    iterations: result === null ? null : Number(result.total_iterations),
    tokens: tokensOf(usage),
    cost_usd: usage.cost_usd ?? null,
    seconds: secondsOf(entry),
    error: entry.error ?? entry.skipped,
  };
}

/** Whether a metric is a time: a target of running time may be judged by processor time, which is less noisy. */
export function isTime(metric: string): boolean {
  return metric === "runtime" || metric === "cpu_time";
}

export function verdictOf(entry: BatchEntry): Verdict {
  if (entry.status === "not_run") return "skipped";
  if (entry.status === "failed" || entry.result === null) return "failed";
  if (entry.result.success) return "improved";
  return passes(entry.result) ? "not_improved" : "failed";
}

// --- internal ---

type Metrics = Readonly<Record<string, number | null>>;

interface Confirmation {
  readonly metric: string;
  readonly ratio: number | null;
  readonly interval: readonly [number, number] | null;
}

function confirmationOf(result: ResultDocument): Confirmation | null {
  return result.speedup as Confirmation | null;
}

/** The ratio that the interval belongs to, where there is one: the means of the passes may differ from it a little. */
function speedupOf(result: ResultDocument | null): number | null {
  const confirmed = result === null ? null : confirmationOf(result);
  if (confirmed != null && isTime(confirmed.metric) && confirmed.ratio !== null) return confirmed.ratio;
  return ratioOf(result, "runtime");
}

function ratioOf(result: ResultDocument | null, metric: string): number | null {
  const before = (result?.initial_metrics as Metrics | undefined)?.[metric];
  const after = (result?.final_metrics as Metrics | undefined)?.[metric];
  return typeof before === "number" && typeof after === "number" && after > 0 && before > 0
    ? before / after
    : null;
}

function passes(result: ResultDocument): boolean {
  return (result.final_metrics as Metrics).pass_rate === 1;
}

function tokensOf({ prompt_tokens: prompt, completion_tokens: completion }: Metrics): number | null {
  return prompt == null || completion == null ? null : prompt + completion;
}

function secondsOf({ status, wasFinished, result, seconds }: BatchEntry): number | null {
  if (status === "not_run") return null;
  return wasFinished ? ((result?.duration_seconds as number | null | undefined) ?? null) : seconds;
}

function documentOf(entry: BatchEntry): unknown {
  if (entry.skipped !== null) return { skipped: true, reason: entry.skipped };
  if (entry.error === null) return entry.result;
  // What was reached before the failure is worth keeping.
  return entry.result === null ? { error: entry.error } : { ...entry.result, error: entry.error };
}

function totalsOf(entries: readonly BatchEntry[]): BatchTotals {
  const results = entries.flatMap(({ result }) => (result === null ? [] : [result]));
  // What a run had in hand when it was cut short is not proven.
  const ended = entries.flatMap(({ result, status }) =>
    result === null || status !== "ended" ? [] : [result],
  );
  const failed = entries.filter((entry) => verdictOf(entry) === "failed");
  return {
    solved: results.filter(passes).length,
    speedup: geometricMean(ended.map(speedupOf)),
    memory_ratio: geometricMean(ended.map((result) => ratioOf(result, "memory"))),
    integral_ratio: geometricMean(ended.map((result) => ratioOf(result, "integral"))),
    iterations: results.reduce((sum, result) => sum + Number(result.total_iterations), 0),
    failed_by_cause: countBy(failed.map(({ error }) => error?.code ?? "no_program_passes")),
    skipped_by_cause: countBy(entries.flatMap(({ skipped }) => (skipped === null ? [] : [skipped.code]))),
  };
}

function countBy(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
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
