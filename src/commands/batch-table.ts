/** The table at the end of a batch. Pure. */
import type { BatchEntry } from "../batch/index.ts";
import { type BatchSummary, kindOf, ratioOf } from "../batch/summary.ts";
import { shortNumber } from "./run-summary.ts";

/** One line for each instance, then the totals. */
export function batchTable(entries: readonly BatchEntry[], summary: BatchSummary): string {
  const rows = [HEADER, ...entries.map(row)];
  const widths = HEADER.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const lines = rows.map((cells) =>
    cells
      .map((cell, column) => pad(cell, widths[column] ?? 0, column))
      .join("  ")
      .trimEnd(),
  );
  return `\n${lines.join("\n")}\n\n${totals(summary)}\n`;
}

// --- internal ---

const HEADER = [
  "instance",
  "verdict",
  "speed-up",
  "95 % interval",
  "memory",
  "integral",
  "rounds",
  "tokens",
  "USD",
  "time",
  "error",
];

/** Words are left, numbers right. */
const WORD_COLUMNS: ReadonlySet<number> = new Set([0, 1, 3, 10]);

function row(entry: BatchEntry): readonly string[] {
  const { result, error, task } = entry;
  const verdict = kindOf(entry).replace("_", " ");
  const problem = error === null ? "" : `${error.code}: ${error.message.split("\n", 1)[0]}`;
  if (result === null)
    return [task.key, verdict, "", "", "", "", "", "", "", seconds(entry.seconds), problem];
  const speedup = result.speedup as { ratio: number | null; interval: readonly number[] | null } | null;
  const usage = result.usage as Readonly<Record<string, number | null>>;
  const tokens =
    usage.prompt_tokens == null || usage.completion_tokens == null
      ? null
      : usage.prompt_tokens + usage.completion_tokens;
  return [
    task.key,
    verdict,
    ratio(ratioOf(result, "runtime")),
    speedup?.interval == null ? "" : speedup.interval.map(shortNumber).join(" to "),
    ratio(ratioOf(result, "memory")),
    ratio(ratioOf(result, "integral")),
    String(result.total_iterations),
    tokens === null ? "" : String(tokens),
    usage.cost_usd == null ? "" : usage.cost_usd.toFixed(4),
    seconds(entry.seconds),
    problem,
  ];
}

function totals(summary: BatchSummary): string {
  const { totals: all } = summary;
  const causes = Object.entries(all.failed_by_cause).map(([cause, count]) => `${count} ${cause}`);
  const failed = causes.length === 0 ? "" : ` (${causes.join(", ")})`;
  const lines = [
    `${summary.total_instances} instances: ${summary.successful} improved, ${summary.not_improved} not improved, ` +
      `${summary.failed} failed${failed}, ${summary.skipped} not run; ${all.solved} have a program that passes all tests`,
    `geometric means over those measured before and after: speed-up ${ratio(all.speedup) || "—"}, ` +
      `memory ${ratio(all.memory_ratio) || "—"}, integral ${ratio(all.integral_ratio) || "—"}`,
  ];
  return lines.join("\n");
}

function ratio(value: number | null): string {
  return value === null ? "" : `${shortNumber(value)}×`;
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

function pad(cell: string, width: number, column: number): string {
  return WORD_COLUMNS.has(column) ? cell.padEnd(width) : cell.padStart(width);
}
