/** What a `.env` file holds. */
export interface Dotenv {
  readonly values: ReadonlyMap<string, string>;
  /** 1-based numbers of lines that are no assignment. Their text is not kept: it may hold a key. */
  readonly badLines: readonly number[];
}

/**
 * Reads `NAME=value` lines: `export` in front, `#` comments, single quotes (literal, may span lines), double quotes
 * (`\n`, `\t`, `\"`, `\\`, `\$`; may span lines), unquoted values up to ` #`. Values are not expanded. The last
 * assignment of a name counts.
 */
export function parseDotenv(text: string): Dotenv {
  const values = new Map<string, string>();
  const badLines: number[] = [];
  const source = text.replace(/^\uFEFF/, "").replaceAll(/\r\n?/g, "\n");
  let at = 0;
  let line = 1;
  while (at < source.length) {
    ASSIGNMENT.lastIndex = at;
    BLANK.lastIndex = at;
    const assignment = ASSIGNMENT.exec(source);
    const match = assignment ?? BLANK.exec(source);
    if (assignment !== null) values.set(assignment[1] ?? "", assignedValue(assignment));
    else if (match === null) badLines.push(line);
    const end = source.indexOf("\n", at);
    const taken = match === null ? source.slice(at, end < 0 ? source.length : end + 1) : match[0];
    at += Math.max(1, taken.length);
    line += taken.split("\n").length - 1;
  }
  return { values, badLines };
}

// --- internal ---

const ASSIGNMENT =
  /[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(?:'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|([^'"\n#][^\n]*|(?=\n|$|#)))?[ \t]*(?:#[^\n]*)?(?:\n|$)/y;

const BLANK = /[ \t]*(?:#[^\n]*)?(?:\n|$)/y;

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\n": "" };

function assignedValue(match: RegExpExecArray): string {
  const [, , single, double, bare] = match;
  if (single !== undefined) return single;
  if (double !== undefined) return double.replaceAll(/\\([\s\S])/g, (_, c: string) => ESCAPES[c] ?? c);
  return (bare ?? "").replace(/\s+#.*$/, "").trim();
}
