import { isBlank, leadingBlankLines, trailingBlankLines, trimLine } from "./lines.ts";

/** The lines of a program that a SEARCH text most likely meant, and the first line where the two part. */
export interface Closest {
  /** 0-based, in the program. */
  readonly first: number;
  /** 0-based, behind the last line. */
  readonly end: number;
  readonly difference: Difference;
}

/** How program and SEARCH differ at the first line where they do; line numbers are 0-based. */
export type Difference =
  | { readonly kind: "text"; readonly program: number; readonly search: number }
  | { readonly kind: "indentation"; readonly program: number; readonly search: number }
  /** SEARCH leaves out lines of the program, `count` of them from `program` on. */
  | { readonly kind: "left_out"; readonly program: number; readonly count: number }
  /** SEARCH has lines that the program does not have there, `count` of them from `search` on. */
  | { readonly kind: "added"; readonly program: number; readonly search: number; readonly count: number }
  /** SEARCH goes on behind the program's last line. */
  | { readonly kind: "end"; readonly search: number };

/**
 * Finds the lines closest to a SEARCH text that is not in the program: the offset on which the most words of both, the
 * rare ones counting most, stand on the same line. Time and memory grow with the program's size up to a bound.
 *
 * @returns Null when no word of `search` is in the program.
 */
export function closestLines(program: readonly string[], search: readonly string[]): Closest | null {
  const lead = leadingBlankLines(search);
  const core = search.slice(lead, search.length - trailingBlankLines(search));
  const offset = bestOffset(program, core.slice(0, MOST_SEARCH_LINES));
  if (offset === null) return null;
  const first = firstLine(program, core, offset);
  const difference = firstDifference(program, core, first);
  const shiftedBack =
    "search" in difference ? { ...difference, search: difference.search + lead } : difference;
  return { first, end: Math.min(program.length, Math.max(first, 0) + core.length), difference: shiftedBack };
}

// --- internal ---

/** SEARCH lines that are compared; what 200 lines do not decide, more will not. */
const MOST_SEARCH_LINES = 200;
/** Characters of the program that are looked at, from its beginning. */
const MOST_PROGRAM_CHARS = 4_000_000;
/** Places of one word that are counted, so that a word on every line costs no more than a rare one. */
const MOST_PLACES = 256;
/** Lines of SEARCH that one word is counted for. */
const MOST_LINES_PER_WORD = 16;
/** How far beside an offset its lines are looked for. */
const NEIGHBOURHOOD = 5;

const WORD = /[\p{L}\p{N}_]+/gu;

function wordsOf(line: string): Set<string> {
  return new Set(line.slice(0, 1000).toLowerCase().match(WORD) ?? []);
}

function bestOffset(program: readonly string[], core: readonly string[]): number | null {
  const wanted = new Map<string, number[]>();
  for (const [at, line] of core.entries()) {
    for (const word of wordsOf(line)) {
      const lines = wanted.get(word);
      if (lines === undefined) wanted.set(word, [at]);
      else if (lines.length < MOST_LINES_PER_WORD) lines.push(at);
    }
  }
  const places = new Map<string, { lines: number[]; total: number }>();
  let chars = 0;
  for (let at = 0; at < program.length && chars < MOST_PROGRAM_CHARS; at++) {
    const line = program[at] ?? "";
    chars += line.length + 1;
    for (const word of wordsOf(line)) {
      if (!wanted.has(word)) continue;
      const place = places.get(word) ?? { lines: [], total: 0 };
      if (place.total++ < MOST_PLACES) place.lines.push(at);
      places.set(word, place);
    }
  }
  if (places.size === 0) return null;
  const votes = new Float64Array(program.length + core.length);
  for (const [word, { lines, total }] of places) {
    for (const line of lines) {
      for (const at of wanted.get(word) ?? []) {
        const index = line - at + core.length - 1;
        votes[index] = (votes[index] ?? 0) + 1 / total;
      }
    }
  }
  let best = 0;
  for (let index = 1; index < votes.length; index++)
    if ((votes[index] ?? 0) > (votes[best] ?? 0)) best = index;
  return best - core.length + 1;
}

/** The program line that the first SEARCH line stands for: the one at the offset, or an equal one close to it. */
function firstLine(program: readonly string[], core: readonly string[], offset: number): number {
  const start = Math.max(0, Math.min(offset, program.length - 1));
  const wanted = trimLine(core[0] ?? "");
  for (let distance = 0; distance <= NEIGHBOURHOOD; distance++) {
    for (const at of [offset - distance, offset + distance]) {
      if (at >= 0 && at < program.length && trimLine(program[at] ?? "") === wanted) return at;
    }
  }
  return start;
}

function firstDifference(program: readonly string[], core: readonly string[], first: number): Difference {
  let at = 0;
  while (at < core.length && first + at < program.length && sameText(program[first + at], core[at])) at++;
  if (at === core.length) return indentationDifference(program, core, first);
  if (first + at >= program.length) return { kind: "end", search: at };
  const here = first + at;
  for (let count = 1; count <= NEIGHBOURHOOD; count++) {
    if (!isBlank(core[at] ?? "") && sameText(program[here + count], core[at])) {
      return { kind: "left_out", program: here, count };
    }
    if (!isBlank(program[here] ?? "") && sameText(program[here], core[at + count])) {
      return { kind: "added", program: here, search: at, count };
    }
  }
  return { kind: "text", program: here, search: at };
}

/** All texts are equal, so a line is moved against its neighbours: the first one that is moved differently than the first. */
function indentationDifference(
  program: readonly string[],
  core: readonly string[],
  first: number,
): Difference {
  const moved = (at: number) => indentOf(program[first + at]).length - indentOf(core[at]).length;
  const at = core.findIndex((line, index) => !isBlank(line) && moved(index) !== moved(0));
  const index = Math.max(at, 0);
  return { kind: "indentation", program: first + index, search: index };
}

function indentOf(line = ""): string {
  return /^[ \t]*/.exec(line)?.[0] ?? "";
}

function sameText(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && trimLine(a) === trimLine(b);
}
