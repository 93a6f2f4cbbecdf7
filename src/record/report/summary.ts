/** Runs as a table and as totals. Pure. */
import type { Column, Table } from "../../lib/table/table.ts";
import type { ReportRun, RunStatus } from "./run.ts";

export interface Totals {
  readonly runs: number;
  readonly byStatus: Readonly<Record<RunStatus, number>>;
  /** Error code → runs that ended by it. */
  readonly errors: Readonly<Record<string, number>>;
  /** Geometric mean of initial / final over the ended runs that have both; null when none has. */
  readonly meanRatio: number | null;
  /** Runs in that mean. */
  readonly ratios: number;
  readonly iterations: number;
  /** Sums over the runs that know the number; null when none does. */
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  readonly costUsd: number | null;
  readonly durationSeconds: number | null;
}

export function totalsOf(runs: readonly ReportRun[]): Totals {
  const ratios = runs.flatMap((run) => (run.status === "unfinished" ? [] : (run.ratio ?? [])));
  const count = (status: RunStatus): number => runs.filter((run) => run.status === status).length;
  const errors: Record<string, number> = {};
  for (const run of runs) if (run.error !== null) errors[run.error.code] = (errors[run.error.code] ?? 0) + 1;
  return {
    runs: runs.length,
    byStatus: {
      improved: count("improved"),
      not_improved: count("not_improved"),
      failed: count("failed"),
      error: count("error"),
      unfinished: count("unfinished"),
    },
    errors,
    meanRatio:
      ratios.length === 0
        ? null
        : Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length),
    ratios: ratios.length,
    iterations: runs.reduce((sum, run) => sum + (run.iterations ?? 0), 0),
    promptTokens: sumOf(runs.map((run) => run.usage.promptTokens)),
    completionTokens: sumOf(runs.map((run) => run.usage.completionTokens)),
    costUsd: sumOf(runs.map((run) => run.usage.costUsd)),
    durationSeconds: sumOf(runs.map((run) => run.durationSeconds)),
  };
}

/** One row per run; a column that no run has a value for is left out. */
export function runsTable(runs: readonly ReportRun[]): Table {
  const shown = COLUMNS.filter(
    ({ optional, cell }) => optional !== true || runs.some((run) => cell(run) !== null),
  );
  return {
    title: "",
    columns: shown.map(({ key, label, align, decimals }) => ({
      key,
      label,
      align,
      ...(decimals === undefined ? {} : { decimals }),
    })),
    rows: runs.map((run) => shown.map(({ cell }) => cell(run))),
    notes: totalsSentences(totalsOf(runs)),
  };
}

/** The totals in words, one sentence each. */
export function totalsSentences(totals: Totals): string[] {
  const { byStatus } = totals;
  const parts = (Object.keys(STATUS_WORDS) as RunStatus[])
    .filter((status) => byStatus[status] > 0)
    .map((status) => `${byStatus[status]} ${STATUS_WORDS[status]}`);
  const sentences = [`${plural(totals.runs, "run")}: ${parts.join(", ") || "none"}.`];
  if (totals.meanRatio !== null) {
    sentences.push(
      `Geometric mean of initial / final over ${plural(totals.ratios, "run")}: ${totals.meanRatio.toFixed(2)}×.`,
    );
  }
  const spent = [
    totals.promptTokens === null ? "" : `${totals.promptTokens} prompt tokens`,
    totals.completionTokens === null ? "" : `${totals.completionTokens} completion tokens`,
    totals.costUsd === null ? "" : `${totals.costUsd.toFixed(4)} USD`,
  ].filter((part) => part !== "");
  if (spent.length > 0) sentences.push(`Spent: ${spent.join(", ")}.`);
  return sentences;
}

export const STATUS_WORDS: Readonly<Record<RunStatus, string>> = {
  improved: "improved",
  not_improved: "not improved",
  failed: "failed",
  error: "ended by an error",
  unfinished: "unfinished",
};

// --- internal ---

interface RunColumn extends Column {
  readonly cell: (run: ReportRun) => string | number | null;
  /** Left out when no run has it. */
  readonly optional?: true;
}

const COLUMNS: readonly RunColumn[] = [
  { key: "instance_id", label: "instance", align: "left", cell: (run) => run.instanceId },
  { key: "language", label: "language", align: "left", optional: true, cell: (run) => run.language },
  { key: "model", label: "model", align: "left", optional: true, cell: (run) => run.model },
  { key: "target", label: "target", align: "left", optional: true, cell: (run) => run.target },
  { key: "status", label: "status", align: "left", cell: (run) => STATUS_WORDS[run.status] },
  { key: "initial", label: "initial", align: "right", optional: true, cell: (run) => run.initial },
  { key: "final", label: "final", align: "right", optional: true, cell: (run) => run.final },
  { key: "unit", label: "unit", align: "left", optional: true, cell: (run) => run.unit || null },
  { key: "ratio", label: "ratio", align: "right", decimals: 2, optional: true, cell: (run) => run.ratio },
  {
    key: "ratio_low",
    label: "low",
    align: "right",
    decimals: 2,
    optional: true,
    cell: (run) => run.interval?.[0] ?? null,
  },
  {
    key: "ratio_high",
    label: "high",
    align: "right",
    decimals: 2,
    optional: true,
    cell: (run) => run.interval?.[1] ?? null,
  },
  { key: "ratio_metric", label: "of", align: "left", optional: true, cell: (run) => run.ratioMetric },
  {
    key: "pass_rate",
    label: "pass rate",
    align: "right",
    decimals: 3,
    optional: true,
    cell: (run) => run.metrics.passRate,
  },
  {
    key: "runtime_s",
    label: "runtime s",
    align: "right",
    optional: true,
    cell: (run) => run.metrics.runtime,
  },
  { key: "memory_mb", label: "memory MB", align: "right", optional: true, cell: (run) => run.metrics.memory },
  {
    key: "integral_mb_s",
    label: "integral MB·s",
    align: "right",
    optional: true,
    cell: (run) => run.metrics.integral,
  },
  { key: "iterations", label: "rounds", align: "right", optional: true, cell: (run) => run.iterations },
  {
    key: "cost_usd",
    label: "USD",
    align: "right",
    decimals: 4,
    optional: true,
    cell: (run) => run.usage.costUsd,
  },
  { key: "stop_reason", label: "stopped by", align: "left", optional: true, cell: (run) => run.stopReason },
  { key: "error", label: "error", align: "left", optional: true, cell: (run) => run.error?.code ?? null },
];

function sumOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
