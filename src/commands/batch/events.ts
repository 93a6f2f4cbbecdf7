/** The lines of `batch --json`. Keys are their own. Pure. */
import type { BatchEvent } from "../../batch/index.ts";
import { verdictOf } from "../../batch/summary.ts";

/** One event as one JSON document; null for what nobody follows. */
export function batchEventDocument(event: BatchEvent): Readonly<Record<string, unknown>> | null {
  switch (event.type) {
    case "batch_started":
      return { type: event.type, total_instances: event.total, workers: event.workers };
    case "task_started":
      return { type: event.type, task: event.task.key, language: event.task.language };
    case "task_progress": {
      const { event: inner, task } = event;
      if (inner.type !== "iteration") return null;
      return {
        type: "iteration",
        at: inner.at,
        task: task.key,
        iteration: inner.iteration,
        verdict: inner.verdict,
        reason: inner.reason,
        ratio: inner.comparison?.ratio ?? null,
      };
    }
    case "task_finished": {
      const { task, result, error, skipped, seconds, wasFinished } = event.entry;
      if (skipped !== null) return { type: "task_skipped", task: task.key, reason: skipped };
      return {
        type: event.type,
        task: task.key,
        verdict: verdictOf(event.entry),
        seconds,
        finished_before: wasFinished,
        success: result?.success ?? false,
        error,
        result,
      };
    }
    case "rate_limited":
      return { type: event.type, seconds: event.wait.ms / 1000 };
  }
}
