import { closesFence, contentOf, type FenceOpening, openingFence } from "./fences.ts";
import { isBlank } from "./lines.ts";
import type { Edit, ParsedBlocks } from "./parse.ts";

/**
 * Reads a unified diff in an answer, each hunk as one edit. The line numbers and counts of hunk headers, which models get
 * wrong more often than not, are not used: a hunk's place is where its context and removed lines are. A blank line counts
 * as a blank context line, because many writers drop the blank that should begin it.
 */
export function parseUnifiedDiff(lines: readonly string[]): ParsedBlocks {
  const hunks: string[][] = [];
  let fence: FenceOpening | null = null;
  let hunk: string[] | null = null;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (HUNK_HEADER.test(line)) {
      hunk = [];
      hunks.push(hunk);
    } else if (isFileHeader(lines, at)) {
      // A diff without hunk headers begins behind its file header.
      hunk = null;
      at++;
      if (fence !== null && contentOfDiff(fence) && !HUNK_HEADER.test(lines[at + 1] ?? "")) {
        hunk = [];
        hunks.push(hunk);
      }
    } else if (fence === null ? openingFence(line) !== null : closesFence(line, fence)) {
      fence = fence === null ? openingFence(line) : null;
      hunk = null;
    } else if (hunk !== null) {
      if (HUNK_LINE.test(line) || isBlank(line)) hunk.push(line);
      else hunk = null;
    }
  }
  if (hunks.length === 0) return { edits: [] };
  if (fence !== null) {
    const what = "is cut off: the answer ends inside its code fence";
    return { problem: { reason: "truncated", block: hunks.length, what } };
  }
  return { edits: hunks.map((hunkLines, index) => editOf(hunkLines, index + 1)) };
}

// --- internal ---

const HUNK_HEADER = /^@@(?:[ \t].*)?$/;
const HUNK_LINE = /^[ +\-\\]/;

function contentOfDiff(fence: FenceOpening): boolean {
  return contentOf(fence.info) === "other";
}

function isFileHeader(lines: readonly string[], at: number): boolean {
  return (lines[at] ?? "").startsWith("--- ") && (lines[at + 1] ?? "").startsWith("+++ ");
}

function editOf(hunk: readonly string[], number: number): Edit {
  const search: string[] = [];
  const replace: string[] = [];
  for (const line of hunk) {
    const sign = line[0] ?? " ";
    const text = line.slice(1);
    if (sign === "\\") continue;
    if (sign !== "+") search.push(text);
    if (sign !== "-") replace.push(text);
  }
  return { number, readings: [{ search, replace }] };
}
