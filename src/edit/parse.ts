import type { EditRejection } from "../types.ts";
import { isBareFence } from "./fences.ts";
import { BOM, isBlank, leadingBlankLines, trailingBlankLines, trimLine } from "./lines.ts";
import { DIVIDER_SIGNS, equalsCount, isCutHead, isWrongTail, markerOf, wrapperOf } from "./markers.ts";
import type { Owns } from "./owned.ts";

/** One reading of a block: the lines to find and the lines that take their place. */
export interface Reading {
  readonly search: readonly string[];
  readonly replace: readonly string[];
}

/** One edit of an answer. */
export interface Edit {
  /** 1-based, in the order of the answer. */
  readonly number: number;
  /** More than one where several lines of the block could be its divider; the longest SEARCH text first. */
  readonly readings: readonly Reading[];
}

/** Why an answer cannot be applied, before the program was looked at. */
export interface ParseProblem {
  readonly reason: EditRejection;
  readonly block: number | null;
  /** What is wrong, as a sentence without its subject: "has no line of seven equals signs". */
  readonly what: string;
}

/** The blocks of an answer; empty when it has none. */
export type ParsedBlocks = { readonly edits: readonly Edit[] } | { readonly problem: ParseProblem };

/** Reads the SEARCH/REPLACE blocks of an answer, in one pass over its lines. */
export function parseBlocks(lines: readonly string[], owns: Owns): ParsedBlocks {
  const edits: Edit[] = [];
  let number = 0;
  /** The line behind the last block. */
  let end = 0;
  let looseHead = "";
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const marker = markerOf(line);
    if (marker === "loose_head") looseHead = line;
    if (marker === "tail" && !(number > 0 && lines.slice(end, at).every(isBlank))) {
      return { problem: { reason: "malformed", block: number + 1, what: withoutHead(looseHead) } };
    }
    if (marker === "tail") end = at + 1;
    if (marker !== "head") continue;
    number++;
    const block = readBlock(lines, at, owns);
    if ("what" in block) return { problem: { ...block, block: number } };
    edits.push({ number, readings: block.readings.map((reading) => clean(reading, owns)) });
    end = block.end;
    at = end - 1;
    looseHead = "";
  }
  const cut = cutAtEnd(lines, number);
  if (cut !== null) return { problem: { reason: "truncated", block: number + 1, what: cut } };
  return { edits };
}

/** A line of REPLACE that belongs to the answer's format and must not get into the program; null when there is none. */
export function strayFormatLine(replace: readonly string[], owns: Owns): string | null {
  return replace.find((line) => isFormatLine(line) && !owns(line)) ?? null;
}

// --- internal ---

/**
 * Lines that may be the divider of one block. A program with more headings underlined by equals signs than this cannot be
 * edited across all of them at once, and no answer can make the search for the right one expensive.
 */
const MOST_DIVIDERS = 64;

interface Block {
  readonly readings: readonly Reading[];
  /** The line behind the block. */
  readonly end: number;
}

interface BlockProblem {
  readonly reason: EditRejection;
  readonly what: string;
}

function readBlock(lines: readonly string[], head: number, owns: Owns): Block | BlockProblem {
  let start = head + 1;
  const equals: number[] = [];
  let looseTail = -1;
  for (let at = start; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const marker = markerOf(line);
    if (marker === "equals") equals.push(at);
    else if (marker === "loose_tail" && equals.length > 0 && looseTail < 0) looseTail = at;
    else if (marker === "head" && !owns(line)) {
      if (looseTail >= 0) break;
      if (!lines.slice(start, at).every(isBlank)) return { reason: "malformed", what: REOPENED };
      start = at + 1;
    } else if (marker === "tail" && !(continues(lines, at + 1) && owns(line))) {
      return closedBlock(lines, { head, start, tail: at }, equals, owns);
    }
  }
  if (looseTail >= 0) {
    const before = equals.filter((at) => at < looseTail);
    return closedBlock(lines, { head, start, tail: looseTail }, before, owns);
  }
  const wrong = lines.slice(start).find((line) => isWrongTail(line));
  if (wrong !== undefined) {
    return {
      reason: "malformed",
      what: `is not closed by '>>>>>>> REPLACE', but by ${JSON.stringify(wrong.slice(0, 80))}`,
    };
  }
  return { reason: "truncated", what: equals.length === 0 ? CUT_IN_SEARCH : CUT_IN_REPLACE };
}

const REOPENED = "is not closed: another block opens before its line '>>>>>>> REPLACE'";
const CUT_IN_SEARCH =
  "is cut off: the answer ends inside its SEARCH text, before '=======' and '>>>>>>> REPLACE'";
const CUT_IN_REPLACE = "is cut off: the answer ends inside its REPLACE text, before '>>>>>>> REPLACE'";
const NO_DIVIDER =
  "has no divider: a line of seven equals signs is wanted between its SEARCH and its REPLACE text";

