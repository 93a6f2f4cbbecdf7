/** Many instances in one process: a bounded number at once, one failure at a time, a summary at the end. */
import type { Config } from "../config/schema.ts";
import { type ErrorCode, EXIT_CODES, messageOf, PerfagentError } from "../errors.ts";
import type { JournalEvent } from "../events.ts";
import { parseInstance } from "../instance.ts";
import type { ResultDocument } from "../record/result.ts";
import type { RunOptions } from "../run/index.ts";
import { initialCodeOf, runTask } from "../run/task.ts";
import type { Workshop } from "../run/workshop.ts";
import type { Logger } from "../types.ts";
import { type BatchTask, readTask, sourceName } from "./tasks.ts";

/** How one task of a batch ended. */
export interface BatchEntry {
  readonly task: BatchTask;
  /** `not_run`: its turn did not come before the batch was stopped. */
  readonly status: "ended" | "failed" | "not_run";
  /** The result as far as it was reached; null when there is none. */
  readonly result: ResultDocument | null;
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  /** It had ended in an earlier process. */
  readonly wasFinished: boolean;
  readonly seconds: number;
}

/** What happens in a batch, for the live view and `--json`. */
export type BatchEvent =
  | { readonly type: "batch_started"; readonly total: number }
  | { readonly type: "task_started"; readonly task: BatchTask }
  | { readonly type: "task_progress"; readonly task: BatchTask; readonly event: JournalEvent }
  | { readonly type: "task_finished"; readonly entry: BatchEntry };

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
  onEvent({ type: "batch_started", total: tasks.length });
  const work = async (): Promise<void> => {
    for (const task of queue) {
      if (signal.aborted) return;
      onEvent({ type: "task_started", task });
      const entry = await runOne(task, options, signal);
      entries.set(task, entry);
      onEvent({ type: "task_finished", entry });
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.maxWorkers, tasks.length) }, work));
  return tasks.map((task) => entries.get(task) ?? notRun(task));
}

/** The exit code of a batch: the highest among its failures, 0 without any. */
export function exitCodeOf(entries: readonly BatchEntry[]): number {
  return Math.max(0, ...entries.map(({ error }) => (error === null ? 0 : EXIT_CODES[error.code])));
}

// --- internal ---

async function runOne(task: BatchTask, options: BatchOptions, signal: AbortSignal): Promise<BatchEntry> {
  const startedMs = performance.now();
  const ended = (entry: Pick<BatchEntry, "status" | "result" | "error" | "wasFinished">): BatchEntry => ({
    task,
    ...entry,
    seconds: (performance.now() - startedMs) / 1000,
  });
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
        onEvent: (event) => options.onEvent({ type: "task_progress", task, event }),
      },
      signal,
    );
    const { result, error, wasFinished } = outcome;
    return ended({
      status: error === null ? "ended" : "failed",
      result,
      error: error === null ? null : { code: error.code, message: error.message },
      wasFinished,
    });
  } catch (error) {
    const code = error instanceof PerfagentError ? error.code : "bug";
    return ended({
      status: "failed",
      result: null,
      error: { code, message: messageOf(error) },
      wasFinished: false,
    });
  }
}

function notRun(task: BatchTask): BatchEntry {
  return { task, status: "not_run", result: null, error: null, wasFinished: false, seconds: 0 };
}
