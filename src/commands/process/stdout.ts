import { writeSync } from "node:fs";
import { PerfagentError, systemReason } from "../../errors.ts";
import { drain } from "./drain.ts";
import { abandonOutput } from "./interrupt.ts";

/**
 * Writes a result to standard output, completely, whatever its size and however slowly it is read.
 *
 * When the reader has gone (`perfagent … | head -1`), nobody wants the rest: the text is dropped, the work is asked to
 * stop, and the process ends without a message, as a Unix filter does.
 *
 * @throws PerfagentError `output` when it cannot be written (`ENOSPC` and the like).
 */
export async function writeStdout(text: string | Uint8Array): Promise<void> {
  try {
    await drain(text, (bytes, offset) => writeSync(1, bytes, offset));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EPIPE") return abandonOutput();
    throw new PerfagentError("output", `Cannot write to standard output: ${systemReason(error)}`, {
      cause: error,
    });
  }
}

/** Writes a value as one JSON document with a line feed at its end. */
export async function writeJson(value: unknown): Promise<void> {
  await writeStdout(`${JSON.stringify(value, null, 2)}\n`);
}
