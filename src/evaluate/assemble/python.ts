/** Functional Python programs. Pure. */
import { PYTHON_PACKAGE_IMPORTS, PYTHON_STANDARD_IMPORTS, standardImportsFor } from "../python-imports.ts";
import { fillMarker, markerIndentation } from "./marker.ts";
import { lineDepths, type MaskStyle, maskCode } from "./mask.ts";

/**
 * Future imports, the benchmark's import block, the runner's and the solution's own top-level imports (each once), then
 * the runner with the solution in it. An import inside a function, class, condition or `try` stays where it is.
 */
export function assemblePython(runner: string, solution: string): string {
  const outer = splitImports(runner);
  const inner = splitImports(solution);
  const packages = standardImportsFor(`${runner}\n${solution}`).filter((line) =>
    PYTHON_PACKAGE_IMPORTS.includes(line),
  );
  const futures = distinctStatements([...outer.futures, ...inner.futures]);
  const imports = distinctStatements([
    ...PYTHON_STANDARD_IMPORTS,
    ...packages,
    ...outer.imports,
    ...inner.imports,
  ]);
  const body = fillMarker(outer.body, indent(inner.body, markerIndentation(outer.body)));
  return `${[...futures, ...imports].join("\n")}\n\n${body.trim()}\n`;
}

// --- internal ---

const STYLE: MaskStyle = {
  lineComment: "#",
  blockComments: false,
  strings: [
    { mark: '"""', escapes: true, lines: true },
    { mark: "'''", escapes: true, lines: true },
    { mark: '"', escapes: true, lines: false },
    { mark: "'", escapes: true, lines: false },
  ],
};

function splitImports(code: string): { futures: string[]; imports: string[]; body: string } {
  const lines = code.replaceAll("\r\n", "\n").split("\n");
  const states = lineStates(lines.join("\n"));
  const futures: string[] = [];
  const imports: string[] = [];
  const body: string[] = [];
  for (let first = 0; first < lines.length; first += 1) {
    let last = first;
    while (states[last + 1]?.continues === true) last += 1;
    const statement = lines.slice(first, last + 1);
    const masked = states.slice(first, last + 1).map((state) => state.masked);
    if (isImport(masked.join("\n"))) {
      const target = /^from\s+__future__\b/.test(masked[0] ?? "") ? futures : imports;
      target.push(statement.join("\n").trimEnd());
    } else {
      body.push(...statement);
    }
    first = last;
  }
  return { futures, imports, body: body.join("\n") };
}

/** A statement of imports alone, not indented; one that shares its line with other statements stays. */
function isImport(masked: string): boolean {
  return (
    /^(?:import\s+[\p{L}_]|from\s+[\p{L}_.][\p{L}\p{N}_.]*\s+import\b)/u.test(masked) && !masked.includes(";")
  );
}

interface LineState {
  readonly masked: string;
  /** The line belongs to the statement of the line before: inside brackets, a string, or after a backslash. */
  readonly continues: boolean;
  /** The line starts inside a string: its blanks are data. */
  readonly inString: boolean;
}

function lineStates(code: string): LineState[] {
  const masked = maskCode(code, STYLE);
  const lines = masked.split("\n");
  const depths = lineDepths(masked, "([{", ")]}");
  const inString = linesInStrings(code);
  return lines.map((line, index) => ({
    masked: line,
    continues:
      index > 0 &&
      ((depths[index] ?? 0) > 0 || inString.has(index) || (lines[index - 1] ?? "").endsWith("\\")),
    inString: inString.has(index),
  }));
}

/** Lines that begin inside a triple-quoted string. */
function linesInStrings(code: string): ReadonlySet<number> {
  const found = new Set<number>();
  const token =
    /#[^\n]*|("""|''')(?:\\[\s\S]|(?!\1)[\s\S])*(?:\1|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?/g;
  for (const match of code.matchAll(token)) {
    if (match[1] === undefined) continue;
    const firstLine = code.slice(0, match.index).split("\n").length - 1;
    const count = match[0].split("\n").length - 1;
    for (let line = 1; line <= count; line += 1) found.add(firstLine + line);
  }
  return found;
}

/** Moves the code to the right; lines inside strings and empty lines stay as they are. */
function indent(code: string, indentation: string): string {
  if (indentation === "") return code;
  const states = lineStates(code);
  return code
    .split("\n")
    .map((line, index) =>
      line.trim() === "" || states[index]?.inString === true ? line : indentation + line,
    )
    .join("\n");
}

/** Statements that differ in more than blanks and comments, in their order. */
function distinctStatements(statements: readonly string[]): string[] {
  const seen = new Set<string>();
  return statements.filter((statement) => {
    const key = statement
      .replace(/#[^\n]*/g, "")
      .replace(/\s+/g, " ")
      .trim();
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
