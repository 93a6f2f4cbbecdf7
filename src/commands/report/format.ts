/** A report in each of its formats. Pure. */
import {
  comparisonDocument,
  comparisonTable,
  paperTable,
  scoresDocument,
  scoresTable,
} from "../../evaluate/score-table.ts";
import { renderCsv } from "../../lib/table/csv.ts";
import { renderLatex } from "../../lib/table/latex.ts";
import type { Table } from "../../lib/table/table.ts";
import { renderTextTable } from "../../lib/table/text.ts";
import type { ReportInput } from "../../record/report/collect.ts";
import { reportDocument } from "../../record/report/document.ts";
import { renderPage } from "../../record/report/page/page.ts";
import { runsTable } from "../../record/report/summary.ts";
import type { GroupComparison, ScoredGroup } from "./scores.ts";

export const REPORT_FORMATS = ["table", "json", "csv", "latex", "html"] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

export interface Formatted {
  readonly input: ReportInput;
  /** Empty when no scores are asked for. */
  readonly groups: readonly ScoredGroup[];
  /** Empty when nothing is compared. */
  readonly comparisons: readonly GroupComparison[];
}

/** The whole report as text, ending with a line feed. */
export function formatReport(report: Formatted, format: ReportFormat): string {
  switch (format) {
    case "json":
      return `${JSON.stringify(jsonReport(report), null, 2)}\n`;
    case "csv":
      return renderCsv(oneTable(report));
    case "latex":
      return tables(report, paperTable).map(renderLatex).join("\n");
    case "html":
      return renderPage(report.input, scoreTables(report, scoresTable));
    case "table":
      return tables(report, scoresTable).map(renderTextTable).join("\n");
  }
}

// --- internal ---

type ScoreTable = typeof scoresTable;

/** Scores and comparisons where they are asked for, else the runs. */
function tables(report: Formatted, shape: ScoreTable): readonly Table[] {
  return report.groups.length === 0 ? [runsTable(report.input.runs)] : scoreTables(report, shape);
}

function scoreTables({ groups, comparisons }: Formatted, shape: ScoreTable): readonly Table[] {
  return [
    ...groups.map((group) => shape(group.summary, titled("Scores", group.label))),
    ...comparisons.map(({ a, b, comparison }) =>
      comparisonTable(comparison, titled("B against A", [`A: ${named(a)}`, `B: ${named(b)}`].join("; "))),
    ),
  ];
}

function titled(what: string, label: string): string {
  return label === "" ? what : `${what}, ${label}`;
}

function named(group: ScoredGroup): string {
  return group.label === "" ? "the runs" : group.label;
}

/** CSV holds one table: the last thing asked for, with the groups as columns. */
function oneTable(report: Formatted): Table {
  const { groups, comparisons } = report;
  const text = (key: string) => ({ key, label: key, align: "left" as const });
  const joined = (
    parts: readonly { readonly cells: readonly (string | null)[]; readonly table: Table }[],
    keys: readonly string[],
  ) => ({
    title: "",
    columns: [...keys.map(text), ...(parts[0]?.table.columns ?? [])],
    rows: parts.flatMap(({ cells, table }) => table.rows.map((row) => [...cells, ...row])),
    notes: [],
  });
  if (comparisons.length > 0) {
    return joined(
      comparisons.map(({ a, b, comparison }) => ({
        cells: [a.model, b.model, a.target],
        table: comparisonTable(comparison, ""),
      })),
      ["model_a", "model_b", "target"],
    );
  }
  if (groups.length > 0) {
    return joined(
      groups.map((group) => ({ cells: [group.model, group.target], table: scoresTable(group.summary, "") })),
      ["model", "target"],
    );
  }
  return runsTable(report.input.runs);
}

function jsonReport(report: Formatted): Readonly<Record<string, unknown>> {
  const name = ({ model, target }: ScoredGroup) => ({ model, optimization_target: target });
  return {
    ...reportDocument(report.input),
    ...(report.groups.length === 0
      ? {}
      : {
          scores: report.groups.map((group) => ({
            ...name(group),
            ...scoresDocument(group.summary),
            unscored: group.unscored.map(({ reason, instanceIds }) => ({
              reason,
              instance_ids: instanceIds,
            })),
          })),
        }),
    ...(report.comparisons.length === 0
      ? {}
      : {
          comparisons: report.comparisons.map(({ a, b, comparison }) => ({
            a: name(a),
            b: name(b),
            rows: comparisonDocument(comparison),
          })),
        }),
  };
}
