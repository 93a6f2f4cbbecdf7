import { createTwoFilesPatch } from "diff";

/**
 * The difference between two programs as a unified diff, for people and for `patch`; empty when there is none.
 *
 * @param fileName Stands in the header on both sides.
 */
export function unifiedDiff(before: string, after: string, fileName: string): string {
  if (before === after) return "";
  return createTwoFilesPatch(fileName, fileName, before, after, "", "", { context: CONTEXT_LINES });
}

// --- internal ---

/** Unchanged lines around each change, as `diff -u` shows. */
const CONTEXT_LINES = 3;
