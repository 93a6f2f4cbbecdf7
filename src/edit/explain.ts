import type { EditOutcome, EditRejection } from "../types.ts";
import { closestLines, type Difference } from "./closest.ts";
import { indentOf, trimLineEnd } from "./lines.ts";

/** Why an answer was refused, with what a reader needs to send a better one. */
export interface Refusal {
  readonly reason: EditRejection;
  /** 1-based; null when it is the answer as a whole. */
  readonly block: number | null;
  /** Number of blocks of the answer. */
  readonly blocks: number;
  /** A sentence without its subject: "has no divider". */
  readonly what: string;
  /** Lines that show it. */
  readonly details: readonly string[];
}

/** Words a refusal: for a person, and for the model that has to answer again. */
export function rejected(refusal: Refusal): EditOutcome {
  const { reason, block } = refusal;
  const subject =
    block === null ? "The answer" : `Block ${block}${refusal.blocks > 1 ? ` of ${refusal.blocks}` : ""}`;
  const message = [`${subject} ${refusal.what}`, ...refusal.details].join("\n");
  const feedback = [
    "Your last answer was not applied; the program is unchanged.",
    message,
    block !== null && refusal.blocks > 1 ? `${ADVICE[reason]} ${ALL_AGAIN}` : ADVICE[reason],
  ].join("\n");
  return { status: "rejected", reason, block, message, feedback };
}

/** Shows the lines of a program that come closest to a SEARCH text, and where they part. */
export function closestDetails(program: readonly string[], search: readonly string[]): string[] {
  const closest = closestLines(program, search);
  if (closest === null) return ["No line of the program is similar to it."];
  const { difference } = closest;
  const focus = "program" in difference ? difference.program : program.length - 1;
  const from = Math.max(0, Math.min(closest.first, focus), focus - Math.floor(MOST_LINES / 2));
  const to = Math.min(program.length, Math.max(closest.end, focus + 1), from + MOST_LINES);
  return [
    "Closest lines of the program (the numbers are not part of them):",
    ...numbered(program, from, to, difference),
    ...differenceWords(program, search, difference),
  ];
}

/** Shows lines of a program with their numbers. */
export function placesDetails(
  program: readonly string[],
  starts: readonly number[],
  count: number,
): string[] {
  const shown = starts.slice(0, MOST_PLACES);
  const lines = shown.map((start) => {
    const context = program[start - 2] === undefined ? "" : `, after ${quote(program[start - 2] ?? "")}`;
    return `  line ${start}${count > 1 ? ` to ${start + count - 1}` : ""}${context}`;
  });
  const left = starts.length - shown.length;
  return left > 0 ? [...lines, `  and ${left} more`] : lines;
}

/** A line in a sentence: without blanks at its end, shortened, in backquotes. */
export function quote(line: string): string {
  return `\`${shorten(trimLineEnd(line))}\``;
}

// --- internal ---

/** Lines of the program that a refusal shows. */
const MOST_LINES = 16;
/** Places that a refusal lists. */
const MOST_PLACES = 12;
/** Characters of one line that a refusal shows. */
const MOST_CHARS = 240;

const COPY =
  "Copy the SEARCH text from the current program, whole lines, character by character: no line left out, no '...', no line numbers.";
const FORMAT =
  "Each block is: a line '<<<<<<< SEARCH', the lines to replace, a line '=======', the new lines, a line '>>>>>>> REPLACE'; each marker alone on its line.";
const ALL_AGAIN = "Send all blocks of the answer again: none of them was applied.";

const ADVICE: Readonly<Record<EditRejection, string>> = {
  no_blocks: `Send your change in the format that was asked for. ${FORMAT} A whole program goes into one complete code fence in the task's language.`,
  no_match: COPY,
  ambiguous: "Add neighbouring lines to the SEARCH text until it stands for one place only.",
  malformed: `${FORMAT} Write all code out; nothing may stand for code that is left out.`,
  truncated: "Answer more briefly: less explanation and smaller blocks, so that the answer is complete.",
  unchanged: "Send a change that makes the program different from the current one.",
};

function numbered(program: readonly string[], from: number, to: number, difference: Difference): string[] {
  const width = String(to).length;
  const marked = "program" in difference ? difference.program : -1;
  const count = difference.kind === "left_out" ? difference.count : difference.kind === "added" ? 0 : 1;
  return program.slice(from, to).map((line, index) => {
    const isMarked = from + index >= marked && from + index < marked + count;
    return `${isMarked ? ">" : " "} ${String(from + index + 1).padStart(width)} | ${shorten(trimLineEnd(line))}`;
  });
}

function differenceWords(
  program: readonly string[],
  search: readonly string[],
  difference: Difference,
): string[] {
  switch (difference.kind) {
    case "end":
      return [`SEARCH goes on behind the end of the program with ${quote(search[difference.search] ?? "")}.`];
    case "left_out":
      return [`SEARCH leaves out ${linesWords(difference.program, difference.count)} of the program.`];
    case "added": {
      const { search: at, count } = difference;
      return [`${linesWords(at, count)} of SEARCH (${quote(search[at] ?? "")}) is not in the program there.`];
    }
    case "indentation": {
      const theirs = program[difference.program] ?? "";
      const ours = search[difference.search] ?? "";
      return [
        `The text is the same, but line ${difference.program + 1} of the program is indented by ${blanks(theirs)}, line ${difference.search + 1} of SEARCH by ${blanks(ours)}, relative to their neighbours this is another nesting.`,
      ];
    }
    case "text":
      return [
        `Line ${difference.search + 1} of SEARCH differs from line ${difference.program + 1} of the program:`,
        `  SEARCH:  ${shorten(trimLineEnd(search[difference.search] ?? ""))}`,
        `  program: ${shorten(trimLineEnd(program[difference.program] ?? ""))}`,
      ];
  }
}

function linesWords(first: number, count: number): string {
  return count === 1 ? `line ${first + 1}` : `lines ${first + 1} to ${first + count}`;
}

function blanks(line: string): string {
  const indent = indentOf(line);
  const tabs = indent.split("\t").length - 1;
  const spaces = indent.length - tabs;
  if (tabs === 0) return `${spaces} spaces`;
  return spaces === 0 ? `${tabs} tabs` : `${tabs} tabs and ${spaces} spaces`;
}

function shorten(line: string): string {
  return line.length <= MOST_CHARS ? line : `${line.slice(0, MOST_CHARS)}…`;
}
