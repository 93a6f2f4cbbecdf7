/** Go programs: functional ones, and the imports of all. Pure. */
import { fillMarker } from "./marker.ts";
import { type MaskStyle, maskCode } from "./mask.ts";

/** One package, the imports that are used, then the runner with the solution in it. */
export function assembleGo(runner: string, solution: string): string {
  const outer = splitSource(runner);
  const inner = splitSource(solution);
  const body = fillMarker(outer.body, inner.body).trim();
  return sourceOf(importsFor(body, [...outer.imports, ...inner.imports]), body);
}

/**
 * The benchmark runs `goimports` before it builds, because Go refuses an import that is not used. The same is done here
 * for the standard library: imports that nothing uses go, missing ones are added. A program without such a fault stays
 * as it is, byte for byte.
 */
export function tidyGoImports(code: string): string {
  const { imports, body, packageName } = splitSource(code);
  if (packageName !== "main") return code;
  const wanted = importsFor(body, imports);
  const same = wanted.length === imports.length && wanted.every((spec, index) => spec === imports[index]);
  return same ? code : sourceOf(wanted, body.trim());
}

// --- internal ---

const STYLE: MaskStyle = {
  lineComment: "//",
  blockComments: true,
  strings: [
    { mark: "`", escapes: false, lines: true },
    { mark: '"', escapes: true, lines: false },
    { mark: "'", escapes: true, lines: false },
  ],
};

/** Packages that programs use without importing them; of two with one name, the one that the benchmark imports. */
const STANDARD_PACKAGES: readonly string[] = [
  "bufio bytes cmp container/heap container/list container/ring context errors fmt hash/fnv io maps math math/big",
  "math/bits math/cmplx math/rand os reflect regexp runtime runtime/debug slices sort strconv strings sync sync/atomic",
  "text/tabwriter time unicode unicode/utf8",
].flatMap((line) => line.split(" "));

/** An import as written: `"fmt"` or `alias "path"`. */
type ImportSpec = string;

function splitSource(code: string): { packageName: string; imports: ImportSpec[]; body: string } {
  const source = code.replaceAll("\r\n", "\n");
  const masked = maskCode(source, STYLE);
  const imports: ImportSpec[] = [];
  let packageName = "";
  let body = "";
  let from = 0;
  const clause = /^[ \t]*(?:package[ \t]+(\w+)[ \t]*;?|import\s*\(([^)]*)\)[ \t]*;?|import[ \t]+([^\n]*))/gm;
  for (const match of masked.matchAll(clause)) {
    const text = source.slice(match.index, match.index + match[0].length);
    if (match[1] !== undefined) packageName ||= match[1];
    else imports.push(...importSpecs(text, match[0]));
    body += source.slice(from, match.index);
    from = match.index + match[0].length;
  }
  return { packageName, imports: [...new Set(imports)], body: body + source.slice(from) };
}

/** The specs of one import declaration; comments are known by their blanks in the masked text. */
function importSpecs(text: string, masked: string): ImportSpec[] {
  const specs: ImportSpec[] = [];
  for (const match of masked.matchAll(/(?:([\p{L}_][\p{L}\p{N}_]*|\.)[ \t]+)?(["`])( *)\2/gu)) {
    const start = match.index + match[0].length - (match[3]?.length ?? 0) - 2;
    const path = text.slice(start + 1, match.index + match[0].length - 1);
    const alias = match[1] === "import" ? undefined : match[1];
    specs.push(alias === undefined ? `"${path}"` : `${alias} "${path}"`);
  }
  return specs;
}

function importsFor(body: string, given: readonly ImportSpec[]): ImportSpec[] {
  const masked = maskCode(body, STYLE);
  const kept = [...new Set(given)].filter((spec) => isUsed(spec, masked));
  const names = new Set(kept.map(importName));
  const missing = STANDARD_PACKAGES.filter((path) => {
    const name = lastPart(path);
    return !names.has(name) && usesExported(name, masked) && !declares(name, masked);
  });
  return [...kept, ...missing.map((path) => `"${path}"`)];
}

function isUsed(spec: ImportSpec, masked: string): boolean {
  const name = importName(spec);
  if (name === "_" || name === ".") return true;
  return new RegExp(`(?<![\\p{L}\\p{N}_.])${name}\\s*\\.`, "u").test(masked);
}

/** The name by which an import is used: its alias, or the last part of its path that is not a version. */
function importName(spec: ImportSpec): string {
  const match = /^(?:(\S+)\s+)?"(.*)"$/.exec(spec);
  return match?.[1] ?? lastPart((match?.[2] ?? "").replace(/\/v\d+$/, ""));
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function usesExported(name: string, masked: string): boolean {
  return new RegExp(`(?<![\\p{L}\\p{N}_.])${name}\\.\\p{Lu}`, "u").test(masked);
}

/** True when the program has a variable, parameter, function or type of that name, which hides a package. */
function declares(name: string, masked: string): boolean {
  const before = `(?<![\\p{L}\\p{N}_.])${name}`;
  return new RegExp(
    `${before}\\s*(?:,\\s*\\w+\\s*)*:=|,\\s*${name}\\s*(?:,\\s*\\w+\\s*)*:=|\\b(?:var|const|func|type)\\s+${name}\\b|[(,]\\s*${name}\\s+[*\\[\\p{L}]`,
    "u",
  ).test(masked);
}

function sourceOf(imports: readonly ImportSpec[], body: string): string {
  const block = imports.length === 0 ? "" : `import (\n${imports.map((spec) => `\t${spec}\n`).join("")})\n\n`;
  return `package main\n\n${block}${body}\n`;
}
