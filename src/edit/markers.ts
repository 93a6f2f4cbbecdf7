import { indentLength, trimLine } from "./lines.ts";

/**
 * What a line means to the reader of an answer. `head` opens a block, `tail` closes it; the `loose` ones have other text
 * on their line and count only where no proper marker does. `equals` is a line of equals signs: a divider, or a heading.
 */
export type Marker = "head" | "tail" | "loose_head" | "loose_tail" | "equals" | "none";

/** Recognises a marker; everything else, marker words in prose, literals and comments included, is `none`. */
export function markerOf(line: string): Marker {
  const start = indentLength(line);
  const code = line.charCodeAt(start);
  if (code === BACKTICK || code === TILDE) return line.includes("<<<<<") && HEAD.test(line) ? "head" : "none";
  if (code === EQUALS) return EQUALS_LINE.test(line) ? "equals" : "none";
  if (!isSign(code) || !isSignRun(line, start, code)) return "none";
  if (code === LESS || code === MINUS) {
    if (HEAD.test(line)) return "head";
    return LOOSE_HEAD.test(line) ? "loose_head" : "none";
  }
  if (TAIL.test(line)) return "tail";
  return LOOSE_TAIL.test(line) ? "loose_tail" : "none";
}

/** Number of signs of a line that is `equals`. */
export function equalsCount(line: string): number {
  return trimLine(line).replace(/\r$/, "").length;
}

/** Length of the divider that is asked for and sent nearly always. */
export const DIVIDER_SIGNS = 7;

/** Whether a line is the beginning of an opening marker that was cut off. */
export function isCutHead(line: string): boolean {
  const match = CUT_HEAD.exec(line);
  return match !== null && "SEARCH".startsWith((match[1] ?? "").toUpperCase());
}

/** Whether a line was meant to close a block: the word is there, the signs in front of it are wrong. */
export function isWrongTail(line: string): boolean {
  return WRONG_TAIL.test(line) && markerOf(line) === "none";
}

/** Which wrapper line of an EVOLVE block a line is, as a comment of any language or bare; null when none. */
export function wrapperOf(line: string): "start" | "end" | null {
  const match = line.includes("EVOLVE-BLOCK-") ? WRAPPER.exec(line) : null;
  if (match === null) return null;
  return match[1] === "START" ? "start" : "end";
}

// --- internal ---

const LESS = 0x3c;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const PLUS = 0x2b;
const MINUS = 0x2d;
const BACKTICK = 0x60;
const TILDE = 0x7e;

/** Least and most signs of a marker: models write the seven of them with one or two too few or too many. */
const FEWEST_SIGNS = 5;
const MOST_SIGNS = 9;

function isSign(code: number): boolean {
  return code === LESS || code === GREATER || code === MINUS || code === PLUS;
}

/** Whether a line has as many equal signs as a marker and something behind them; spares most lines the patterns. */
function isSignRun(line: string, start: number, code: number): boolean {
  let end = start;
  while (end <= start + MOST_SIGNS && line.charCodeAt(end) === code) end++;
  return end - start >= FEWEST_SIGNS && end - start <= MOST_SIGNS && end < line.length;
}

// `ORIGINAL`/`UPDATED` and dashes/pluses are how
// other tools write the same markers. A code fence may be glued to a marker.
const FENCE = "(?:`{3,}|~{3,})[\\w+#.-]*";
const HEAD = new RegExp(
  `^[ \\t]*(?:${FENCE}[ \\t]*)?(?:<{5,9}[ \\t]*(?:SEARCH|ORIGINAL)|-{5,9}[ \\t]*SEARCH)[ \\t]*>{0,9}[ \\t]*(?:${FENCE})?[ \\t\\r]*$`,
  "i",
);
const TAIL = new RegExp(
  `^[ \\t]*(?:>{5,9}[ \\t]*(?:REPLACE|UPDATED)|\\+{5,9}[ \\t]*REPLACE)[ \\t]*[<>]{0,9}[ \\t]*(?:${FENCE})?[ \\t\\r]*$`,
  "i",
);
const LOOSE_HEAD = /^[ \t]*<{5,9} ?SEARCH\b/;
const LOOSE_TAIL = /^[ \t]*>{5,9} ?REPLACE\b/;
// Three signs are an operator in JavaScript and Ruby; four alone on a line are nothing in any of the languages.
const EQUALS_LINE = /^[ \t]*={4,}[ \t\r]*$/;
const CUT_HEAD = /^[ \t]*<{3,9} ?([A-Za-z]*)$/;
const WRONG_TAIL = /^[ \t]*[<>+=-]{3,12}[ \t]*(?:REPLACE|UPDATED)>?[ \t\r]*$/i;
const WRAPPER =
  /^[ \t]*(?:#+|\/\/+|\/\*+|--|;+|%+|<!--)?[ \t]*EVOLVE-BLOCK-(START|END)[ \t]*(?:\*+\/|-->)?[ \t\r]*$/;
