/**
 * Holds the two rules of the layout: imports go one way, and the process itself (exit, environment, standard output)
 * is touched at the edge only. Prints each violation; exit code 1 when there is one.
 */

import { dirname, join, normalize, relative } from "node:path";
import { Glob } from "bun";

/** From the outside in: a place may import from the rows below its own, and from itself. */
const LAYERS: readonly (readonly string[])[] = [
  ["cli"],
  ["commands"],
  ["batch"],
  ["run"],
  ["agent", "edit", "model", "evaluate", "sandbox", "record", "config", "instance", "init", "demo"],
  ["types", "events", "errors", "languages", "version"],
  ["lib"],
];

/** Where the process may be touched: what, and in which places. */
const EDGE_ONLY: readonly { readonly pattern: RegExp; readonly places: readonly string[] }[] = [
  { pattern: /\bprocess\.(exit|exitCode)\b/, places: ["cli", "commands"] },
  { pattern: /\bprocess\.env\b|\bBun\.env\b/, places: ["cli", "commands", "config"] },
  { pattern: /\bprocess\.stdout\b|\bBun\.stdout\b|\bconsole\./, places: ["cli", "commands"] },
];

const root = join(import.meta.dir, "..", "src");
const sources = new Map<string, string>();
for await (const path of new Glob("**/*.ts").scan(root)) {
  if (!path.endsWith(".d.ts")) sources.set(path, await Bun.file(join(root, path)).text());
}

const graph = new Map<string, string[]>();
const problems: string[] = [];
for (const [path, source] of sources) {
  const imports = importsOf(path, source);
  // A command loads others when it is called, long after all files are there: no circle of static imports.
  graph.set(path, importsOf(path, source.replace(/\bimport\s*\(/g, "load(")));
  for (const target of imports) checkDirection(path, target);
  checkEdges(path, source);
}
for (const cycle of findCycles())
  problems.push(`${cycle.join(" → ")}: these files import each other in a circle`);

for (const problem of problems.sort()) process.stderr.write(`${problem}\n`);
if (problems.length > 0) process.exit(1);

function placeOf(path: string): string {
  const [first = ""] = path.split("/");
  return first.replace(/\.ts$/, "");
}

function layerOf(path: string): number {
  return LAYERS.findIndex((names) => names.includes(placeOf(path)));
}

function importsOf(path: string, source: string): string[] {
  const found: string[] = [];
  for (const match of source.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)"(\.{1,2}\/[^"]+\.ts)"/gm)) {
    found.push(normalize(join(dirname(path), match[1] ?? "")));
  }
  return found;
}

function checkDirection(path: string, target: string): void {
  if (target.startsWith("..")) return;
  // The public surface names what the other files export; nothing inside may import it.
  if (placeOf(path) === "index") return;
  const from = layerOf(path);
  const to = layerOf(target);
  if (from === -1)
    problems.push(`src/${path}: its place '${placeOf(path)}' is in no layer of scripts/check-imports.ts`);
  else if (placeOf(path) !== placeOf(target) && to <= from && from < 5) {
    problems.push(
      `src/${path} imports src/${target}: '${placeOf(path)}' may only import from rows below its own`,
    );
  } else if (from === 6 && to !== 6)
    problems.push(`src/${path} imports src/${target}: lib knows nothing of perfagent`);
}

function checkEdges(path: string, source: string): void {
  for (const { pattern, places } of EDGE_ONLY) {
    if (places.includes(placeOf(path))) continue;
    for (const [index, line] of source.split("\n").entries()) {
      // A program of another language inside a string may do what it likes.
      const code = line.replace(/"(?:\\.|[^"\\])*"/g, '""');
      if (/^\s*(\*|\/\/|\/\*)/.test(line) || !pattern.test(code)) continue;
      problems.push(`src/${path}:${index + 1} touches the process; only ${places.join(", ")} may`);
    }
  }
}

function findCycles(): string[][] {
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start !== -1) {
      cycles.push([...trail.slice(start), path]);
      return;
    }
    if (done.has(path)) return;
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(relative(".", path), []);
  return cycles;
}
