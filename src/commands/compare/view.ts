/** How a comparison is shown: as the JSON document of `compare`, and as text for a person. Pure. */
import { describeComparison } from "../../agent/feedback.ts";
import { renderTextTable } from "../../lib/table/text.ts";
import type { Comparison, Evaluation, Sample, SandboxInfo, TestCase, TestTimes } from "../../types.ts";

export interface CompareReport {
  readonly comparison: Comparison;
  readonly seed: number | null;
  readonly baseline: ComparedProgram;
  readonly candidate: ComparedProgram;
  readonly sandbox: SandboxInfo;
  readonly tests: readonly TestCase[];
}

export interface ComparedProgram {
  /** Path of the file. */
  readonly file: string;
  readonly evaluation: Evaluation;
  /** Of the comparison's own passes, by the reporting rule. */
  readonly metrics: Sample;
}

/** The document that `compare --json` prints. A value that was not measured is null. */
export function compareDocument(report: CompareReport): Readonly<Record<string, unknown>> {
  const { comparison, sandbox, seed } = report;
  return {
    verdict: comparison.verdict,
    metric: comparison.metric,
    ratio: comparison.ratio,
    interval: comparison.interval,
    pairs: comparison.pairs.length,
    p_value: comparison.pValue,
    reason: comparison.reason,
    min_effect: comparison.criterion?.minEffect ?? null,
    max_pairs: comparison.criterion?.maxPairs ?? null,
    seed,
    isolation: sandbox.isolation,
    measurement: sandbox.measurement,
    baseline: programDocument(report.baseline),
    candidate: programDocument(report.candidate),
    tests: comparison.perTest.map(({ a, b }, index) => ({
      index,
      baseline: timesDocument(a),
      candidate: timesDocument(b),
    })),
    failures: comparison.failures.map(({ index, status, exitCode, signal, message }) => ({
      index,
      status,
      exit_code: exitCode,
      signal,
      message,
    })),
  };
}

/**
 * The same for a person: the verdict first, both programs' metrics under it.
 *
 * @param perTest Adds a table with each test's times.
 */
export function compareText(report: CompareReport, perTest: boolean): string {
  const { comparison } = report;
  const parts = [`${VERDICTS[comparison.verdict]}: ${describeComparison(comparison)}\n`];
  if (comparison.verdict !== "incorrect") parts.push(`Why: ${comparison.reason}.\n`);
  const metrics = metricsTable(report);
  if (metrics !== null) parts.push(`\n${metrics}`);
  if (comparison.verdict === "incorrect") parts.push(`\n${failuresTable(report)}`);
  else if (perTest && comparison.perTest.length > 0) parts.push(`\n${perTestTable(report)}`);
  return parts.join("");
}

// --- internal ---

const VERDICTS: Readonly<Record<Comparison["verdict"], string>> = {
  faster: "The candidate is better",
  slower: "The candidate is worse",
  no_difference: "No difference is proven",
  incorrect: "The candidate is not correct",
};

const METRICS = ["runtime", "cpu_time", "memory", "integral"];

function programDocument({ file, evaluation, metrics }: ComparedProgram): Readonly<Record<string, unknown>> {
  const own = Object.entries(metrics).filter(([name]) => !METRICS.includes(name));
  return {
    file,
    passed: evaluation.passed,
    pass_rate: evaluation.passRate,
    ...Object.fromEntries(METRICS.map((name) => [name, metrics[name] ?? null])),
    ...Object.fromEntries(own),
    build: evaluation.build,
  };
}

function timesDocument({ wallNs, cpuUs }: TestTimes["a"]): Readonly<Record<string, number | null>> {
  return { wall_ns: wallNs, cpu_us: cpuUs };
}

const UNITS: Readonly<Record<string, string>> = {
  runtime: "s",
  cpu_time: "s",
  memory: "MB",
  integral: "MB·s",
};

function metricsTable({ baseline, candidate, comparison, sandbox }: CompareReport): string | null {
  const names = Object.keys(baseline.metrics).filter((name) => Object.hasOwn(candidate.metrics, name));
  if (names.length === 0) return null;
  return renderTextTable({
    title: "",
    columns: [
      { key: "metric", label: "metric", align: "left" },
      { key: "baseline", label: "baseline", align: "right" },
      { key: "candidate", label: "candidate", align: "right" },
      { key: "unit", label: "", align: "left" },
    ],
    rows: names.map((name) => [
      name,
      baseline.metrics[name] ?? null,
      candidate.metrics[name] ?? null,
      Object.hasOwn(UNITS, name) ? (UNITS[name] ?? "") : "",
    ]),
    notes: [
      `Trimmed means${comparison.pairs.length === 0 ? "" : ` of ${comparison.pairs.length} passes each, measured in turns`} ` +
        `(isolation ${sandbox.isolation}, ${sandbox.measurement}).`,
    ],
  });
}

function perTestTable({ comparison, tests }: CompareReport): string {
  return renderTextTable({
    title: "",
    columns: [
      { key: "test", label: "test", align: "right" },
      { key: "input_bytes", label: "input bytes", align: "right", decimals: 0 },
      { key: "baseline_ms", label: "baseline ms", align: "right", decimals: 3 },
      { key: "candidate_ms", label: "candidate ms", align: "right", decimals: 3 },
      { key: "ratio", label: "ratio", align: "right", decimals: 2 },
    ],
    rows: comparison.perTest.map(({ a, b }, index) => {
      const before = milliseconds(a, comparison.metric);
      const after = milliseconds(b, comparison.metric);
      const ratio = before === null || after === null || after === 0 ? null : before / after;
      return [String(index), Buffer.byteLength(tests[index]?.input ?? ""), before, after, ratio];
    }),
    notes: [`Medians over the pairs, ${comparison.metric === "cpu_time" ? "CPU" : "wall"} time.`],
  });
}

function milliseconds({ wallNs, cpuUs }: TestTimes["a"], metric: string): number | null {
  if (metric === "cpu_time") return cpuUs === null ? null : cpuUs / 1e3;
  return wallNs === null ? null : wallNs / 1e6;
}

function failuresTable({ comparison }: CompareReport): string {
  const shown = comparison.failures.slice(0, FAILURES_SHOWN);
  const left = comparison.failures.length - shown.length;
  return renderTextTable({
    title: "",
    columns: [
      { key: "test", label: "test", align: "right" },
      { key: "result", label: "result", align: "left" },
    ],
    rows: shown.map(({ index, status, message }) => [
      String(index),
      message === "" ? status.replaceAll("_", " ") : `${status.replaceAll("_", " ")} (${message})`,
    ]),
    notes: left > 0 ? [`… and ${left} more.`] : [],
  });
}

/** More failing tests than this say nothing new on a screen; `--json` has them all. */
const FAILURES_SHOWN = 10;
