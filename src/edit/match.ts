import type { MatchTier } from "../types.ts";
import type { Comparison, Document } from "./document.ts";
import { indentOf, isBlank, leadingBlankLines, trailingBlankLines, trimLine } from "./lines.ts";

/** How the indentation of a SEARCH text differs from the program's: blanks to add to, or take from, each of its lines. */
export interface Shift {
  readonly add: string;
  readonly remove: string;
}

/** A place of the document that a SEARCH text stands for. */
export interface Place {
  /** First line and number of lines that REPLACE takes the place of. */
  readonly first: number;
  readonly count: number;
  readonly tier: MatchTier;
  readonly shift: Shift;
  /** Blank lines at the edges of SEARCH that are layout of the answer, because the program has none there. */
  readonly extraLeading: number;
  readonly extraTrailing: number;
  /** Blank lines among the `count` lines that stand for those at the end of SEARCH. */
  readonly trailing: number;
}

/**
 * Finds the places that a SEARCH text stands for, by the closest reading that has any: every character; then without
 * blanks at line ends; then shifted as a whole. Empty lines at its edges are part of it where the program has them, and
 * layout otherwise; places with more of them are closer.
 *
 * @param lineEnd The line end that the answer is written with; it only decides between places that are equal otherwise.
 */
export function findPlaces(document: Document, search: readonly string[], lineEnd: string): Place[] {
  const leading = leadingBlankLines(search);
  if (leading === search.length) return [];
  const trailing = trailingBlankLines(search);
  const pattern: Pattern = {
    core: search.slice(leading, search.length - trailing),
    leading: search.slice(0, leading),
    trailing: search.slice(search.length - trailing),
    lineEnd,
  };
  for (const tier of TIERS) {
    const cores = findCores(document, pattern.core, tier.comparison);
    if (cores.length === 0) continue;
    const canCompareEnds =
      cores.length * search.length <= DIRECT_SEARCH_FACTOR * (document.size + search.length);
    return closest(cores.map((core) => rankedPlace(document, pattern, core, tier, canCompareEnds)));
  }
  return [];
}

// --- internal ---

interface Tier {
  readonly name: MatchTier;
  readonly comparison: Comparison;
}

const TIERS: readonly Tier[] = [
  { name: "exact", comparison: "exact" },
  { name: "line_ends", comparison: "line_ends" },
  { name: "indentation", comparison: "trimmed" },
];

interface Pattern {
  /** Without blank lines at the edges; its first and last line hold text. */
  readonly core: readonly string[];
  readonly leading: readonly string[];
  readonly trailing: readonly string[];
  readonly lineEnd: string;
}

interface Core {
  readonly first: number;
  readonly last: number;
  readonly shift: Shift;
}

interface RankedPlace {
  readonly place: Place;
  /** Lower is closer. */
  readonly rank: number;
}

const NO_SHIFT: Shift = { add: "", remove: "" };

/**
 * Trying each candidate costs at most candidates × lines; above this many times the size of both texts, a search that
 * is linear whatever the texts look like takes over.
 */
const DIRECT_SEARCH_FACTOR = 4;

function closest(ranked: readonly RankedPlace[]): Place[] {
  const best = ranked.reduce((least, { rank }) => Math.min(least, rank), Number.POSITIVE_INFINITY);
  return ranked.filter(({ rank }) => rank === best).map(({ place }) => place);
}

function rankedPlace(
  document: Document,
  pattern: Pattern,
  core: Core,
  tier: Tier,
  canCompareEnds: boolean,
): RankedPlace {
  const { leading, trailing } = pattern;
  const before = edgeFit(document, core.first, leading, -1);
  const after = edgeFit(document, core.last, trailing, 1);
  const withLeading = before !== "absent" ? leading.length : 0;
  const withTrailing = after !== "absent" ? trailing.length : 0;
  const first = document.step(core.first, -withLeading);
  const count = withLeading + pattern.core.length + withTrailing;
  const sameEnds =
    tier.name === "exact" && canCompareEnds && hasLineEnds(document, first, count, pattern.lineEnd);
  const isExact = sameEnds && before === "exact" && after === "exact";
  const name = tier.name === "exact" && !isExact ? "line_ends" : tier.name;
  return {
    place: {
      first,
      count,
      tier: name,
      shift: core.shift,
      extraLeading: leading.length - withLeading,
      extraTrailing: trailing.length - withTrailing,
      trailing: withTrailing,
    },
    rank: 3 * (EDGE_RANK[before] + EDGE_RANK[after]) + (isExact ? 0 : 1),
  };
}

type EdgeFit = "exact" | "blank" | "absent";

const EDGE_RANK: Readonly<Record<EdgeFit, number>> = { exact: 0, blank: 1, absent: 2 };

/** Whether the blank lines at one edge of SEARCH stand next to a line of the document. */
function edgeFit(document: Document, line: number, edge: readonly string[], direction: 1 | -1): EdgeFit {
  let fit: EdgeFit = "exact";
  let at = line;
  for (let index = 0; index < edge.length; index++) {
    at = direction > 0 ? document.next(at) : document.previous(at);
    if (at === 0) return "absent";
    const text = document.textOf(at);
    if (!isBlank(text)) return "absent";
    if (text !== edge[direction > 0 ? index : edge.length - 1 - index]) fit = "blank";
  }
  return fit;
}

