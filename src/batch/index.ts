/** Many instances in one process: a bounded number at once, one failure at a time, a summary at the end. */
import { existsSync } from "node:fs";
import type { Config } from "../config/schema.ts";
import { type ErrorCode, EXIT_CODES, interruptedError, messageOf, PerfagentError } from "../errors.ts";
import type { JournalEvent } from "../events.ts";
import { parseInstance } from "../instance.ts";
import type { RateWait } from "../model/governor.ts";
import type { ResultDocument } from "../record/result.ts";
import type { RunOptions } from "../run/index.ts";
import { runPaths } from "../run/paths.ts";
import { resultInJournal, usageInJournal } from "../run/reached.ts";
import { initialCodeOf, runTask } from "../run/task.ts";
import type { Workshop } from "../run/workshop.ts";
import type { Logger } from "../types.ts";
import { type BatchTask, readTask, sourceName } from "./tasks.ts";

/** How one task of a batch ended. */
export interface BatchEntry {
  readonly task: BatchTask;
  /** `not_run`: its turn did not come before the batch was stopped or its budget was used up. */
  readonly status: "ended" | "failed" | "not_run";
  /** Why its turn did not come; null unless the status is `not_run`. */
  readonly skipped: { readonly code: ErrorCode; readonly message: string } | null;
  /** The result as far as it was reached; null when there is none. */
  readonly result: ResultDocument | null;
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  /** What may help against the error or what prevented it from being begun; empty where nobody knows. */
  readonly hint: string;
  /** It had ended in an earlier process. */
  readonly wasFinished: boolean;
  readonly seconds: number;
}

/** What happens in a batch, for the live view and `--json`. */
export type BatchEvent =
  | { readonly type: "batch_started"; readonly total: number; readonly workers: number }
  | { readonly type: "task_started"; readonly task: BatchTask }
  | { readonly type: "task_progress"; readonly task: BatchTask; readonly event: JournalEvent }
  | { readonly type: "task_finished"; readonly entry: BatchEntry }
  | { readonly type: "rate_limited"; readonly wait: RateWait };

export interface BatchOptions {
  readonly tasks: readonly BatchTask[];
  /** The configuration of one task. */
  readonly configOf: (task: BatchTask) => Promise<Config>;
  /** Folder of a task's own folder. */
  readonly baseDirOf: (task: BatchTask) => string;
  readonly start: RunOptions["start"];
  /** Instances that are worked on at once. */
  readonly maxWorkers: number;
  readonly workshop: Workshop;
  readonly openLog: (path: string) => Logger;
  readonly onEvent: (event: BatchEvent) => void;
}

/**
 * Works through the tasks. An instance that fails, in whatever way, is an entry of its own and stops nobody else; after
 * an abort nothing new is begun. Never rejects.
 *
 * @returns one entry for each task, in the order of the tasks.
 */
export async function runBatch(options: BatchOptions, signal: AbortSignal): Promise<readonly BatchEntry[]> {
  const { tasks, onEvent } = options;
  const entries = new Map<BatchTask, BatchEntry>();
  const queue = tasks.values();
  const workers = Math.min(options.maxWorkers, tasks.length);
  onEvent({ type: "batch_started", total: tasks.length, workers });
  if (options.start === "resume") bookEarlier(options);
  const work = async (): Promise<void> => {
    for (const task of queue) {
      const reason = signal.aborted ? interruptedError() : reasonToSkip(task, options);
      if (reason === null) onEvent({ type: "task_started", task });
      const entry = reason === null ? await runOne(task, options, signal) : notRun(task, reason);
      entries.set(task, entry);
      onEvent({ type: "task_finished", entry });
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return tasks.flatMap((task) => entries.get(task) ?? []);
}

/** The exit code of a batch: the highest among its failures and what was not begun, 0 without any. */
export function exitCodeOf(entries: readonly BatchEntry[]): number {
  return entries.reduce((highest, { error, skipped }) => {
    const code = (error ?? skipped)?.code;
    return code === undefined ? highest : Math.max(highest, EXIT_CODES[code]);
  }, 0);
}

// --- internal ---

/**
 * What earlier processes spent counts, also on instances that are finished: otherwise each `--resume` would have the
 * whole budget again.
 */
function bookEarlier(options: BatchOptions): void {
  const { tasks, workshop } = options;
  const { maxCostUsd, maxTotalTokens } = workshop.budget.limits;
  if (maxCostUsd === null && maxTotalTokens === null) return;
  for (const task of tasks) {
    const path = journalOf(task, options);
    const usage = usageInJournal(path);
    if (usage !== null) workshop.bookEarlier(path, usage);
  }
}

/** With nothing left to spend, evaluating the initial program of what was not begun would lead nowhere. */
function reasonToSkip(task: BatchTask, options: BatchOptions): PerfagentError | null {
  const exhausted = options.workshop.budget.exhausted();
  if (exhausted === null || options.start !== "resume") return exhausted;
  // A run that has a journal may be finished: then its result belongs into the summary.
  return existsSync(journalOf(task, options)) ? null : exhausted;
}

async function runOne(task: BatchTask, options: BatchOptions, signal: AbortSignal): Promise<BatchEntry> {
  const startedMs = performance.now();
  const ended = (entry: Omit<BatchEntry, "task" | "skipped" | "seconds">): BatchEntry => ({
    task,
    skipped: null,
    ...entry,
    seconds: (performance.now() - startedMs) / 1000,
  });
  let began = false;
  try {
    const config = await options.configOf(task);
    const parsed = parseInstance(await readTask(task), sourceName(task.source));
    const instance = { ...parsed, taskName: task.taskName };
    const outcome = await runTask(
      {
        config,
        instance,
        language: task.language,
        initial: initialCodeOf(config, instance, task.language, null),
        baseDir: options.baseDirOf(task),
        start: options.start,
        workshop: options.workshop,
        openLog: options.openLog,
        onEvent: (event) => {
          began = true;
          options.onEvent({ type: "task_progress", task, event });
        },
      },
      signal,
    );
    const { result, error, wasFinished } = outcome;
    return ended({
      status: error === null ? "ended" : "failed",
      result,
      error: error === null ? null : { code: error.code, message: error.message },
      hint: error?.hint ?? "",
      wasFinished,
    });
  } catch (error) {
    const code = error instanceof PerfagentError ? error.code : "bug";
    return ended({
      status: "failed",
      // Files that an earlier run left tell nothing of this one.
      result: began ? resultInJournal(journalOf(task, options)) : null,
      error: { code, message: messageOf(error) },
      hint: error instanceof PerfagentError ? error.hint : "",
      wasFinished: false,
    });
  }
}

function journalOf(task: BatchTask, { baseDirOf }: BatchOptions): string {
  return runPaths(baseDirOf(task), task.taskName, null).journal;
}

function notRun(task: BatchTask, { code, message, hint }: PerfagentError): BatchEntry {
  return {
    task,
    status: "not_run",
    skipped: { code, message },
    result: null,
    error: null,
    hint,
    wasFinished: false,
    seconds: 0,
  };
}
