/** A run as its journal tells it. Trajectory, result and report all start from this one reading. Pure. */
import type {
  HeldOutChecked,
  InitialEvaluated,
  IterationFinished,
  JournalEvent,
  ReplyReceived,
  RunEnded,
  RunStarted,
  WinnerConfirmed,
} from "../events.ts";
import { sha256 } from "../lib/hash.ts";
import type { Evaluation, Sample, Usage } from "../types.ts";

/** One round with everything that belongs to it. */
export interface RecordedRound {
  readonly event: IterationFinished;
  /** The answers of the round, in order. */
  readonly replies: readonly ReplyReceived[];
  /** The program that the answers were for. */
  readonly base: string;
  /** The best program's evaluation before the round. */
  readonly bestBefore: Evaluation | null;
}

export interface RecordedProgram {
  readonly iteration: number;
  readonly code: string;
  readonly evaluation: Evaluation | null;
}

export interface RecordedRun {
  readonly started: RunStarted;
  readonly initial: InitialEvaluated | null;
  readonly rounds: readonly RecordedRound[];
  readonly confirmed: readonly WinnerConfirmed[];
  readonly heldOut: readonly HeldOutChecked[];
  /** Null when the run was interrupted without a word, or still goes on. */
  readonly ended: RunEnded | null;
  /** The program that the run ended with; while it has not ended, the best one so far. */
  readonly final: RecordedProgram;
  readonly usage: Usage;
}

/** Reads a run out of its events; null when it never started. */
export function foldRun(events: readonly JournalEvent[]): RecordedRun | null {
  const started = events.find((event) => event.type === "run_started");
  if (started === undefined) return null;
  let initial: InitialEvaluated | null = null;
  let ended: RunEnded | null = null;
  let best: RecordedProgram = { iteration: 0, code: started.initialCode, evaluation: null };
  let replies: ReplyReceived[] = [];
  const codes = new Map<string, string>([[sha256(started.initialCode), started.initialCode]]);
  const rounds: RecordedRound[] = [];
  const allReplies: ReplyReceived[] = [];
  for (const event of withoutRepeatedRounds(events)) {
    // An ended run that was continued with a larger limit has not ended yet.
    if (event.type === "run_resumed") ended = null;
    else if (event.type === "run_ended") ended = event;
    else if (event.type === "initial_evaluated") {
      initial = event;
      best = { ...best, evaluation: event.evaluation };
    } else if (event.type === "reply") {
      replies.push(event);
      allReplies.push(event);
    } else if (event.type === "iteration") {
      rounds.push({ event, replies, base: codes.get(event.baseSha256) ?? "", bestBefore: best.evaluation });
      replies = [];
      if (event.code !== null) codes.set(sha256(event.code), event.code);
      best = betterProgram(best, event);
    }
  }
  return {
    started,
    initial,
    rounds,
    confirmed: events.filter((event) => event.type === "confirmed"),
    heldOut: events.filter((event) => event.type === "held_out"),
    ended,
    final: ended === null ? best : programOfRound(ended.finalIteration, started, initial, rounds),
    usage: sumUsage(allReplies.map((reply) => reply.completion.usage)),
  };
}

/**
 * The events without the rounds that were made again. A run that ended because the model could not be asked has a last
 * round in which nothing happened; the process that continues it asks again, in a round of the same number.
 */
export function withoutRepeatedRounds(events: readonly JournalEvent[]): readonly JournalEvent[] {
  const repeated = new Set<JournalEvent>();
  let lastRound: IterationFinished | null = null;
  let ended: RunEnded | null = null;
  for (const event of events) {
    if (event.type === "iteration") lastRound = event;
    else if (event.type === "run_ended") ended = event;
    else if (event.type === "run_resumed" && ended?.stopReason === "model_failed" && lastRound !== null) {
      // An answer before the failure was used and paid for: that round counts.
      if (lastRound.verdict === "model_failed" && lastRound.edits.length === 0) repeated.add(lastRound);
    }
  }
  return repeated.size === 0 ? events : events.filter((event) => !repeated.has(event));
}

/** The sum of usages. A number that one of them does not know is unknown in the sum. */
export function sumUsage(usages: readonly Usage[]): Usage {
  const sum = (key: Exclude<keyof Usage, "calls">): number | null => {
    let total = 0;
    for (const usage of usages) {
      const value = usage[key];
      if (value === null) return null;
      total += value;
    }
    return total;
  };
  return {
    calls: usages.reduce((calls, usage) => calls + usage.calls, 0),
    promptTokens: sum("promptTokens"),
    cachedTokens: sum("cachedTokens"),
    completionTokens: sum("completionTokens"),
    reasoningTokens: sum("reasoningTokens"),
    costUsd: sum("costUsd"),
  };
}

/** Metrics of the initial program: from the pairs that confirmed the final one where there are any. */
export function initialMetrics(run: RecordedRun): Sample {
  const confirmation = confirmationOf(run);
  return confirmation?.initialMetrics ?? run.initial?.evaluation?.metrics ?? {};
}

/** Metrics of the final program, measured next to the initial one where that was done. */
export function finalMetrics(run: RecordedRun): Sample {
  return confirmationOf(run)?.finalMetrics ?? run.final.evaluation?.metrics ?? {};
}

/** Name of the metric that the run was about; empty while an own evaluation has named none. */
export function targetMetric(run: RecordedRun): string {
  const { started, final, initial } = run;
  if (started.metric !== null) return started.metric;
  const named = { ...final.evaluation?.metrics, ...initial?.evaluation?.metrics };
  return Object.keys(named)[0] ?? "";
}

/** The comparison of the final program with the initial one on fresh pairs; null when there was none. */
export function confirmationOf(run: RecordedRun): WinnerConfirmed | null {
  if (run.final.iteration === 0) return null;
  return run.confirmed.findLast((event) => event.iteration === run.final.iteration) ?? null;
}

// --- internal ---

/** As the loop does it: an improvement, or more passed tests while no program passes them all. */
function betterProgram(best: RecordedProgram, event: IterationFinished): RecordedProgram {
  if (event.code === null || event.evaluation === null) return best;
  const candidate = { iteration: event.iteration, code: event.code, evaluation: event.evaluation };
  if (event.verdict === "improved") return candidate;
  if (best.evaluation?.passed && !event.comparison?.failed.includes("a")) return best;
  return candidate.evaluation.passRate > (best.evaluation?.passRate ?? -1) ? candidate : best;
}

function programOfRound(
  iteration: number,
  started: RunStarted,
  initial: InitialEvaluated | null,
  rounds: readonly RecordedRound[],
): RecordedProgram {
  const round = rounds.find(({ event }) => event.iteration === iteration);
  if (round === undefined || round.event.code === null) {
    return { iteration: 0, code: started.initialCode, evaluation: initial?.evaluation ?? null };
  }
  return { iteration, code: round.event.code, evaluation: round.event.evaluation };
}
