/** How far a batch is, as its views show it. */
import type { BatchEvent } from "../../batch/index.ts";
import { type Verdict, verdictOf } from "../../batch/summary.ts";
import type { JournalEvent } from "../../events.ts";

export interface Activity {
  readonly doing: string;
  readonly sinceMs: number;
  /** Rounds that the instance will have; null while it is not known. */
  readonly rounds: number | null;
}

/** Counts and activities so far. */
export interface Progress {
  total: number;
  done: number;
  readonly counts: Record<Verdict, number>;
  /** Key → what it is doing, since when. */
  readonly active: Map<string, Activity>;
  calls: number;
  tokens: number;
  costUsd: number;
  /** Calls whose cost is unknown: the sum is then "at least". */
  unpriced: number;
  /** Instances that took time in this process; those that had ended before say nothing about the rest. */
  worked: number;
  startedMs: number;
  /** When the last wait for a limit of the service is over. */
  waitUntilMs: number;
  readonly now: () => number;
}

/** @param now Milliseconds since some fixed moment. */
export function createProgress(now: () => number): Progress {
  return {
    total: 0,
    done: 0,
    counts: { improved: 0, not_improved: 0, failed: 0, skipped: 0 },
    active: new Map(),
    calls: 0,
    tokens: 0,
    costUsd: 0,
    unpriced: 0,
    worked: 0,
    startedMs: now(),
    waitUntilMs: 0,
    now,
  };
}

/** Takes in what happened. */
export function advanceProgress(state: Progress, event: BatchEvent): void {
  switch (event.type) {
    case "batch_started":
      state.total = event.total;
      state.startedMs = state.now();
      return;
    case "task_started":
      state.active.set(event.task.key, { doing: "starting", sinceMs: state.now(), rounds: null });
      return;
    case "task_progress":
      note(state, event.task.key, event.event);
      count(state, event.event);
      return;
    case "task_finished":
      state.active.delete(event.entry.task.key);
      state.done += 1;
      if (!event.entry.wasFinished && event.entry.result !== null) state.worked += 1;
      state.counts[verdictOf(event.entry)] += 1;
      return;
    case "rate_limited":
      state.waitUntilMs = state.now() + event.wait.ms;
  }
}

// --- internal ---

function count(state: Progress, event: JournalEvent): void {
  if (event.type !== "reply") return;
  const { usage } = event.completion;
  state.calls += usage.calls;
  state.tokens += (usage.promptTokens ?? 0) + (usage.completionTokens ?? 0);
  if (usage.costUsd === null) state.unpriced += 1;
  else state.costUsd += usage.costUsd;
}

function note(state: Progress, key: string, event: JournalEvent): void {
  const configured = event.type === "run_started" ? event.config.max_iterations : null;
  const rounds = typeof configured === "number" ? configured : (state.active.get(key)?.rounds ?? null);
  state.active.set(key, { doing: doingAfter(event, rounds), sinceMs: state.now(), rounds });
}

/** What comes next after an event is what the instance is doing now. */
function doingAfter(event: JournalEvent, rounds: number | null): string {
  switch (event.type) {
    case "run_started":
      return event.placeholder ? "round 1: waiting for the model" : "evaluating the initial program";
    case "run_resumed":
      return "continuing";
    case "initial_evaluated":
      return "round 1: waiting for the model";
    case "reply":
      return `round ${event.iteration}: testing and measuring`;
    case "iteration":
      return event.iteration === rounds
        ? "checking the winner"
        : `round ${event.iteration + 1}: waiting for the model (last: ${event.verdict.replace("_", " ")})`;
    case "confirmed":
      return "checking the winner on new inputs";
    case "held_out":
    case "run_ended":
      return "writing its files";
  }
}
