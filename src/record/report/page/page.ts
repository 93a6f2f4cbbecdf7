/**
 * A report as one HTML page that needs nothing else: no network, no other file. Everything from the runs is escaped, and
 * the page's own policy lets only its own style and script run, so that not even a mistake here could run a program's
 * text. Pure.
 */
import { formatCell, formatNumber, type Table } from "../../../lib/table/table.ts";
import { shortenMiddle } from "../../../lib/text.ts";
import type { ReportInput } from "../collect.ts";
import type { ReportRun, ReportStep, RunStatus } from "../run.ts";
import { STATUS_WORDS, totalsOf } from "../summary.ts";
import { trajectoryChart } from "./chart.ts";
import { Html, html } from "./html.ts";
import style from "./page.css" with { type: "text" };
import script from "./page-script.js" with { type: "text" };

/**
 * @param tables Further tables, such as scores, above the runs.
 * @returns The page's text, the same for the same input.
 */
export function renderPage(input: ReportInput, tables: readonly Table[]): string {
  const policy = `default-src 'none'; style-src '${hashOf(style)}'; script-src '${hashOf(script)}'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>perfagent report: ${input.runs.length} runs</title>
<style>${new Html(style)}</style>
</head>
<body>
<main>
<h1>perfagent report</h1>
${tiles(input.runs)}
${filesSection(input)}
${tables.map(tableSection)}
<h2>Runs</h2>
${tools(input.runs)}
<div id="runs">
${input.runs.map(runSection)}</div>
</main>
<script>${new Html(script)}</script>
</body>
</html>
`.text;
}

// --- internal ---

/** Characters of a change or program that are shown; a page of a whole benchmark has thousands. */
const SHOWN_CHARACTERS = 20_000;
/** Problems with files that are listed. */
const FILES_NAMED = 20;

function hashOf(text: string): string {
  return `sha256-${new Bun.CryptoHasher("sha256").update(text).digest("base64")}`;
}

function tiles(runs: readonly ReportRun[]): Html {
  const totals = totalsOf(runs);
  const statuses = (Object.keys(STATUS_WORDS) as RunStatus[]).filter((status) => totals.byStatus[status] > 0);
  const tile = (
    value: string,
    label: string,
  ): Html => html`<div class="tile"><b>${value}</b><span>${label}</span></div>
`;
  const tokens =
    totals.promptTokens === null && totals.completionTokens === null
      ? null
      : (totals.promptTokens ?? 0) + (totals.completionTokens ?? 0);
  return html`<div class="tiles">
${tile(String(totals.runs), totals.runs === 1 ? "run" : "runs")}${statuses.map((status) =>
  tile(String(totals.byStatus[status]), STATUS_WORDS[status]),
)}${totals.meanRatio === null ? null : tile(`${totals.meanRatio.toFixed(2)}×`, "gain (geometric mean)")}${
  tokens === null ? null : tile(tokens.toLocaleString("en"), "tokens")
}${totals.costUsd === null ? null : tile(`$${totals.costUsd.toFixed(2)}`, "cost")}</div>`;
}

function filesSection(input: ReportInput): Html | null {
  const problems = [
    ...input.skipped.map(({ path, reason }) => `${path} is left out: ${reason}`),
    ...input.warnings,
    ...input.duplicates.map(
      ({ instanceId, language, sources }) =>
        `${instanceId}${language === null ? "" : ` in ${language}`} was run ${sources.length} times: ${sources.join(", ")}`,
    ),
  ];
  if (problems.length === 0) return null;
  const more = problems.length - FILES_NAMED;
  return html`<h2>About the files</h2>
<div class="problems">
${problems.slice(0, FILES_NAMED).map(
  (problem) => html`<p class="note">${problem}</p>
`,
)}${more > 0 ? html`<p class="note">and ${more} more</p>` : null}</div>`;
}

function tableSection(table: Table): Html {
  return html`<h2>${table.title}</h2>
<div class="scroll"><table>
<thead><tr>${table.columns.map(({ label, align }) => html`<th class="${align}">${label}</th>`)}</tr></thead>
<tbody>
${table.rows.map(
  (row) => html`<tr>${table.columns.map(
    (column, index) => html`<td class="${column.align}">${formatCell(row[index] ?? null, column)}</td>`,
  )}</tr>
`,
)}</tbody>
</table></div>
${table.notes.map(
  (note) => html`<p class="note">${note}</p>
`,
)}`;
}

function tools(runs: readonly ReportRun[]): Html {
  const statuses = [...new Set(runs.map((run) => run.status))].sort();
  return html`<div class="tools">
<input id="search" type="search" placeholder="Filter by instance, language, model" aria-label="Filter runs">
<select id="status" aria-label="Status">
<option value="">every status</option>
${statuses.map(
  (status) => html`<option value="${status}">${STATUS_WORDS[status]}</option>
`,
)}</select>
<select id="order" aria-label="Order">
<option value="index up">by name</option>
<option value="ratio down">largest gain first</option>
<option value="ratio up">smallest gain first</option>
<option value="iterations down">most rounds first</option>
<option value="cost down">most expensive first</option>
</select>
<button id="open" type="button">Open or close all</button>
</div>
<p class="note" id="shown">${runs.length} runs</p>`;
}

