import { writeSync } from "node:fs";

/** How long to wait for a slow reader of a non-blocking pipe before trying again. */
const RETRY_MS = 1;

/**
 * Writes a text to standard error, completely, before it returns: the process may end right after it. Standard error
 * that is closed, or whose reader is gone, is no reason to stop working: the text is dropped.
 */
export function writeStderr(text: string): void {
  const bytes = Buffer.from(text);
  let offset = 0;
  while (offset < bytes.length) {
    try {
      offset += writeSync(2, bytes, offset);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) return;
      Bun.sleepSync(RETRY_MS);
    }
  }
}
