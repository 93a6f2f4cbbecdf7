import type { Cell, Table } from "./table.ts";

/**
 * A table as CSV (RFC 4180 quoting, line feeds): the columns' keys, then every row with full numbers.
 * A missing value is an empty field. Title and notes have no place in CSV.
 */
export function renderCsv(table: Table): string {
  const lines = [
    table.columns.map((column) => field(column.key)),
    ...table.rows.map((row) => row.map(field)),
  ];
  return lines.map((fields) => `${fields.join(",")}\n`).join("");
}

// --- internal ---

function field(cell: Cell): string {
  if (cell === null) return "";
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
