import type { Language, MatchTier } from "../types.ts";
import { Document } from "./document.ts";
import { placeholderLine } from "./elision.ts";
import { closestDetails, placesDetails, quote, type Refusal } from "./explain.ts";
import { BOM, isBlank, leadingBlankLines, sameLines, trailingBlankLines } from "./lines.ts";
import { findPlaces, type Place, type Shift } from "./match.ts";
import type { Owns } from "./owned.ts";
import { type Edit, type Reading, strayFormatLine } from "./parse.ts";

export interface ApplyOptions {
  readonly language: Language;
  /** Line end of the answer. */
  readonly lineEnd: string;
  readonly owns: Owns;
}

/** All edits landed, or the first one that did not. */
export type Applied =
  | { readonly program: string; readonly matched: readonly MatchTier[] }
  | { readonly refusal: Refusal };

/**
 * Applies edits one after another, each to the program that the ones before it left. All of them land or none does.
 *
 * An edit lands only where its SEARCH text stands for one place, with two exceptions that guess nothing: the same edit
 * sent once per place lands on each, and of several places the only one that no earlier edit wrote is the one the model
 * saw. The same edit sent again for a place that it has changed already is redundant.
 */
export function applyEdits(program: string, edits: readonly Edit[], options: ApplyOptions): Applied {
  const vocabulary = edits.flatMap(({ readings }) => readings.flatMap(({ search }) => search));
  const room = edits.reduce((sum, { readings }) => sum + (readings.at(-1)?.replace.length ?? 0), 0);
  const document = new Document(program, vocabulary, room);
  const keys = edits.map(copyKey);
  const copies = copiesOf(keys);
  const matched: MatchTier[] = [];
  for (const [index, edit] of edits.entries()) {
    const same = copies.get(keys[index] ?? "") ?? { left: 1, tier: null, lines: new Set() };
    const landing = land(document, edit, same, options);
    if ("tier" in landing) {
      matched.push(landing.tier);
      same.tier = landing.tier;
      same.left--;
      continue;
    }
    const refusal = landing.reason === "not_found" ? notFound(document, program, edit, options) : landing;
    return { refusal: { ...refusal, block: edit.number, blocks: edits.length } };
  }
  return finished(program, document, matched, edits.length);
}

// --- internal ---

/** All edits of an answer that are the same text. */
interface Copies {
  /** How many of them are still to be applied. */
  left: number;
  /** How the ones before were matched; null before the first. */
  tier: MatchTier | null;
  /** Lines of the program that the ones before stood for. */
  readonly lines: Set<number>;
}

type Problem = Pick<Refusal, "reason" | "what" | "details">;
type Landing = { readonly tier: MatchTier } | Problem | { readonly reason: "not_found" };

function land(document: Document, edit: Edit, same: Copies, options: ApplyOptions): Landing {
  const found = choose(document, edit, options.lineEnd);
  if (found === null) return same.tier === null ? { reason: "not_found" } : { tier: same.tier };
  const { reading, places } = found;
  const problem = newCodeProblem(reading, options);
  if (problem !== null) return { reason: "malformed", what: problem, details: [] };
  const [first] = places;
  if (first === undefined) {
    document.fill(reading.replace);
    return { tier: "exact" };
  }
  if (sameLines(reading.search, reading.replace)) return { tier: first.tier };
  const fresh =
    same.tier === null ? places : places.filter((place) => isUntouched(document, place, same.lines));
  if (fresh.length === 0 && same.tier !== null) return { tier: same.tier };
  const targets = targetsOf(document, fresh, same.left);
  if (targets === null) return ambiguous(document, fresh);
  for (const place of targets) {
    const lines = replacement(document, reading.replace, place);
    if (lines === null) {
      return {
        reason: "no_match",
        what: TOO_FLAT,
        details: closestDetails(document.texts(), reading.search),
      };
    }
    for (const line of linesOf(document, place)) same.lines.add(line);
    document.splice(place.first, place.count - (lines.every(isBlank) ? 0 : place.trailing), lines);
  }
  return { tier: first.tier };
}

const TOO_FLAT =
  "is indented deeper than the program, and its REPLACE text has lines that cannot be moved to the left with it";

/** Places are numbered as in the program that the model was shown, unless an earlier block wrote some of them. */
function ambiguous(document: Document, places: readonly Place[]): Problem {
  const firsts = places.map((place) => place.first);
  const isShown = firsts.every((line) => document.isOriginal(line));
  const starts = isShown ? firsts.toSorted((a, b) => a - b) : document.numbersOf(firsts);
  const texts = isShown ? document.originalTexts() : document.texts();
  const numbers = starts.slice(0, MOST_NUMBERS).join(", ") + (starts.length > MOST_NUMBERS ? ", …" : "");
  return {
    reason: "ambiguous",
    what: `has a SEARCH text that stands for ${starts.length} places, lines ${numbers}; one is wanted`,
    details: placesDetails(texts, starts, places[0]?.count ?? 1),
  };
}

/** Line numbers in the first sentence of a refusal. */
const MOST_NUMBERS = 8;

/** The reading of an edit that the program decides for, with its places; none for the first text of an empty program. */
function choose(
  document: Document,
  edit: Edit,
  lineEnd: string,
): { reading: Reading; places: readonly Place[] } | null {
  for (const reading of edit.readings) {
    if (reading.search.every(isBlank)) {
      if (document.isBlank()) return { reading, places: [] };
      continue;
    }
    const places = findPlaces(document, reading.search, lineEnd);
    if (places.length > 0) return { reading, places };
  }
  return null;
}

