/** Journals: a run that is going on, was interrupted, or has ended. */
import type { JournalEvent } from "../../events.ts";
import { foldRun } from "../fold.ts";
import { resultOf } from "../result.ts";
import { foldTrajectory } from "../trajectory.ts";
import { joinSources } from "./merge.ts";
import { readResult } from "./read-result.ts";
import { readTrajectory } from "./read-trajectory.ts";
import type { ReportRun } from "./run.ts";

/** The run that a journal tells of, or null when it has not even begun. */
export function readJournalRun(events: readonly JournalEvent[], source: string): ReportRun | null {
  const run = foldRun(events);
  const trajectory = foldTrajectory(events);
  if (run === null || trajectory === null) return null;
  const result = {
    ...readResult(resultOf(run, null), source),
    status: readTrajectory({ ...trajectory }, source).status,
  };
  return { ...joinSources([result, readTrajectory({ ...trajectory }, source)]), kind: "journal" };
}
