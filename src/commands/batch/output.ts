/** Where a batch's events and its summary go. */
import type { BatchSummary } from "../../batch/summary.ts";
import { writeFileWhole } from "../../run/paths.ts";
import { writeOutput } from "../process/files.ts";
import { writeStdout } from "../process/stdout.ts";

/** Events as JSON lines on standard output. */
export interface EventStream {
  /** Null is passed over. */
  send(document: Readonly<Record<string, unknown>> | null): void;
  /** @throws PerfagentError `output` when a line could not be written. */
  finish(): Promise<void>;
}

/**
 * Events come faster than a slow reader takes them: they are written one after another. What cannot be written stops no
 * instance; it is told at the end.
 */
export function createStream(isWanted: boolean): EventStream {
  let pending: Promise<void> = Promise.resolve();
  let failure: unknown = null;
  return {
    send(document) {
      if (!isWanted || document === null) return;
      pending = pending.then(async () => {
        if (failure !== null) return;
        try {
          await writeStdout(`${JSON.stringify(document)}\n`);
        } catch (error) {
          failure = error;
        }
      });
    },
    async finish() {
      await pending;
      if (failure !== null) throw failure;
    },
  };
}

/**
 * Writes the summary to every place, also after one of them could not be written.
 * @param path The batch's own file.
 * @param output Where the user wants it too.
 * @throws PerfagentError `output` naming the first place that could not be written.
 */
export async function writeSummary(
  summary: BatchSummary,
  path: string,
  output: string | undefined,
  stream: EventStream,
): Promise<void> {
  const text = `${JSON.stringify(summary, null, 2)}\n`;
  stream.send({ type: "batch_finished", ...summary });
  const outcomes = await Promise.allSettled([
    (async () => writeFileWhole(path, text))(),
    output === undefined ? undefined : writeOutput(output, text),
    stream.finish(),
  ]);
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
