import { FILE_HEADERS_ONLY, formatPatch, type StructuredPatchHunk, structuredPatch } from "diff";

/**
 * The difference between two programs as a unified diff, for people and for `patch`; empty when there is none.
 *
 * @param fileName Stands in the header on both sides.
 */
export function unifiedDiff(before: string, after: string, fileName: string): string {
  if (before === after) return "";
  const { start, oldEnd, newEnd } = changedPart(before, after);
  const [old, changed] = [before.slice(start, oldEnd), after.slice(start, newEnd)];
  const skipped = lineCount(before, start);
  const hunks = hunksOf(old, changed).map((hunk) => ({
    ...hunk,
    oldStart: hunk.oldStart + skipped,
    newStart: hunk.newStart + skipped,
  }));
  const names = { oldFileName: fileName, newFileName: fileName, oldHeader: "", newHeader: "" };
  return formatPatch({ ...names, hunks }, FILE_HEADERS_ONLY);
}

// --- internal ---

/** Unchanged lines around each change, as `diff -u` shows. */
const CONTEXT_LINES = 3;

/**
 * Removed and added lines up to which the shortest difference is looked for, which takes time in proportion to their
 * square; more of them are shown as one rewrite.
 */
const MOST_CHANGED_LINES = 500;

/** The part of two texts that differs, in whole lines, with the lines of context around it. */
function changedPart(before: string, after: string): { start: number; oldEnd: number; newEnd: number } {
  const shorter = Math.min(before.length, after.length);
  let same = 0;
  while (same < shorter && before.charCodeAt(same) === after.charCodeAt(same)) same++;
  let start = lineStart(before, same);
  for (let lines = 0; lines < CONTEXT_LINES && start > 0; lines++) start = lineStart(before, start - 1);

  let tail = 0;
  while (tail < shorter - same && sameFromEnd(before, after, tail)) tail++;
  let end = before.length - tail;
  for (let lines = 0; lines <= CONTEXT_LINES && end < before.length; lines++) end = lineEnd(before, end);
  return { start, oldEnd: end, newEnd: end + after.length - before.length };
}

function sameFromEnd(before: string, after: string, tail: number): boolean {
  return before.charCodeAt(before.length - 1 - tail) === after.charCodeAt(after.length - 1 - tail);
}

/** Where the line that holds a position begins. */
function lineStart(text: string, at: number): number {
  return at === 0 ? 0 : text.lastIndexOf("\n", at - 1) + 1;
}

/** Behind the line end that follows a position. */
function lineEnd(text: string, at: number): number {
  const found = text.indexOf("\n", at);
  return found < 0 ? text.length : found + 1;
}

function lineCount(text: string, end: number): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1 && at < end; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

function hunksOf(old: string, changed: string): StructuredPatchHunk[] {
  const patch = structuredPatch("", "", old, changed, "", "", {
    context: CONTEXT_LINES,
    maxEditLength: MOST_CHANGED_LINES,
  });
  if (patch !== undefined) return patch.hunks;
  const [removed, added] = [signedLines("-", old), signedLines("+", changed)];
  const isText = (line: string) => !line.startsWith("\\");
  return [
    {
      oldStart: removed.length > 0 ? 1 : 0,
      oldLines: removed.filter(isText).length,
      newStart: added.length > 0 ? 1 : 0,
      newLines: added.filter(isText).length,
      lines: [...removed, ...added],
    },
  ];
}

function signedLines(sign: string, text: string): string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  const last = lines.pop();
  const signed = lines.map((line) => `${sign}${line}`);
  return last === "" ? signed : [...signed, `${sign}${last ?? ""}`, "\\ No newline at end of file"];
}
