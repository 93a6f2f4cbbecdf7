import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { applyResponse } from "../../src/edit/index.ts";
import { createRandom, type Random } from "../../src/lib/random.ts";
import type { EditOutcome } from "../../src/types.ts";

const DIFF = { mode: "diff", language: "python3" } as const;
const DIRECT = { mode: "direct", language: "python3" } as const;

/** Thousands of programs take a second; a machine with other work may take a minute. */
setDefaultTimeout(120_000);

describe("applyResponse() on random programs", () => {
  test("a block cut from the program lands exactly where it was cut", () => {
    for (const { random, program, lines } of programs(2500)) {
      const cut = uniqueCut(random, lines);
      const replace = newLines(random);
      expect(appliedTo(program, blockOf(lines.slice(cut.from, cut.to), replace))).toBe(
        joined([...lines.slice(0, cut.from), ...replace, ...lines.slice(cut.to)], "\n"),
      );
    }
  });

  test("several blocks in any order give what each gives alone", () => {
    for (const { random, program, lines } of programs(1000)) {
      const cuts = shuffled(random, disjointCuts(random, lines));
      const answer = cuts.map((at) => blockOf([lines[at] ?? ""], [`changed_${at}`])).join("Next:\n");
      const wanted = lines.map((line, at) => (cuts.includes(at) ? `changed_${at}` : line));
      expect(appliedTo(program, answer)).toBe(joined(wanted, "\n"));
    }
  });

  test("a shift of the indentation of a whole block does not change the result", () => {
    for (const { random, program, lines } of programs(2000)) {
      const cut = uniqueCut(random, lines);
      const search = lines.slice(cut.from, cut.to);
      const depth = Math.min(...search.filter((line) => line !== "").map((line) => line.search(/\S/)));
      const replace = newLines(random).map((line) => (line === "" ? "" : " ".repeat(depth) + line));
      const shift = random() < 0.5 ? -Math.floor(random() * (depth + 1)) : Math.floor(random() * 9);
      const moved = (text: readonly string[]) =>
        text.map((line) => (line === "" ? "" : shift < 0 ? line.slice(-shift) : " ".repeat(shift) + line));
      const outcome = applyResponse(program, blockOf(moved(search), moved(replace)), DIFF);
      // A shifted text may stand elsewhere by every character, or fit in several places: then it is no longer this block.
      if (outcome.status === "rejected" || occurrences(lines.map(trimmed), search.map(trimmed)) > 1) continue;
      expect(outcome.program).toBe(
        joined([...lines.slice(0, cut.from), ...replace, ...lines.slice(cut.to)], "\n"),
      );
    }
  });

  test("line ends and blanks at line ends of an answer do not change the result", () => {
    for (const { random, program, lines } of programs(2000)) {
      const cut = uniqueCut(random, lines);
      const search = lines.slice(cut.from, cut.to);
      const replace = newLines(random);
      const plain = appliedTo(program, blockOf(search, replace));
      expect(appliedTo(program, blockOf(search, replace).replaceAll("\n", "\r\n"))).toBe(plain);
      if (occurrences(lines.map(trimmed), search.map(trimmed)) > 1) continue;
      const loose = search.map((line) => line + " ".repeat(Math.floor(random() * 3)));
      expect(appliedTo(program, blockOf(loose, replace))).toBe(plain);
      expect(appliedTo(program.replaceAll("\n", "\r\n"), blockOf(search, replace))).toBe(
        plain.replaceAll("\n", "\r\n"),
      );
    }
  });

  test("nothing outside of the matched lines changes, whatever bytes are there", () => {
    for (const { random } of programs(2000)) {
      const before = noise(random);
      const after = noise(random);
      const end = random() < 0.5 ? "\n" : "\r\n";
      const program = `${before}\nunique_line_one${end}  unique_line_two${end}${after}`;
      const outcome = appliedTo(
        program,
        blockOf(["unique_line_one", "  unique_line_two"], ["new_1", "new_2", "new_3"]),
      );
      expect(outcome).toBe(`${before}\nnew_1${end}new_2${end}new_3${end}${after}`);
    }
  });

  test("applying is deterministic, and a result is never the program itself", () => {
    for (const { random, program, lines } of programs(1000)) {
      const answer = mangled(random, blockOf(lines.slice(1, 3), newLines(random)));
      const outcome = applyResponse(program, answer, DIFF);
      expect(applyResponse(program, answer, DIFF)).toEqual(outcome);
      if (outcome.status === "applied") expect(outcome.program).not.toBe(program);
    }
  });

  test("a refusal says why, in words for a person and for the model", () => {
    let refusals = 0;
    for (const { random, program, lines } of programs(2000)) {
      const search = lines.slice(2, 6);
      search[Math.floor(random() * search.length)] = `missing_${Math.floor(random() * 1000)}`;
      const outcome = applyResponse(program, blockOf(search, ["x"]), DIFF);
      if (outcome.status === "applied") throw new Error(`Applied ${JSON.stringify(search)}`);
      refusals++;
      expect(outcome.reason).toBe("no_match");
      expect(outcome.message.split("\n")[0]).toContain("Block 1");
      expect(outcome.feedback).toContain(outcome.message);
    }
    expect(refusals).toBe(2000);
  });

  test("mangled answers and random bytes never throw and never bring markers into a program", () => {
    for (const { random, program, lines } of programs(2500)) {
      const answer = mangled(
        random,
        blockOf(lines.slice(2, 5), newLines(random)).repeat(1 + Math.floor(random() * 3)),
      );
      for (const text of [answer, noise(random)]) {
        for (const options of [DIFF, DIRECT]) {
          const outcome = applyResponse(program, text, options);
          if (outcome.status === "applied") expect(hasMarkers(outcome.program)).toBeFalse();
          expect(() => applyResponse(text, answer, options)).not.toThrow();
        }
      }
    }
  });

  test("a whole program in a fence comes out as it was written", () => {
    for (const { random, program, lines } of programs(1000)) {
      const code = [...lines.filter((line) => !line.startsWith(" ")), "print(result)"];
      const mark = random() < 0.5 ? "```" : "~~~~";
      const outcome = applyResponse(
        `${program}print(0)\n`,
        `Text.\n\n${mark}python\n${joined(code, "\n")}${mark}\nMore.`,
        DIRECT,
      );
      expect(outcome.status === "applied" && outcome.program.trim()).toBe(joined(code, "\n").trim());
    }
  });
});

