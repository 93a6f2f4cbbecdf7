/** Where a value or a problem comes from. */
export type Source =
  | { readonly kind: "default" }
  | { readonly kind: "file"; readonly file: string; readonly line: number }
  | { readonly kind: "environment"; readonly variable: string; readonly file: string | null }
  | { readonly kind: "flag"; readonly flag: string };

/** One thing wrong with the configuration. */
export interface Problem {
  readonly source: Source;
  /** The key as it was written; null when it is the source as a whole. */
  readonly key: string | null;
  /** What is wrong; never holds a secret. */
  readonly message: string;
}

/** A source in words: "perfagent.yaml:3", "PERFAGENT_MODEL in .env", "--model", "default". */
export function sourceText(source: Source): string {
  switch (source.kind) {
    case "default":
      return "default";
    case "file":
      return `${source.file}:${source.line}`;
    case "environment":
      return source.file === null ? source.variable : `${source.variable} in ${source.file}`;
    case "flag":
      return source.flag;
  }
}

/** A problem in one line: "perfagent.yaml:3: max_iterations: 'abc' is given; …". A flag or variable names its key itself. */
export function problemText({ source, key, message }: Problem): string {
  const named = key === null || source.kind === "flag" || source.kind === "environment" ? "" : `${key}: `;
  return `${sourceText(source)}: ${named}${message}`;
}

/** Problems as they are read: files first, each from top to bottom, then the environment, then flags. */
export function inReadingOrder(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.flatMap(({ source }) => (source.kind === "file" ? [source.file] : [])))];
  const rank = ({ source }: Problem) =>
    source.kind === "file" ? files.indexOf(source.file) : files.length + KINDS.indexOf(source.kind);
  const line = ({ source }: Problem) => (source.kind === "file" ? source.line : 0);
  return [...problems].sort((a, b) => rank(a) - rank(b) || line(a) - line(b));
}

// --- internal ---

const KINDS: readonly string[] = ["default", "environment", "flag"];
