/** The table at the end of a batch. Pure. */
import type { BatchEntry } from "../../batch/index.ts";
import { type BatchSummary, type InstanceSummary, isTime } from "../../batch/summary.ts";
import { shortNumber } from "../run/summary.ts";

/** One line for each instance that was begun, then the totals, then what may help against the failures. */
export function batchTable(summary: BatchSummary, entries: readonly BatchEntry[]): string {
  const begun = Object.entries(summary.instances).filter(([, { verdict }]) => verdict !== "skipped");
  const rows = begun.map(([key, instance]) => row(key, instance));
  // A column that nobody has a value for says nothing.
  const shown = HEADER.map((_, column) => column).filter(
    (column) => column < 2 || rows.some((cells) => cells[column] !== ""),
  );
  const widths = HEADER.map((_, column) =>
    Math.max(...[HEADER, ...rows].map((cells) => Bun.stringWidth(cells[column] ?? ""))),
  );
  const lines = [HEADER, ...rows].map((cells) =>
    shown
      .map((column) => pad(cells[column] ?? "", widths[column] ?? 0, column))
      .join("  ")
      .trimEnd(),
  );
  const table = rows.length === 0 ? "" : `\n${lines.join("\n")}\n`;
  return `${table}\n${[...totals(summary), ...hints(entries)].join("\n")}\n`;
}

/** What one line says of an error: its kind and its first line. */
export function shortError({ code, message }: { readonly code: string; readonly message: string }): string {
  const [first = ""] = Bun.stripANSI(message).split("\n", 1);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is being removed
  return `${code}: ${first.replace(/[\u0000-\u001f\u007f]/g, " ")}`;
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

const SHOWN_HINTS = 3;

/** Words are left, numbers right. */
const WORD_COLUMNS: ReadonlySet<number> = new Set([0, 1, 3, 10]);

function row(key: string, instance: InstanceSummary): readonly string[] {
  return [
    key,
    instance.verdict.replace("_", " "),
    ratio(instance.speedup),
    interval(instance),
    ratio(instance.memory_ratio),
    ratio(instance.integral_ratio),
    text(instance.iterations),
    text(instance.tokens),
    instance.cost_usd === null ? "" : instance.cost_usd.toFixed(4),
    instance.seconds === null ? "" : `${instance.seconds.toFixed(1)} s`,
    instance.error === null ? "" : shortError(instance.error),
  ];
}

/** The metric is named where it is not the one of the column before. */
function interval({ interval: bounds, interval_metric: metric }: InstanceSummary): string {
  if (bounds === null) return "";
  const range = bounds.map(shortNumber).join(" to ");
  return metric === null || isTime(metric) ? range : `${metric} ${range}`;
}

function totals(summary: BatchSummary): readonly string[] {
  const { totals: all } = summary;
  const part = summary.shard === null ? "" : `Part ${summary.shard.index} of ${summary.shard.count}. `;
  return [
    `${part}${summary.total_instances} instances: ${summary.successful} improved, ${summary.not_improved} not improved, ` +
      `${summary.failed} failed${causes(all.failed_by_cause)}, ${summary.skipped} not begun${causes(all.skipped_by_cause)}; ` +
      `${all.solved} with a program that passes all tests.`,
    `Geometric means of before / after: speed-up ${ratio(all.speedup) || "—"}, ` +
      `memory ${ratio(all.memory_ratio) || "—"}, integral ${ratio(all.integral_ratio) || "—"}.`,
    ...spent(summary),
    ...reasons(summary),
  ];
}

function causes(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([cause, count]) => `${count} ${cause.replaceAll("_", " ")}`);
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

function spent({ totals: all, usage }: BatchSummary): readonly string[] {
  const { calls, prompt_tokens: prompt, completion_tokens: completion, cost_usd: cost } = usage;
  if (!calls) return [];
  const tokens =
    prompt == null || completion == null ? "" : `, ${prompt} prompt and ${completion} answer tokens`;
  return [
    `${all.iterations} rounds, ${calls} calls${tokens}${cost == null ? "" : `, ${cost.toFixed(4)} USD`}.`,
  ];
}

/** Why instances were not begun, each reason once. */
function reasons({ instances }: BatchSummary): readonly string[] {
  const messages = Object.values(instances).flatMap(({ verdict, error }) =>
    verdict === "skipped" && error !== null && error.code !== "interrupted" ? [error.message] : [],
  );
  return [...new Set(messages)].map((message) => `Not begun: ${message}`);
}

/** Each hint once: a hundred instances may fail for one reason. */
function hints(entries: readonly BatchEntry[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { hint } of entries) if (hint !== "") counts.set(hint, (counts.get(hint) ?? 0) + 1);
  const usual = [...counts].sort(([, a], [, b]) => b - a).slice(0, SHOWN_HINTS);
  return usual.map(([hint]) => `hint: ${hint}`);
}

function ratio(value: number | null): string {
  return value === null ? "" : `${shortNumber(value)}×`;
}

function text(value: number | null): string {
  return value === null ? "" : String(value);
}

function pad(cell: string, width: number, column: number): string {
  const blanks = " ".repeat(Math.max(0, width - Bun.stringWidth(cell)));
  return WORD_COLUMNS.has(column) ? cell + blanks : blanks + cell;
}
