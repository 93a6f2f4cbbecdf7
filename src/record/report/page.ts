import type { Table } from "../../lib/table/table.ts";
import type { ReportInput } from "./collect.ts";
export function renderPage(input: ReportInput, tables: readonly Table[]): string {
  return `${input.runs.length}${tables.length}`;
}
