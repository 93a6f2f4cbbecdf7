import { indentLength, isBlank, leadingBlankLines, trailingBlankLines, trimLine } from "./lines.ts";

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
 * Finds the lines closest to a SEARCH text that is not in the program: the offset on which the most trigrams of
 * both, the rare ones counting most, stand on the same line. Takes time in proportion to the program, with bounds on what is looked at closely.
 *
 * @returns Null when nothing of `search` is in the program.
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
/** Lines of the program that are looked at closely. */
const MOST_PROGRAM_LINES = 50_000;
/** Where a program has more lines, only those with one of so many words of SEARCH, the longest ones, are looked at. */
const TELLING_WORDS = 4;
/** Characters of one line that are looked at. */
const MOST_LINE_CHARS = 400;
/** A trigram on more lines of the program than this tells nothing, unless all are that common. */
const MOST_PLACES = 1000;
/** Lines of SEARCH that one trigram is counted for. */
const MOST_LINES_PER_TRIGRAM = 8;
/** How far beside an offset its lines are looked for. */
const NEIGHBOURHOOD = 5;
/** Trigrams are told apart by a hash of so many values; a collision costs a wrong vote among many. */
const HASH_SIZE = 2 ** 16;

/** Where a trigram of SEARCH is. */
interface Trigram {
  /** Lines of SEARCH, ascending. */
  readonly wanted: number[];
  /** Lines of the program, ascending, up to the first one too many. */
  readonly places: number[];
  /** Last line of the program that was counted. */
  last: number;
}

function bestOffset(program: readonly string[], core: readonly string[]): number | null {
  const trigrams: Trigram[] = [];
  /** Position in `trigrams` plus one, by hash; 0 for trigrams that SEARCH does not have. */
  const byHash = new Int32Array(HASH_SIZE);
  const hashes = new Int32Array(MOST_LINE_CHARS);
  for (const [at, line] of core.entries()) {
    const count = trigramsOf(line, hashes);
    for (let index = 0; index < count; index++) {
      const hash = hashes[index] ?? 0;
      if (byHash[hash] === 0) byHash[hash] = trigrams.push({ wanted: [], places: [], last: -1 });
      const wanted = trigrams[(byHash[hash] ?? 0) - 1]?.wanted ?? [];
      if (wanted.at(-1) !== at && wanted.length < MOST_LINES_PER_TRIGRAM) wanted.push(at);
    }
  }
  for (const at of linesToLookAt(program, core)) {
    const count = trigramsOf(program[at] ?? "", hashes);
    for (let index = 0; index < count; index++) {
      const position = byHash[hashes[index] ?? 0] ?? 0;
      if (position === 0) continue;
      const trigram = trigrams[position - 1];
      if (trigram === undefined || trigram.last === at) continue;
      trigram.last = at;
      if (trigram.places.length <= MOST_PLACES) trigram.places.push(at);
    }
  }
  const telling = trigrams.filter(({ places }) => places.length <= MOST_PLACES);
  return mostVoted(telling, program.length, core.length) ?? mostVoted(trigrams, program.length, core.length);
}

/** The offset that most trigrams vote for; a trigram on few lines has more weight. The first of several; null for no votes. */
function mostVoted(trigrams: readonly Trigram[], programLines: number, coreLines: number): number | null {
  const votes = new Float64Array(programLines + coreLines);
  let best = -1;
  for (const { wanted, places } of trigrams) {
    const weight = 1 / (1 + Math.log2(Math.max(1, places.length)));
    for (const line of places) {
      for (const at of wanted) {
        const index = line - at + coreLines - 1;
        const vote = (votes[index] ?? 0) + weight;
        votes[index] = vote;
        const most = votes[best] ?? 0;
        if (best < 0 || vote > most || (vote === most && index < best)) best = index;
      }
    }
  }
  return best < 0 ? null : best - coreLines + 1;
}

/**
 * Writes a hash for each three characters of a line in a row, and gives their number. Blanks and the case of letters are
 * left out.
 */
function trigramsOf(line: string, hashes: Int32Array): number {
  const end = Math.min(line.length, MOST_LINE_CHARS);
  let count = 0;
  let first = 0;
  let second = 0;
  for (let at = 0; at < end; at++) {
    let code = line.charCodeAt(at);
    if (code === 0x20 || code === 0x09) continue;
    if (code >= 0x41 && code <= 0x5a) code += 0x20;
    if (first !== 0) hashes[count++] = (first * 961 + second * 31 + code) & (HASH_SIZE - 1);
    first = second;
    second = code;
  }
  return count;
}

function linesToLookAt(program: readonly string[], core: readonly string[]): number[] {
  const all = [...program.keys()];
  if (program.length <= MOST_PROGRAM_LINES) return all;
  const words = new Set(
    core.flatMap((line) => line.slice(0, MOST_LINE_CHARS).match(/[\p{L}\p{N}_]+/gu) ?? []),
  );
  const telling = [...words].toSorted((a, b) => b.length - a.length).slice(0, TELLING_WORDS);
  const lines = all.filter((at) => telling.some((word) => program[at]?.includes(word)));
  return lines.slice(0, MOST_PROGRAM_LINES);
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
  const moved = (at: number) => indentLength(program[first + at] ?? "") - indentLength(core[at] ?? "");
  const at = core.findIndex((line, index) => !isBlank(line) && moved(index) !== moved(0));
  const index = Math.max(at, 0);
  return { kind: "indentation", program: first + index, search: index };
}

function sameText(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && trimLine(a) === trimLine(b);
}
