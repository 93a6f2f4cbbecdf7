/** A run's metric over its rounds, as an inline picture. Pure. */
import { formatNumber } from "../../../lib/table/table.ts";
import type { ReportRun, ReportStep } from "../run.ts";
import { type Html, html } from "./html.ts";

/** The chart, or null when nothing of the run was measured. */
export function trajectoryChart(run: ReportRun): Html | null {
  const values = run.steps.flatMap((step) => step.value ?? []);
  if (values.length === 0) return null;
  const rounds = Math.max(1, ...run.steps.map((step) => step.iteration));
  const ticks = ticksUpTo(Math.max(...values));
  const top = ticks.at(-1) ?? 1;
  const x = (iteration: number): number => LEFT + (iteration / rounds) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
  const what = `${run.target ?? "metric"}${run.unit === "" ? "" : ` (${run.unit})`}`;
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${what} of ${run.instanceId} over ${rounds} rounds">
${ticks.map(
  (
    tick,
  ) => html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${px(y(tick))}" y2="${px(y(tick))}"/>
<text x="${LEFT - 8}" y="${px(y(tick) + 4)}" text-anchor="end">${formatNumber(tick)}</text>
`,
)}${roundLabels(rounds).map(
  (round) => html`<text x="${px(x(round))}" y="${HEIGHT - 8}" text-anchor="middle">${round}</text>
`,
)}<text x="${LEFT}" y="14">${what}</text>
<path class="best" d="${bestLine(run.steps, x, y)}"/>
${run.steps.map((step) => marker(step, run.unit, x, y))}</svg>
<p class="note">Line: the best program so far. Filled: accepted. Hollow: measured, not accepted. Cross: no measurement.</p>`;
}

// --- internal ---

const WIDTH = 720;
const HEIGHT = 240;
const LEFT = 64;
const RIGHT = 20;
const TOP = 28;
const BOTTOM = 30;
const MAX_ROUND_LABELS = 12;

/** Round numbers from 0 to just above a maximum, about four of them. */
function ticksUpTo(maximum: number): number[] {
  const rough = maximum / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5].find((factor) => factor * power >= rough) ?? 10) * power;
  const count = Math.ceil(maximum / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}

function roundLabels(rounds: number): number[] {
  const every = Math.ceil(rounds / MAX_ROUND_LABELS);
  return Array.from({ length: Math.floor(rounds / every) + 1 }, (_, index) => index * every);
}

/** Steps down where a program was accepted, level between. */
function bestLine(steps: readonly ReportStep[], x: (n: number) => number, y: (n: number) => number): string {
  const accepted = steps.filter(
    (step) => step.value !== null && (step.action === "initial_evaluation" || step.verdict === "improved"),
  );
  const parts = accepted.map((step, index) =>
    index === 0
      ? `M${px(x(step.iteration))} ${px(y(step.value ?? 0))}`
      : `H${px(x(step.iteration))}V${px(y(step.value ?? 0))}`,
  );
  const last = steps.at(-1);
  return parts.length === 0 || last === undefined ? "" : `${parts.join("")}H${px(x(last.iteration))}`;
}

function marker(step: ReportStep, unit: string, x: (n: number) => number, y: (n: number) => number): Html {
  const place = px(x(step.iteration));
  const words = [
    step.action === "initial_evaluation"
      ? "Initial program"
      : `Round ${step.iteration}: ${step.verdict ?? ""}`,
    step.value === null ? "" : `${formatNumber(step.value)} ${unit}`,
    step.reason,
  ].filter((part) => part !== "");
  const title = html`<title>${words.join("\n")}</title>`;
  if (step.value === null) {
    const middle = TOP - 8;
    return html`<path class="cross" d="M${place} ${middle}m-4-4l8 8m0-8l-8 8">${title}</path>
`;
  }
  const kind = step.action === "initial_evaluation" ? "initial" : (step.verdict ?? "");
  return html`<circle class="dot ${kind}" cx="${place}" cy="${px(y(step.value))}" r="5">${title}</circle>
`;
}

/** Tenths of a pixel are finer than any screen. */
function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