function hasLineEnds(document: Document, first: number, count: number, lineEnd: string): boolean {
  let line = first;
  for (let index = 0; index < count; index++, line = document.next(line)) {
    const end = document.endOf(line);
    if (end !== lineEnd && end !== "") return false;
  }
  return true;
}

function findCores(document: Document, core: readonly string[], comparison: Comparison): Core[] {
  const ids = document.idsOf(comparison);
  const wanted = core.map((text) => ids.ofText(text));
  const anchor = rarest(wanted.map((id) => document.countOf(comparison, id)));
  const candidates = document.countOf(comparison, wanted[anchor] ?? 0);
  if (candidates === 0 || wanted.includes(0)) return [];
  const budget = DIRECT_SEARCH_FACTOR * (document.size + core.length);
  if (candidates * core.length > budget) return findByAutomaton(document, core, comparison);

  const cores: Core[] = [];
  for (const line of document.linesWith(comparison, wanted[anchor] ?? 0)) {
    const first = document.step(line, -anchor);
    if (first === 0) continue;
    let last = 0;
    let matched = 0;
    for (let at = first; at !== 0 && matched < core.length; at = document.next(at), matched++) {
      if (ids.of(at) !== wanted[matched]) break;
      last = at;
    }
    if (matched < core.length) continue;
    const shift = comparison === "trimmed" ? commonShift(document, first, core) : NO_SHIFT;
    if (shift !== null) cores.push({ first, last, shift });
  }
  return cores;
}

function rarest(counts: readonly number[]): number {
  return counts.reduce((least, count, index) => (count < (counts[least] ?? 0) ? index : least), 0);
}

/** The one shift that turns the indentation of every line of `core` into the document's; null when there is none. */
function commonShift(document: Document, first: number, core: readonly string[]): Shift | null {
  const shift = shiftOf(core[0] ?? "", document.textOf(first));
  if (shift === null) return null;
  let at = first;
  for (const text of core) {
    if (!isBlank(text) && shifted(indentOf(text), shift) !== indentOf(document.textOf(at))) return null;
    at = document.next(at);
  }
  return shift;
}

function shiftOf(from: string, to: string): Shift | null {
  const [a, b] = [indentOf(from), indentOf(to)];
  if (b.endsWith(a)) return { add: b.slice(0, b.length - a.length), remove: "" };
  if (a.endsWith(b)) return { add: "", remove: a.slice(0, a.length - b.length) };
  return null;
}

function shifted(indent: string, shift: Shift): string | null {
  if (!indent.startsWith(shift.remove)) return null;
  return shift.add + indent.slice(shift.remove.length);
}

/**
 * Knuth, Morris and Pratt's search over whole lines. A shift of the indentation is the same for all lines, so what is
 * compared is each line's step of indentation from the line before, which does not change with it; the first line of
 * `core` has no line before, so it is compared by its text alone.
 */
function findByAutomaton(document: Document, core: readonly string[], comparison: Comparison): Core[] {
  const lines: number[] = [];
  for (let line = document.next(0); line !== 0; line = document.next(line)) lines.push(line);
  const ids = document.idsOf(comparison);
  const tokenOf = tokenizer();
  const isShifting = comparison === "trimmed";
  const pattern = isShifting ? steps(core).map(tokenOf) : core.map(ids.ofText);
  const text = isShifting ? steps(document.texts()).map(tokenOf) : lines.map(ids.of);
  const rest = pattern.slice(1);
  const firstId = ids.ofText(core[0] ?? "");
  const cores: Core[] = [];
  for (const end of occurrences(text, rest)) {
    const first = lines[end - rest.length] ?? 0;
    if (first === 0 || ids.of(first) !== firstId) continue;
    const shift = isShifting ? shiftOf(core[0] ?? "", document.textOf(first)) : NO_SHIFT;
    if (shift !== null) cores.push({ first, last: lines[end] ?? 0, shift });
  }
  return cores;
}

/** Each line as its text and the step of indentation from the last line with text; blank lines are all the same. */
function steps(texts: readonly string[]): string[] {
  let before = "";
  return texts.map((text) => {
    if (isBlank(text)) return "";
    const indent = indentOf(text);
    let common = 0;
    while (common < indent.length && indent[common] === before[common]) common++;
    const step = `${before.slice(common)}\n${indent.slice(common)}\n${trimLine(text)}`;
    before = indent;
    return step;
  });
}

function tokenizer(): (text: string) => number {
  const tokens = new Map<string, number>();
  return (text) => {
    const known = tokens.get(text);
    if (known !== undefined) return known;
    tokens.set(text, tokens.size);
    return tokens.size - 1;
  };
}

/** Last positions of all occurrences of `pattern` in `text`, overlapping ones included. */
function occurrences(text: readonly number[], pattern: readonly number[]): number[] {
  const fallback: number[] = [0];
  for (let index = 1, length = 0; index < pattern.length; index++) {
    while (length > 0 && pattern[index] !== pattern[length]) length = fallback[length - 1] ?? 0;
    if (pattern[index] === pattern[length]) length++;
    fallback.push(length);
  }
  const ends: number[] = [];
  for (let index = 0, length = 0; index < text.length; index++) {
    while (length > 0 && text[index] !== pattern[length]) length = fallback[length - 1] ?? 0;
    if (text[index] === pattern[length]) length++;
    if (length < pattern.length) continue;
    ends.push(index);
    length = fallback[length - 1] ?? 0;
  }
  return ends;
}