/** Whether a block that seems to end goes on, because a divider or an end follows that no new block has opened for. */
function continues(lines: readonly string[], from: number): boolean {
  for (let at = from; at < lines.length; at++) {
    const marker = markerOf(lines[at] ?? "");
    if (marker === "head") return false;
    if (marker === "tail" || marker === "equals") return true;
  }
  return false;
}

function closedBlock(
  lines: readonly string[],
  { head, start, tail }: { head: number; start: number; tail: number },
  equals: readonly number[],
  owns: Owns,
): Block | BlockProblem {
  const dividers = likelyDividers(lines, head, equals, owns);
  if (dividers.length === 0) return { reason: "malformed", what: NO_DIVIDER };
  if (dividers.length > MOST_DIVIDERS) {
    return {
      reason: "malformed",
      what: `has ${dividers.length} lines that could be its divider; one is wanted`,
    };
  }
  const readings = dividers.toReversed().map((divider) => ({
    search: lines.slice(start, divider),
    replace: lines.slice(divider + 1, tail),
  }));
  return { readings, end: tail + 1 };
}

/** Seven signs as deep as the opening marker; else seven signs; else any number of signs that the program does not hold. */
function likelyDividers(
  lines: readonly string[],
  head: number,
  equals: readonly number[],
  owns: Owns,
): readonly number[] {
  const textOf = (at: number) => lines[at] ?? "";
  const sevens = equals.filter((at) => equalsCount(textOf(at)) === DIVIDER_SIGNS);
  const depth = textOf(head).search(/[^ \t]/);
  const sameDepth = sevens.filter((at) => textOf(at).search(/[^ \t]/) === depth);
  if (sameDepth.length > 0) return sameDepth;
  if (sevens.length > 0) return sevens;
  return equals.filter((at) => !owns(textOf(at)));
}

function withoutHead(looseHead: string): string {
  if (looseHead === "") return "has no line '<<<<<<< SEARCH' before its '>>>>>>> REPLACE'";
  return `has other text on the line of its opening marker, which must hold '<<<<<<< SEARCH' alone: ${JSON.stringify(looseHead.slice(0, 120))}`;
}

/** What shows that another block was about to follow when the answer ended; null when nothing does. */
function cutAtEnd(lines: readonly string[], blocks: number): string | null {
  const last = lines.findLast((line) => !isBlank(line)) ?? "";
  if (isCutHead(last)) return "is cut off: the answer ends inside its opening marker";
  if (blocks > 0 && wrapperOf(last) === "start") return "is cut off: the answer ends before it begins";
  return null;
}

/**
 * Removes what belongs to the answer's format from both texts: EVOLVE-BLOCK lines, fences around a text, a line number
 * above it. Lines that the program holds are code and stay.
 */
function clean(reading: Reading, owns: Owns): Reading {
  const search = withoutLineHeader(cleanText(reading.search, owns));
  const replace = cleanText(reading.replace, owns);
  if (!search[0]?.startsWith(BOM) || owns(search[0])) return { search, replace };
  return { search: withoutBom(search), replace: withoutBom(replace) };
}

function cleanText(lines: readonly string[], owns: Owns): readonly string[] {
  const kept = lines.some(isWrapperLine) ? lines.filter((line) => !isWrapperLine(line) || owns(line)) : lines;
  const first = leadingBlankLines(kept);
  const last = kept.length - 1 - trailingBlankLines(kept);
  const isFence = (at: number) => {
    const line = kept[at];
    return line !== undefined && isBareFence(line) && !owns(line);
  };
  if (first > last) return kept;
  const from = isFence(first) ? first + 1 : 0;
  const to = last >= from && isFence(last) ? last : kept.length;
  return from === 0 && to === kept.length ? kept : kept.slice(from, to);
}

/** A byte order mark that was copied with the first line of a file is no part of the line. */
function withoutBom(lines: readonly string[]): readonly string[] {
  const [first, ...rest] = lines;
  return first?.startsWith(BOM) ? [first.slice(BOM.length), ...rest] : lines;
}

function isWrapperLine(line: string): boolean {
  return wrapperOf(line) !== null;
}

/** Some models were taught to send `:start_line:14` and a line of dashes above the SEARCH text. */
function withoutLineHeader(search: readonly string[]): readonly string[] {
  let at = 0;
  while (/^:(?:start|end)_line:[ \t]*\d+[ \t]*$/.test(search[at] ?? "")) at++;
  if (at === 0) return search;
  return search.slice(/^-{5,9}$/.test(trimLine(search[at] ?? "")) ? at + 1 : at);
}

function isFormatLine(line: string): boolean {
  const marker = markerOf(line);
  if (marker === "head" || marker === "tail") return true;
  if (marker === "equals") return equalsCount(line) === DIVIDER_SIGNS;
  return isWrapperLine(line) || isBareFence(line);
}
