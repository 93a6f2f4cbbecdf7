/** Functional C++ programs. Pure. */
import { fillMarker } from "./marker.ts";
import { type MaskStyle, maskCode } from "./mask.ts";

/**
 * The benchmark's headers, the runner's and the solution's own headers (each once), `using namespace std`, then the
 * runner with the solution in it. A header inside `#if` stays there.
 */
export function assembleCpp(runner: string, solution: string): string {
  const outer = splitIncludes(runner);
  const inner = splitIncludes(solution);
  const headers = new Set([
    ...STANDARD_HEADERS.map((name) => `<${name}>`),
    ...outer.headers,
    ...inner.headers,
  ]);
  const includes = [...headers].map((header) => `#include ${header}`);
  return `${includes.join("\n")}\n\nusing namespace std;\n\n${fillMarker(outer.body, inner.body).trim()}\n`;
}

// --- internal ---

const STANDARD_HEADERS: readonly string[] = [
  "iostream algorithm array bitset cassert cmath complex cstdio cstring deque forward_list functional iomanip map",
  "numeric queue set stack unordered_map unordered_set vector string list fstream sstream iterator random chrono memory",
  "thread mutex utility climits tuple cstdlib cctype",
].flatMap((line) => line.split(" "));

const STYLE: MaskStyle = {
  lineComment: "//",
  blockComments: true,
  strings: [
    { mark: '"', escapes: true, lines: false },
    { mark: "'", escapes: true, lines: false },
  ],
  rawStrings: true,
  digitSeparators: true,
};

function splitIncludes(code: string): { headers: string[]; body: string } {
  const lines = code.replaceAll("\r\n", "\n").split("\n");
  const masked = maskCode(lines.join("\n"), STYLE).split("\n");
  const headers: string[] = [];
  const body: string[] = [];
  let conditions = 0;
  for (const [index, line] of lines.entries()) {
    const directive = /^\s*#\s*(\w+)/.exec(masked[index] ?? "")?.[1] ?? "";
    if (directive.startsWith("if")) conditions += 1;
    if (directive === "endif") conditions -= 1;
    const header =
      directive === "include" && conditions === 0 ? /(<[^>]+>|"[^"]+")/.exec(line)?.[1] : undefined;
    if (header === undefined) body.push(line);
    else headers.push(header);
  }
  return { headers, body: body.join("\n") };
}
