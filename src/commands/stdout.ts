import { writeSync } from "node:fs";
import { messageOf, PerfagentError } from "../errors.ts";
import { drain } from "./drain.ts";

/**
 * Writes a result to standard output, completely, whatever its size and whatever reads it.
 *
 * When the reader has gone (`perfagent … | head -1`), the process ends quietly with exit code 0, as a Unix filter does.
 *
 * @throws PerfagentError `output` when it cannot be written (`ENOSPC` and the like).
 */
export async function writeStdout(text: string | Uint8Array): Promise<void> {
  try {
    await drain(text, (bytes, offset) => writeSync(1, bytes, offset));
  } catch (error) {
    if (hasCode(error, "EPIPE")) process.exit(0);
    throw new PerfagentError("output", `Cannot write to standard output: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Writes a value as one JSON document with a line feed at its end. */
export async function writeJson(value: unknown): Promise<void> {
  await writeStdout(`${JSON.stringify(value, null, 2)}\n`);
}

// --- internal ---

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