function notFound(document: Document, program: string, edit: Edit, { lineEnd }: ApplyOptions): Problem {
  const { search } = edit.readings.at(-1) ?? { search: [] };
  if (search.every(isBlank)) {
    const what = "has an empty SEARCH text, so nothing says where its new lines belong";
    return { reason: "malformed", what, details: [] };
  }
  const details = closestDetails(document.originalTexts(), search);
  if (edit.readings.length > 1) {
    const what = `has ${edit.readings.length} lines that could be its divider, and with none of them its SEARCH text is in the program`;
    return { reason: "malformed", what, details };
  }
  const before = new Document(program, search, 0);
  const wasThere = edit.number > 1 && findPlaces(before, search, lineEnd).length > 0;
  if (wasThere) return { reason: "no_match", what: NO_LONGER, details: [MERGE] };
  return { reason: "no_match", what: "has a SEARCH text that is not in the program", details };
}

const NO_LONGER =
  "has a SEARCH text that is no longer in the program: an earlier block of the answer changed those lines";
const MERGE = "Put both changes into one block, or quote the lines as the earlier block leaves them.";

function newCodeProblem({ search, replace }: Reading, { owns, language }: ApplyOptions): string | null {
  const stray = strayFormatLine(replace, owns);
  if (stray !== null)
    return `has a line in its REPLACE text that belongs to the answer's format: ${quote(stray)}`;
  const placeholder = placeholderLine(replace, search, owns, language);
  if (placeholder === null) return null;
  return `has a line in its REPLACE text that stands for code left out: ${quote(placeholder)}; applying it would delete that code`;
}

/** The places that an edit lands on; null when it could be several. */
function targetsOf(document: Document, places: readonly Place[], copies: number): readonly Place[] | null {
  if (places.length === 1) return places;
  if (copies > 1) return copies === places.length && !overlap(document, places) ? places : null;
  if (!document.hasAdditions() || places.length > MOST_COMPARED_PLACES) return null;
  const asSent = places.filter((place) => isUntouched(document, place, NO_LINES));
  return asSent.length === 1 ? asSent : null;
}

/** Places that are looked at for the only one that no edit wrote; among more than these nothing is that clear. */
const MOST_COMPARED_PLACES = 100;

const NO_LINES: ReadonlySet<number> = new Set();

/** Whether a place holds only lines of the program as it came, and none of the given ones. */
function isUntouched(document: Document, place: Place, touched: ReadonlySet<number>): boolean {
  return linesOf(document, place).every((line) => document.isOriginal(line) && !touched.has(line));
}

function overlap(document: Document, places: readonly Place[]): boolean {
  const lines = places.flatMap((place) => linesOf(document, place));
  return new Set(lines).size < lines.length;
}

function linesOf(document: Document, place: Place): number[] {
  const lines: number[] = [];
  for (let line = place.first; lines.length < place.count; line = document.next(line)) lines.push(line);
  return lines;
}

/**
 * The new lines as they go into the program; null when they cannot be shifted as SEARCH was. Blank lines at the end of new
 * code are layout of the answer: what stands behind the place stays behind the new code. A REPLACE text without any code
 * is taken as it is, so that a deletion takes the blank lines with it that SEARCH quotes.
 */
function replacement(document: Document, replace: readonly string[], place: Place): string[] | null {
  const trailing = trailingBlankLines(replace);
  const dropped = trailing < replace.length ? trailing : Math.min(place.extraTrailing, trailing);
  const kept = replace.slice(0, replace.length - dropped);
  const lines = kept.slice(Math.min(place.extraLeading, leadingBlankLines(kept)));
  const isFirst = document.previous(place.first) === 0;
  if (isFirst && document.bom !== "" && lines[0]?.startsWith(BOM)) lines[0] = lines[0].slice(BOM.length);
  const moved = lines.map((line) => shiftedLine(line, place.shift));
  return moved.includes(null) ? null : moved.map((line) => line ?? "");
}

function shiftedLine(line: string, shift: Shift): string | null {
  if (isBlank(line)) return line;
  return line.startsWith(shift.remove) ? shift.add + line.slice(shift.remove.length) : null;
}

function finished(
  program: string,
  document: Document,
  matched: readonly MatchTier[],
  blocks: number,
): Applied {
  const refuse = (reason: Refusal["reason"], what: string): Applied => ({
    refusal: { reason, block: null, blocks, what, details: [] },
  });
  if (document.isBlank()) return refuse("malformed", "deletes the whole program");
  const result = document.render();
  if (result === program) return refuse("unchanged", "leaves the program exactly as it is");
  return { program: result, matched };
}

/** Equal for edits that are the same text. */
function copyKey({ readings }: Edit): string {
  const [reading] = readings;
  return `${reading?.search.join("\n")}\n=======\n${reading?.replace.join("\n")}`;
}

function copiesOf(keys: readonly string[]): Map<string, Copies> {
  const copies = new Map<string, Copies>();
  for (const key of keys) {
    const same = copies.get(key);
    if (same === undefined) copies.set(key, { left: 1, tier: null, lines: new Set() });
    else same.left++;
  }
  return copies;
}
