/** Functional Java programs. Pure. */
import { fillMarker } from "./marker.ts";
import { type MaskStyle, maskCode } from "./mask.ts";

/**
 * The benchmark's imports, the runner's and the solution's own imports (each once), then the runner with the solution
 * in it. One file holds one public class: the one with `main` stays public, the others do not.
 */
export function assembleJava(runner: string, solution: string): string {
  const outer = splitImports(runner);
  const inner = splitImports(solution);
  const imports = new Set([...STANDARD_IMPORTS, ...outer.imports, ...inner.imports]);
  const lines = [...imports].map((name) => `import ${name};`);
  const body = onePublicType(fillMarker(outer.body, inner.body));
  return `${lines.join("\n")}\n\n${body.trim()}\n`;
}

// --- internal ---

const STANDARD_IMPORTS: readonly string[] = [
  "java.io.*",
  "java.math.*",
  "java.text.*",
  "java.util.*",
  "java.util.stream.*",
  "java.util.function.*",
];

const STYLE: MaskStyle = {
  lineComment: "//",
  blockComments: true,
  strings: [
    { mark: '"""', escapes: true, lines: true },
    { mark: '"', escapes: true, lines: false },
    { mark: "'", escapes: true, lines: false },
  ],
};

/** Takes the import statements out, and a package statement with them: the program is one file without a package. */
function splitImports(code: string): { imports: string[]; body: string } {
  const masked = maskCode(code, STYLE);
  const imports: string[] = [];
  let body = "";
  let from = 0;
  const statement =
    /(?<=^|[;}\n])[ \t]*(import|package)\s+((?:static\s+)?[\p{L}\p{N}_$.\s]+(?:\.\s*\*)?)\s*;/gu;
  const end = firstBrace(masked);
  for (const match of masked.slice(0, end).matchAll(statement)) {
    if (match[1] === "import")
      imports.push(
        (match[2] ?? "")
          .replace(/\s*\.\s*/g, ".")
          .replace(/\s+/g, " ")
          .trim(),
      );
    body += code.slice(from, match.index);
    from = match.index + match[0].length;
  }
  return { imports, body: body + code.slice(from) };
}

/** Imports stand before the first type. */
function firstBrace(masked: string): number {
  const brace = masked.indexOf("{");
  return brace < 0 ? masked.length : brace;
}

function onePublicType(code: string): string {
  const masked = maskCode(code, STYLE);
  const types = topLevelPublicTypes(masked);
  const main = types.find(({ body }) => /\bvoid\s+main\s*\(/.test(body)) ?? types[0];
  let result = code;
  for (const { at, name } of types.toReversed()) {
    if (name !== main?.name)
      result = `${result.slice(0, at)}${result.slice(at + "public".length).trimStart()}`;
  }
  return result;
}

interface PublicType {
  readonly name: string;
  /** Position of the word `public`. */
  readonly at: number;
  /** Masked text up to the next top-level public type. */
  readonly body: string;
}

function topLevelPublicTypes(masked: string): PublicType[] {
  const heads: { name: string; at: number }[] = [];
  const word =
    /[{}]|\bpublic\s+(?:(?:abstract|final|sealed|non-sealed|static|strictfp)\s+)*(?:class|interface|enum|record)\s+([\p{L}_$][\p{L}\p{N}_$]*)/gu;
  let depth = 0;
  for (const match of masked.matchAll(word)) {
    if (match[0] === "{") depth += 1;
    else if (match[0] === "}") depth -= 1;
    else if (depth === 0 && match[1] !== undefined) heads.push({ name: match[1], at: match.index });
  }
  return heads.map((head, index) => ({ ...head, body: masked.slice(head.at, heads[index + 1]?.at) }));
}
