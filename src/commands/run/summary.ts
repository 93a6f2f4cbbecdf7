/** What a person reads at the end of a run. Pure. */
import { confirmationOf, finalMetrics, initialMetrics, type RecordedRun } from "../../record/fold.ts";
import type { RunOutcome } from "../../run/outputs.ts";
import type { Sample } from "../../types.ts";

/** Before, after, ratio, what was tried and why it was kept or not, and where the files are. */
export function runSummary(outcome: RunOutcome): string {
  const { run, paths } = outcome;
  const { started } = run;
  const lines = [
    `${started.instanceId} (${started.language}, target ${started.target}): ${headline(run)}`,
    "",
    ...metricLines(run),
    ...roundLines(run),
    ...checkLines(run),
    `Stopped: ${STOP_WORDS[run.ended?.stopReason ?? "error"]}.${wasContinued(outcome)}`,
    `Best program: ${paths.prediction}`,
    `All files:    ${paths.directory}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** A number with three significant digits, as all tables of a run show it. */
export function shortNumber(value: number | undefined): string {
  if (value === undefined) return "not measured";
  if (value === 0 || Math.abs(value) >= 1000) return value.toFixed(0);
  return value.toPrecision(3);
}

// --- internal ---

const STOP_WORDS = {
  max_iterations: "all rounds were made",
  early_stop: "too many rounds in a row without improvement",
  answers_exhausted: "the recorded answers ran out",
  budget_exhausted: "the budget is used up",
  model_failed: "the model could not be asked any more",
  backend_failed: "programs could not be run any more",
  interrupted: "interrupted",
  error: "an error",
} as const;

const UNITS: Readonly<Record<string, string>> = {
  runtime: " s",
  cpu_time: " s",
  memory: " MB",
  integral: " MB·s",
};

function headline(run: RecordedRun): string {
  const { final, ended } = run;
  if (final.evaluation === null) return "no program was measured";
  if (!final.evaluation.passed) return "no program passes all tests";
  if (ended?.success !== true) return "no better program was proven";
  const comparison = confirmationOf(run)?.comparison;
  if (comparison === undefined || comparison.ratio === null)
    return "a program that passes all tests was found";
  const interval =
    comparison.interval === null
      ? ""
      : ` (95 % interval ${comparison.interval.map(shortNumber).join(" to ")})`;
  return `${shortNumber(comparison.ratio)}× better in ${comparison.metric}${interval}`;
}

function metricLines(run: RecordedRun): readonly string[] {
  const before = run.initial?.evaluation?.passed ? initialMetrics(run) : {};
  const after = run.final.evaluation?.passed ? finalMetrics(run) : {};
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  if (names.length === 0) return [];
  const rows = names.map((name) => metricRow(name, before, after));
  return [
    `  ${"".padEnd(10)}${"before".padStart(14)}${"after".padStart(14)}${"ratio".padStart(8)}`,
    ...rows,
    "",
  ];
}

function metricRow(name: string, before: Sample, after: Sample): string {
  const [a, b] = [before[name], after[name]];
  const unit = UNITS[name] ?? "";
  const cell = (value: number | undefined): string =>
    (value === undefined ? "—" : shortNumber(value) + unit).padStart(14);
  const ratio = a === undefined || b === undefined || b === 0 ? "—" : `${shortNumber(a / b)}×`;
  return `  ${name.padEnd(10)}${cell(a)}${cell(b)}${ratio.padStart(8)}`;
}

function roundLines(run: RecordedRun): readonly string[] {
  if (run.rounds.length === 0) return [];
  const lines = run.rounds.map(
    ({ event }) => `  round ${event.iteration}  ${event.verdict.padEnd(12)}  ${event.reason}`,
  );
  return ["Rounds:", ...lines, ""];
}

function checkLines(run: RecordedRun): readonly string[] {
  const lines = [
    ...run.confirmed.map(
      ({ iteration, comparison }) =>
        `  round ${iteration}  ${comparison.verdict.padEnd(12)}  ${comparison.reason}`,
    ),
    ...run.heldOut.map(
      ({ iteration, tests, failed, message }) =>
        `  round ${iteration}  held out      ${tests === 0 ? "nothing was checked" : `${tests - failed} of ${tests} new inputs passed`}${message === "" ? "" : `: ${message}`}`,
    ),
  ];
  return lines.length === 0 ? [] : ["Checks of the winner:", ...lines, ""];
}

function wasContinued(outcome: RunOutcome): string {
  return outcome.wasFinished ? " It was finished before; nothing was done." : "";
}
