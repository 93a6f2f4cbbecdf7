/**
 * Time of applying answers, ordinary and hostile: the fastest of several runs beside its bar, and how it grows when the
 * input doubles twice. The fastest run is what the code takes; slower ones are what else the machine did.
 */
import { applyResponse } from "../../src/edit/index.ts";

/** Measures each case and prints a table; ratios above 1 miss their bar. */
export async function run(): Promise<void> {
  write(
    `${"case".padEnd(34)}${"ms".padStart(9)}${"bar".padStart(7)}${"of bar".padStart(8)}${"×2".padStart(7)}${"×4".padStart(7)}`,
  );
  for (const { name, barMs, input } of CASES) {
    const [once = 0, twice = 0, fourTimes = 0] = SCALES.map((scale) => fastestMs(input(scale)));
    const ratio = (once / barMs).toFixed(2).padStart(8);
    const curve = [twice / once, fourTimes / twice].map((growth) => growth.toFixed(2).padStart(7)).join("");
    write(`${name.padEnd(34)}${once.toFixed(2).padStart(9)}${String(barMs).padStart(7)}${ratio}${curve}`);
  }
  write("×2 is the time for twice the input over the time for it, ×4 the same once more; 2 is linear.");
}

// --- internal ---

interface BenchCase {
  readonly name: string;
  readonly barMs: number;
  readonly input: (scale: number) => readonly [program: string, response: string];
}

const SCALES = [1, 2, 4] as const;
const RUNS = 7;

const CASES: readonly BenchCase[] = [
  { name: "10,000 lines, 50 blocks", barMs: 10, input: (scale) => fiftyBlocks(scale, 0) },
  { name: "10,000 lines, 50 shifted blocks", barMs: 50, input: (scale) => fiftyBlocks(scale, 4) },
  { name: "42-line miss in 10,000 lines", barMs: 50, input: (scale) => miss(scale) },
  { name: "1 MB of <", barMs: 200, input: (scale) => [program(1000), "<".repeat(1e6 * scale)] },
  {
    name: "1 MB of unterminated SEARCH",
    barMs: 200,
    input: (scale) => [program(1000), `<<<<<<< SEARCH\n${"x = x + 1\n".repeat(1e5 * scale)}`],
  },
  {
    name: "20,000 heads",
    barMs: 200,
    input: (scale) => [program(1000), "<<<<<<< SEARCH\nx\n".repeat(20_000 * scale)],
  },
  {
    name: "20,000 heads in a row",
    barMs: 200,
    input: (scale) => [program(1000), "<<<<<<< SEARCH\n".repeat(20_000 * scale)],
  },
  {
    name: "4,000 open and divider pairs",
    barMs: 200,
    input: (scale) => [program(1000), "<<<<<<< SEARCH\nx\n=======\ny\n".repeat(4000 * scale)],
  },
  {
    name: "4,000 dividers in one block",
    barMs: 200,
    input: (scale) => [
      program(1000),
      `<<<<<<< SEARCH\n${"x\n=======\n".repeat(4000 * scale)}>>>>>>> REPLACE\n`,
    ],
  },
  { name: "4,000 blocks for 4,000 lines", barMs: 200, input: (scale) => everyLine(4000 * scale) },
  { name: "self-similar near miss", barMs: 200, input: (scale) => selfSimilar(scale, "x = x + 2") },
  { name: "self-similar, other nesting", barMs: 200, input: (scale) => selfSimilar(scale, "  x = x + 1") },
  { name: "self-similar, ambiguous", barMs: 200, input: (scale) => selfSimilar(scale, "x = x + 1") },
  {
    name: "20,000 fences",
    barMs: 200,
    input: (scale) => [program(1000), "```python\nx = 1\n```\n".repeat(20_000 * scale)],
  },
  {
    name: "20,000 reasoning tags",
    barMs: 200,
    input: (scale) => [program(1000), "<think>\nx</think> y\n".repeat(20_000 * scale)],
  },
  {
    name: "5,000 hunks",
    barMs: 200,
    input: (scale) => [program(1000), `\`\`\`diff\n${"@@ -1 +1 @@\n-x\n+y\n".repeat(5000 * scale)}\`\`\`\n`],
  },
];

function programLines(count: number): string[] {
  return Array.from(
    { length: count },
    (_, at) => `    value_${at} = compute(value_${at - 1}, ${(at * 7919) % 1000})`,
  );
}

function program(count: number): string {
  return `${programLines(count).join("\n")}\n`;
}

function block(search: readonly string[], replace: readonly string[]): string {
  return `<<<<<<< SEARCH\n${search.join("\n")}\n=======\n${replace.join("\n")}\n>>>>>>> REPLACE\n`;
}

function fiftyBlocks(scale: number, outdent: number): readonly [string, string] {
  const lines = programLines(10_000 * scale);
  const blocks = Array.from({ length: 50 * scale }, (_, index) => {
    const search = lines.slice(index * 200, index * 200 + 5).map((line) => line.slice(outdent));
    return block(search, [...search.slice(0, 4), `changed_${index} = 1`]);
  });
  return [`${lines.join("\n")}\n`, blocks.join("\n")];
}

function miss(scale: number): readonly [string, string] {
  const lines = programLines(10_000 * scale);
  const search = lines.slice(5000, 5042);
  search[20] = "    other = 1";
  return [`${lines.join("\n")}\n`, block(search, ["x"])];
}

function everyLine(count: number): readonly [string, string] {
  const lines = programLines(count);
  return [`${lines.join("\n")}\n`, lines.map((line, at) => block([line], [`changed_${at}`])).join("")];
}

function selfSimilar(scale: number, last: string): readonly [string, string] {
  const search = Array.from({ length: 2500 * scale }, () => "x = x + 1");
  return ["    x = x + 1\n".repeat(5000 * scale), block([...search, last], ["x += 2500"])];
}

function fastestMs([before, response]: readonly [string, string]): number {
  let fastest = Number.POSITIVE_INFINITY;
  for (let index = 0; index < RUNS; index++) {
    const started = performance.now();
    applyResponse(before, response, { mode: "diff", language: "python3" });
    fastest = Math.min(fastest, performance.now() - started);
  }
  return fastest;
}

function write(line: string): void {
  process.stdout.write(`${line}\n`);
}
