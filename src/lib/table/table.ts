/** A table apart from how it is printed: one model for text, CSV, LaTeX and HTML. */

/** Null is a value that does not exist or was not measured. */
export type Cell = string | number | null;

export interface Column {
  /** Name in CSV: lower case with underscores. */
  readonly key: string;
  /** Heading for a person. */
  readonly label: string;
  /** Numbers belong on the right. */
  readonly align: "left" | "right";
  /** Decimals of a number for a person; four significant digits when absent. CSV always has the full number. */
  readonly decimals?: number;
}

export interface Table {
  readonly title: string;
  readonly columns: readonly Column[];
  /** As many cells as there are columns. */
  readonly rows: readonly (readonly Cell[])[];
  /** Sentences under the table. */
  readonly notes: readonly string[];
}

/** A cell as a person reads it; a missing value is a dash. */
export function formatCell(cell: Cell, column: Column): string {
  if (cell === null) return "–";
  if (typeof cell === "string") return cell;
  if (column.decimals !== undefined) return cell.toFixed(column.decimals);
  return formatNumber(cell);
}

/** A number with four significant digits and no exponent where a person would not expect one. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e15)) return value.toExponential(3);
  if (magnitude >= 1000) return String(Math.round(value));
  return String(Number(value.toPrecision(4)));
}
