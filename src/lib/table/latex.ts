import { type Cell, type Column, formatCell, type Table } from "./table.ts";

/** A table as a LaTeX `table` with `booktabs` rules, its title as the caption and its notes as comments. */
export function renderLatex(table: Table): string {
  const row = (texts: readonly string[]): string => `    ${texts.join(" & ")} \\\\`;
  const lines = [
    "% needs \\usepackage{booktabs}",
    ...table.notes.map((note) => `% ${note.replace(/\s+/g, " ")}`),
    "\\begin{table}",
    "  \\centering",
    ...(table.title === "" ? [] : [`  \\caption{${escapeLatex(table.title)}}`]),
    `  \\begin{tabular}{${table.columns.map((column) => (column.align === "left" ? "l" : "r")).join("")}}`,
    "    \\toprule",
    row(table.columns.map((column) => escapeLatex(column.label))),
    "    \\midrule",
    ...table.rows.map((cells) =>
      row(table.columns.map((column, index) => formatLatexCell(cells[index] ?? null, column))),
    ),
    "    \\bottomrule",
    "  \\end{tabular}",
    "\\end{table}",
  ];
  return `${lines.join("\n")}\n`;
}

// --- internal ---

function formatLatexCell(cell: Cell, column: Column): string {
  return cell === null ? "--" : escapeLatex(formatCell(cell, column));
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "{": "\\{",
  "}": "\\}",
  $: "\\$",
  "&": "\\&",
  "#": "\\#",
  "%": "\\%",
  _: "\\_",
  "^": "\\textasciicircum{}",
  "~": "\\textasciitilde{}",
  "<": "\\textless{}",
  ">": "\\textgreater{}",
  "–": "--",
  "·": "$\\cdot$",
  "×": "$\\times$",
  "≤": "$\\leq$",
  "≥": "$\\geq$",
  "−": "$-$",
};

function escapeLatex(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/[\\{}$&#%_^~<>–·×≤≥−]/g, (character) => ESCAPES[character] ?? character);
}
