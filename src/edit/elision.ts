import type { Language } from "../types.ts";
import { indentLength, isBlank, trimLine } from "./lines.ts";
import type { Owns } from "./owned.ts";

/**
 * Finds a line of new code that stands for code left out ("# ... rest of the method unchanged ..."): applying it would
 * delete what it stands for. A line that the program or `quoted` holds is no placeholder, whatever it says.
 *
 * @param quoted The lines that the new code replaces.
 * @returns The line, or null.
 */
export function placeholderLine(
  lines: readonly string[],
  quoted: readonly string[],
  owns: Owns,
  language: Language,
): string | null {
  const known = new Set(quoted.map(trimLine));
  const found = lines.findIndex((line, index) => {
    const text = trimLine(line);
    if (text.length > LONGEST_PLACEHOLDER) return false;
    if (BARE_ELLIPSIS.test(text)) return !isEllipsisCode(lines, index, quoted, owns, language);
    return isPlaceholderText(text) && !known.has(text) && !owns(line);
  });
  return found < 0 ? null : (lines[found] ?? null);
}

// --- internal ---

/** A placeholder is a short note; a longer line is not looked at, so that a line of a megabyte costs nothing. */
const LONGEST_PLACEHOLDER = 200;

const BARE_ELLIPSIS = /^(?:\.{3}|…)$/;
const COMMENT = /^(?:#+|\/\/+|\/\*+|--|<!--|\{\/\*+)\s*(.*?)\s*(?:\*+\/\}?|-->)?$/;
const ONLY_ELLIPSIS = /^[^\p{L}\p{N}]*(?:\.{3,}|…)[^\p{L}\p{N}]*$/u;
const LEADING_ELLIPSIS = /^[([<]*\s*(?:\.{3,}|…)\s*[\p{L}(]/u;
const TRAILING_ELLIPSIS = /(?:\.{3,}|…)\s*[)\]>]*$/;
const LEFT_OUT =
  /\b(?:rest|remain\w*|existing|unchanged|same as|as before|previous|other|omitted|original|unmodified|code here)\b/i;
/** A line without a comment sign: the ellipsis and a blank before words is no code of any of the languages. */
const BARE_NOTE =
  /^[([<]?\s*(?:\.{3}|…)\s+.*\b(?:rest|remain\w*|existing|unchanged|same|previous|other|omitted|original)\b/i;

const PART =
  "(?:code|function|method|class|program|file|implementation|body|script|solution|logic|loop|methods|functions)";
const STAYS =
  "(?:(?:is|are|stays?|remains?|goes|follows?|continues)\\s+)?(?:unchanged|(?:the )?same|as before|as is|here|omitted)";
/** Notes without an ellipsis that can mean nothing else. */
const PLAIN_NOTE = new RegExp(
  [
    `^(?:the )?(?:rest|remainder) of (?:the |this |your )?(?:\\w+ )?${PART}(?: ${STAYS}.*)?$`,
    `^(?:existing|previous|remaining|original|unchanged|other) ${PART}(?: ${STAYS}.*)?$`,
    `^(?:${PART}|rest|remainder|everything else) ${STAYS}(?: for brevity)?$`,
    "^(?:unchanged|same as (?:before|above)|no changes?(?: here)?|omitted for brevity)$",
  ].join("|"),
  "i",
);

function isPlaceholderText(text: string): boolean {
  if (BARE_NOTE.test(text)) return true;
  const comment = COMMENT.exec(text)?.[1];
  if (comment === undefined) return false;
  if (ONLY_ELLIPSIS.test(comment) || LEADING_ELLIPSIS.test(comment)) return true;
  if (TRAILING_ELLIPSIS.test(comment)) return LEFT_OUT.test(comment);
  return PLAIN_NOTE.test(comment.replace(/[.()[\]]/g, "").trim());
}

/**
 * Whether a bare `...` is code. In Python it is the body of a stub: alone under a line that ends with a colon, unless that
 * line had another body before. In the other languages it is code only where the program has it already.
 */
function isEllipsisCode(
  lines: readonly string[],
  index: number,
  quoted: readonly string[],
  owns: Owns,
  language: Language,
): boolean {
  const line = lines[index] ?? "";
  if (language !== "python3") return owns(line);
  if (quoted.includes(line)) return true;
  const before = lines.slice(0, index).findLast((other) => !isBlank(other)) ?? "";
  const after = lines.slice(index + 1).find((other) => !isBlank(other));
  const isOnlyBody =
    trimLine(before).endsWith(":") && (after === undefined || indentLength(after) < indentLength(line));
  const wasAt = quoted.findIndex((other) => trimLine(other) === trimLine(before));
  return isOnlyBody && (wasAt < 0 || wasAt === quoted.length - 1);
}
