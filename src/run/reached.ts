/** What a run's journal says that it reached and used, for those who do not run it. */
import { existsSync } from "node:fs";
import { PerfagentError } from "../errors.ts";
import type { JournalEvent } from "../events.ts";
import { foldRun, sumUsage } from "../record/fold.ts";
import { readJournal } from "../record/journal.ts";
import { type ResultDocument, resultOf } from "../record/result.ts";
import type { Usage } from "../types.ts";

/** The sum of the replies; null when there is no journal that can be read. */
export function usageInJournal(path: string): Usage | null {
  const replies = eventsIn(path)?.flatMap((event) =>
    event.type === "reply" ? [event.completion.usage] : [],
  );
  return replies === undefined ? null : sumUsage(replies);
}

/** The result as far as it was reached; null when nothing was begun. */
export function resultInJournal(path: string): ResultDocument | null {
  const run = foldRun(eventsIn(path) ?? []);
  return run === null ? null : resultOf(run, null);
}

// --- internal ---

/** A journal that cannot be read counts as none: who wants to continue it is told why. */
function eventsIn(path: string): readonly JournalEvent[] | null {
  if (!existsSync(path)) return null;
  try {
    return readJournal(path).events;
  } catch (error) {
    if (error instanceof PerfagentError) return null;
    throw error;
  }
}
