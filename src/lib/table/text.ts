import { formatCell, type Table } from "./table.ts";

/** A table for a terminal: a heading, a rule, aligned columns, the notes under it. Ends with a line feed. */
export function renderTextTable(table: Table): string {
  const cells = table.rows.map((row) =>
    table.columns.map((column, index) => formatCell(oneLine(row[index] ?? null), column)),
  );
  const widths = table.columns.map((column, index) =>
    Math.max(width(column.label), ...cells.map((row) => width(row[index] ?? ""))),
  );
  const line = (texts: readonly string[]): string =>
    table.columns
      .map((column, index) => pad(texts[index] ?? "", widths[index] ?? 0, column.align))
      .join("  ")
      .trimEnd();
  const lines = [
    ...(table.title === "" ? [] : [table.title, ""]),
    line(table.columns.map((column) => column.label)),
    widths.map((size) => "─".repeat(size)).join("  "),
    ...cells.map(line),
    ...(table.notes.length === 0 ? [] : ["", ...table.notes]),
  ];
  return `${lines.join("\n")}\n`;
}

// --- internal ---

/** Columns on the screen, which are not characters: Chinese and emoji take two. */
function width(text: string): number {
  return Bun.stringWidth(text);
}

function pad(text: string, size: number, align: "left" | "right"): string {
  const gap = " ".repeat(Math.max(0, size - width(text)));
  return align === "left" ? text + gap : gap + text;
}

/** A line break or an escape sequence inside a name would tear the table or the terminal. */
function oneLine(cell: string | number | null): string | number | null {
  if (typeof cell !== "string") return cell;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is being removed
  return Bun.stripANSI(cell).replace(/[\u0000-\u001f\u007f]+/g, " ");
}
