/** The documents that a run leaves, folded from its journal. */
import { existsSync, readFileSync } from "node:fs";
import type { PerfagentError } from "../errors.ts";
import type { JournalEvent } from "../events.ts";
import { foldRun, type RecordedRun } from "../record/fold.ts";
import { type ResultDocument, resultOf } from "../record/result.ts";
import { foldTrajectory } from "../record/trajectory.ts";
import { type RunPaths, writeFileWhole } from "./paths.ts";

export interface RunOutcome {
  readonly result: ResultDocument;
  readonly run: RecordedRun;
  readonly paths: RunPaths;
  /** The run had ended before and was not continued. */
  readonly wasFinished: boolean;
  /** What the process must exit with although files were written; null when all went well. */
  readonly error: PerfagentError | null;
}

/**
 * Writes everything that a run that has ended leaves beside its journal; the result is the last of it.
 * @throws PerfagentError `output` with the path.
 */
export function writeOutputs(
  saveTrajectory: boolean,
  paths: RunPaths,
  events: readonly JournalEvent[],
  error: PerfagentError | null,
): RunOutcome {
  const run = foldRun(events);
  if (run === null) throw new Error("a run ended that never started");
  if (saveTrajectory) {
    writeFileWhole(paths.trajectory, `${JSON.stringify(foldTrajectory(events), null, 1)}\n`);
  }
  writeFileWhole(paths.prediction, run.final.code);
  const result = resultOf(run, saveTrajectory ? paths.trajectory : null);
  writeFileWhole(paths.result, resultText(result));
  return { result, run, paths, wasFinished: false, error };
}

/** A run that had ended: its files are written again from the journal, unless all of it was done. */
export function finishedOutcome(
  saveTrajectory: boolean,
  paths: RunPaths,
  events: readonly JournalEvent[],
): RunOutcome {
  const run = foldRun(events);
  if (run === null) throw new Error("a run ended that never started");
  const result = resultOf(run, saveTrajectory ? paths.trajectory : null);
  // The result is the last file that is written: one of an earlier end means that the process died before it.
  if (!existsSync(paths.result) || readFileSync(paths.result, "utf8") !== resultText(result)) {
    writeOutputs(saveTrajectory, paths, events, null);
  }
  return { result, run, paths, wasFinished: true, error: null };
}

// --- internal ---

function resultText(result: ResultDocument): string {
  return `${JSON.stringify(result, null, 2)}\n`;
}
