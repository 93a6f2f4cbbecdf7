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
 * saw.
 */
export function applyEdits(program: string, edits: readonly Edit[], options: ApplyOptions): Applied {
  const vocabulary = edits.flatMap(({ readings }) => readings.flatMap(({ search }) => search));
  const room = edits.reduce((sum, { readings }) => sum + (readings.at(-1)?.replace.length ?? 0), 0);
  const document = new Document(program, vocabulary, room);
  const keys = edits.map(copyKey);
  const copies = countEqual(keys);
  const landed = new Map<string, MatchTier>();
  const matched: MatchTier[] = [];

  for (const [index, edit] of edits.entries()) {
    const key = keys[index] ?? "";
    const known = landed.get(key);
    if (known !== undefined) {
      matched.push(known);
      continue;
    }
    const refuse = (reason: Refusal["reason"], what: string, details: readonly string[] = []): Applied => ({
      refusal: { reason, block: edit.number, blocks: edits.length, what, details },
    });
    const found = choose(document, edit, options.lineEnd);
    if (found === null) return notFound(document, program, edit, edits.length, options);
    const { reading, places } = found;
    const problem = newCodeProblem(reading, options);
    if (problem !== null) return refuse("malformed", problem);
    const first = places[0];
    if (first === undefined) {
      document.fill(reading.replace);
      matched.push("exact");
      continue;
    }
    const targets = targetsOf(document, places, copies.get(key) ?? 1);
    if (targets === null && !sameLines(reading.search, reading.replace)) {
      const starts = document.numbersOf(places.map((place) => place.first));
      return refuse(
        "ambiguous",
        `has a SEARCH text that stands for ${starts.length} places, lines ${starts.slice(0, 12).join(", ")}; one is wanted`,
        placesDetails(document.texts(), starts, first.count),
      );
    }
    if (!sameLines(reading.search, reading.replace)) {
      for (const place of targets ?? []) {
        const lines = replacement(document, reading.replace, place);
        if (lines === null) {
          const moved =
            "is indented deeper than the program, and its REPLACE text has lines that cannot be moved to the left with it";
          return refuse("no_match", moved, closestDetails(document.texts(), reading.search));
        }
        document.splice(place.first, place.count, lines);
      }
    }
    landed.set(key, first.tier);
    matched.push(first.tier);
  }
  return finished(program, document, matched, edits.length);
}

// --- internal ---

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

function notFound(
  document: Document,
  program: string,
  edit: Edit,
  blocks: number,
  { lineEnd }: ApplyOptions,
): Applied {
  const refuse = (reason: Refusal["reason"], what: string, details: readonly string[] = []): Applied => ({
    refusal: { reason, block: edit.number, blocks, what, details },
  });
  const reading = edit.readings[0];
  if (reading === undefined || edit.readings.length > 1) {
    const what = `has ${edit.readings.length} lines that could be its divider, and with none of them its SEARCH text is in the program`;
    return refuse("malformed", what, closestDetails(document.texts(), edit.readings.at(-1)?.search ?? []));
  }
  if (reading.search.every(isBlank)) {
    return refuse("malformed", "has an empty SEARCH text, so nothing says where its new lines belong");
  }
  const details = closestDetails(document.texts(), reading.search);
  const before = new Document(program, reading.search, 0);
  if (edit.number > 1 && findPlaces(before, reading.search, lineEnd).length > 0) {
    const what =
      "has a SEARCH text that is no longer in the program: an earlier block of the answer changed those lines";
    return refuse("no_match", what, details);
  }
  return refuse("no_match", "has a SEARCH text that is not in the program", details);
}

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
  if (!document.hasAdditions()) return null;
  if (places.length > MOST_COMPARED_PLACES) return null;
  const asSent = places.filter((place) =>
    linesOf(document, place).every((line) => document.isOriginal(line)),
  );
  return asSent.length === 1 ? asSent : null;
}

/** Places that are looked at for the only one that no edit wrote; among more than these nothing is that clear. */
const MOST_COMPARED_PLACES = 100;

function overlap(document: Document, places: readonly Place[]): boolean {
  const lines = places.flatMap((place) => linesOf(document, place));
  return new Set(lines).size < lines.length;
}

function linesOf(document: Document, place: Place): number[] {
  const lines: number[] = [];
  for (let line = place.first; lines.length < place.count; line = document.next(line)) lines.push(line);
  return lines;
}

/** The new lines as they go into the program; null when they cannot be shifted as SEARCH was. */
function replacement(document: Document, replace: readonly string[], place: Place): string[] | null {
  const from = Math.min(place.extraLeading, leadingBlankLines(replace));
  const kept = replace.slice(from);
  const lines = kept.slice(0, kept.length - Math.min(place.extraTrailing, trailingBlankLines(kept)));
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

function countEqual(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