function runSection(run: ReportRun, index: number): Html {
  const text = [run.instanceId, run.language, run.model, run.target]
    .filter((part) => part !== null)
    .join(" ");
  return html`<details class="run" data-text="${text.toLowerCase()}" data-status="${run.status}" data-index="${index}" data-ratio="${run.ratio}" data-iterations="${run.iterations}" data-cost="${run.usage.costUsd}">
<summary><b>${run.instanceId}</b><span class="wide">${run.language}</span><span class="pill ${run.status}">${STATUS_WORDS[run.status]}</span><span class="wide">${change(run)}</span><span class="right">${run.ratio === null ? "" : `${run.ratio.toFixed(2)}×`}</span><span class="wide right">${run.iterations === null ? "" : plural(run.iterations, "round")}</span></summary>
<div>
${facts(run)}
${trajectoryChart(run)}
${run.steps.length === 0 ? null : stepsTable(run)}
${program("Initial program", run.initialCode)}
${program("Final program", run.finalCode)}
</div>
</details>
`;
}

function change(run: ReportRun): string {
  if (run.initial === null && run.final === null) return "";
  const value = (one: number | null): string => (one === null ? "–" : formatNumber(one));
  return `${value(run.initial)} → ${value(run.final)} ${run.unit}`;
}

function facts(run: ReportRun): Html {
  const { metrics, usage } = run;
  const number = (value: number | null, unit: string): string | null =>
    value === null ? null : `${formatNumber(value)} ${unit}`.trim();
  const known: readonly (readonly [string, string | null])[] = [
    ["Model", run.model],
    ["Target", run.target],
    [
      "Ratio",
      run.interval === null
        ? null
        : `${run.interval[0].toFixed(3)} to ${run.interval[1].toFixed(3)} (95 %${run.ratioMetric === null ? "" : `, ${run.ratioMetric}`})`,
    ],
    ["Runtime", number(metrics.runtime, "s")],
    ["Memory", number(metrics.memory, "MB")],
    ["Integral", number(metrics.integral, "MB·s")],
    ["Pass rate", metrics.passRate === null ? null : `${formatNumber(100 * metrics.passRate)} %`],
    ["Stopped by", run.stopReason],
    ["Error", run.error === null ? null : `${run.error.code}: ${run.error.message}`],
    [
      "Tokens",
      usage.promptTokens === null ? null : `${usage.promptTokens} in, ${usage.completionTokens ?? "?"} out`,
    ],
    ["Cost", usage.costUsd === null ? null : `$${usage.costUsd.toFixed(4)}`],
    ["Began", run.startTime],
    ["Took", number(run.durationSeconds, "s")],
    ["Processor", run.cpu],
    ["Isolation", run.isolation],
    ["Measured by", run.measurement],
    ["File", run.source],
  ];
  return html`<dl>
${known.flatMap(([name, value]) =>
  value === null
    ? []
    : [
        html`<div><dt>${name}</dt><dd>${value}</dd></div>
`,
      ],
)}</dl>`;
}

function stepsTable(run: ReportRun): Html {
  return html`<div class="scroll"><table>
<thead><tr><th>round</th><th>verdict</th><th class="right">${run.target ?? "metric"} ${run.unit}</th><th class="right">tests</th><th class="right">took s</th><th class="why">why</th></tr></thead>
<tbody>
${run.steps.map(stepRow)}</tbody>
</table></div>`;
}

function stepRow(step: ReportStep): Html {
  const number = (value: number | null): string => (value === null ? "–" : formatNumber(value));
  const isInitial = step.action === "initial_evaluation";
  const verdict = step.verdict ?? (isInitial ? "measured" : "");
  return html`<tr><td>${isInitial ? "initial" : step.iteration}</td><td><span class="pill ${verdict}">${verdict.replaceAll("_", " ")}</span></td><td class="right">${number(step.value)}</td><td class="right">${step.metrics.passRate === null ? "–" : `${formatNumber(100 * step.metrics.passRate)} %`}</td><td class="right">${number(step.durationSeconds)}</td><td>${step.reason}${
    step.diff === ""
      ? null
      : html`<details class="more"><summary>the change</summary><pre>${diffLines(step.diff)}</pre></details>`
  }</td></tr>
`;
}

/** A unified diff or edit blocks; in the blocks everything up to the divider goes away. */
function diffLines(diff: string): readonly Html[] {
  let side: "search" | "replace" | null = null;
  return shortenMiddle(diff.trimEnd(), SHOWN_CHARACTERS)
    .split("\n")
    .map((line) => {
      if (line.startsWith("<<<<<<< SEARCH")) side = "search";
      else if (line.startsWith(">>>>>>> REPLACE")) side = null;
      else if (side === "search" && line.startsWith("=======")) side = "replace";
      else if (side === "search" || (side === null && /^-(?!--)/.test(line))) return html`<del>${line}</del>`;
      else if (side === "replace" || (side === null && /^\+(?!\+\+)/.test(line)))
        return html`<ins>${line}</ins>`;
      return html`${line}
`;
    });
}

function program(title: string, code: string | null): Html | null {
  return code === null
    ? null
    : html`<details class="more"><summary>${title}</summary><pre>${shortenMiddle(code, SHOWN_CHARACTERS)}</pre></details>`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
