/** Functional Ruby programs. Pure. */
import { fillMarker } from "./marker.ts";

/** The benchmark's libraries, the runner's and the solution's own `require` lines (each once), then the runner. */
export function assembleRuby(runner: string, solution: string): string {
  const outer = splitRequires(runner);
  const inner = splitRequires(solution);
  const packages = /\b(?:Containers|Algorithms)\b/.test(`${runner}\n${solution}`) ? [PACKAGE] : [];
  const names = new Set([...STANDARD, ...packages, ...outer.names, ...inner.names]);
  const requires = [...names].map((name) => `require '${name}'`);
  return `${requires.join("\n")}\n\n${fillMarker(outer.body, inner.body).trim()}\n`;
}

// --- internal ---

const STANDARD: readonly string[] = ["set", "date", "time", "stringio", "bigdecimal", "securerandom", "json"];

/** Third-party part of the block: needed only by a program that names something of it. */
const PACKAGE = "algorithms";

/** `require 'x'` at the beginning of a line and alone in it. */
const REQUIRE = /^require\s*\(?\s*(['"])([^'"]+)\1\s*\)?\s*(?:#.*)?$/;

function splitRequires(code: string): { names: string[]; body: string } {
  const names: string[] = [];
  const body: string[] = [];
  let inComment = false;
  for (const line of code.replaceAll("\r\n", "\n").split("\n")) {
    if (line.startsWith("=begin")) inComment = true;
    const name = inComment ? undefined : REQUIRE.exec(line)?.[2];
    if (name === undefined) body.push(line);
    else names.push(name);
    if (line.startsWith("=end")) inComment = false;
  }
  return { names, body: body.join("\n") };
}