/** Programs with few different lines, so that many blocks are ambiguous or nearly so. */
function* programs(count: number): Generator<{ random: Random; program: string; lines: string[] }> {
  for (let seed = 1; seed <= count; seed++) {
    const random = createRandom(seed);
    const size = 6 + Math.floor(random() * 30);
    const lines = Array.from({ length: size }, () => codeLine(random));
    lines[0] = `start_${seed}`;
    lines.push(`end_${seed}`);
    yield { random, program: joined(lines, "\n"), lines };
  }
}

function codeLine(random: Random): string {
  const kind = random();
  if (kind < 0.15) return "";
  const depth = " ".repeat(4 * Math.floor(random() * 4));
  const name = `v${Math.floor(random() * 6)}`;
  return `${depth}${kind < 0.6 ? `${name} = ${name} + ${Math.floor(random() * 4)}` : `if ${name}:`}`;
}

function newLines(random: Random): string[] {
  const lines = Array.from({ length: 1 + Math.floor(random() * 5) }, (_, at) =>
    random() < 0.2 ? "" : `new_${at} = ${Math.floor(random() * 100)}`,
  );
  lines[0] = "new_first = 1";
  lines.push("new_last = 2");
  return lines;
}

/** A part of the program, with text at its edges, that stands there only once. */
function uniqueCut(random: Random, lines: readonly string[]): { from: number; to: number } {
  for (let tries = 0; tries < 50; tries++) {
    const from = Math.floor(random() * lines.length);
    const to = Math.min(lines.length, from + 1 + Math.floor(random() * 6));
    const part = lines.slice(from, to);
    if (part[0] === "" || part.at(-1) === "") continue;
    if (occurrences(lines, part) === 1) return { from, to };
  }
  return { from: 0, to: 1 };
}

function disjointCuts(random: Random, lines: readonly string[]): number[] {
  return lines.flatMap((line, at) =>
    random() < 0.3 && line !== "" && occurrences(lines, [line]) === 1 ? [at] : [],
  );
}

function shuffled(random: Random, items: readonly number[]): number[] {
  const keyed = items.map((item) => ({ item, key: random() }));
  const order = keyed.toSorted((a, b) => a.key - b.key).map(({ item }) => item);
  return order.length > 0 ? order : [0];
}

function occurrences(lines: readonly string[], part: readonly string[]): number {
  return lines.filter((_, at) => part.every((line, index) => lines[at + index] === line)).length;
}

function trimmed(line: string): string {
  return line.trim();
}

const SCRAPS = [
  "<<<<<<< SEARCH",
  "=======",
  ">>>>>>> REPLACE",
  "```",
  "```python",
  "~~~",
  "<think>",
  "</think>",
  "EVOLVE-BLOCK-START",
  "EVOLVE-BLOCK-END",
  "@@ -1 +1 @@",
  "--- a",
  "+++ b",
  "",
  "  ",
  "...",
  "# ...",
  "======",
  "<<<<<<< SEARCH x",
];

/** Removes, doubles and swaps lines, and puts lines of the format anywhere. */
function mangled(random: Random, answer: string): string {
  const lines = answer.split("\n");
  for (let times = Math.floor(random() * 5); times > 0; times--) {
    const at = Math.floor(random() * lines.length);
    const kind = random();
    if (kind < 0.3) lines.splice(at, 1);
    else if (kind < 0.5) lines.splice(at, 0, lines[at] ?? "");
    else lines.splice(at, 0, SCRAPS[Math.floor(random() * SCRAPS.length)] ?? "");
  }
  const end = random() < 0.2 ? Math.floor(random() * answer.length) : undefined;
  return lines.join("\n").slice(0, end);
}

const NOISE = [
  "a",
  " ",
  "\t",
  "\n",
  "\r\n",
  "\r",
  "\f",
  "\v",
  "\u0000",
  "\u2028",
  "\u0085",
  "\u00e9",
  "e\u0301",
  "\u{1F9EE}",
  "\uD800",
  "\uFEFF",
  "<",
  ">",
  "=",
  "`",
  "$&",
];

/** Text of anything, line ends of both kinds included; it does not begin with a byte order mark. */
function noise(random: Random): string {
  const parts = Array.from(
    { length: Math.floor(random() * 60) },
    () => NOISE[Math.floor(random() * NOISE.length)] ?? "",
  );
  return `x${parts.join("")}x`;
}

function hasMarkers(program: string): boolean {
  return program
    .split("\n")
    .some((line) => /^(?:<{5,9} ?SEARCH|>{5,9} ?REPLACE|EVOLVE-BLOCK-\w+|={7})$/.test(line));
}

function appliedTo(program: string, answer: string): string {
  const outcome: EditOutcome = applyResponse(program, answer, DIFF);
  return outcome.status === "applied" ? outcome.program : `${outcome.reason}: ${outcome.message}`;
}

function joined(lines: readonly string[], end: string): string {
  return lines.map((line) => line + end).join("");
}

function blockOf(search: readonly string[], replace: readonly string[]): string {
  return `<<<<<<< SEARCH\n${joined(search, "\n")}=======\n${joined(replace, "\n")}>>>>>>> REPLACE\n`;
}
