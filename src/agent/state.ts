/**
 * What the loop knows, as a fold over the journal's events. The running loop and a resumed one take the same way
 * (`advance`), so they cannot disagree.
 */
import type { IterationFinished, JournalEvent, ReplyReceived, Verdict } from "../events.ts";
import type { Comparison, Evaluation } from "../types.ts";

/** A program and what is known of it. */
export interface Candidate {
  readonly code: string;
  /** Round that made it; 0 is the initial program. */
  readonly iteration: number;
  /** Null for the placeholder, which nobody evaluates. */
  readonly evaluation: Evaluation | null;
}

/** A finished round, as history shows it. */
export interface Attempt {
  readonly iteration: number;
  readonly verdict: Verdict;
  readonly reason: string;
  readonly feedback: string;
  readonly diff: string;
  readonly code: string | null;
  readonly evaluation: Evaluation | null;
  readonly comparison: Comparison | null;
}

export interface LoopState {
  /** Finished rounds. */
  readonly iteration: number;
  readonly initial: Candidate;
  readonly initialIsPlaceholder: boolean;
  /** The initial program was evaluated, or needs no evaluation. */
  readonly initialDone: boolean;
  /** The program that the next prompt shows and the next edit applies to. */
  readonly current: Candidate;
  /** The best program so far; a tie keeps the older one. */
  readonly best: Candidate;
  /** Every program that was the best one and passes all tests, oldest first. */
  readonly accepted: readonly Candidate[];
  /**
   * Finished rounds, oldest first. Successive states share this one list, which only grows: a copy for each round would
   * make ten thousand rounds cost a hundred million. So a state that was continued from is not to be used any more.
   */
  readonly attempts: readonly Attempt[];
  /** Rounds in a row without improvement. */
  readonly sinceImprovement: number;
  /** Rounds in a row whose edit could not be applied. */
  readonly editMisses: number;
  /** Replies on disk that no finished round has used yet. */
  readonly pending: readonly ReplyReceived[];
  /** Rounds in which the model answered. */
  readonly answeredRounds: number;
}

export interface StateOptions {
  /** Continue from the best program only (true), or from the latest one that passes all tests. */
  readonly adoptOnlyIfImproved: boolean;
}

/** The state before anything happened. */
export function initialState(code: string, isPlaceholder: boolean): LoopState {
  const initial: Candidate = { code, iteration: 0, evaluation: null };
  return {
    iteration: 0,
    initial,
    initialIsPlaceholder: isPlaceholder,
    initialDone: isPlaceholder,
    current: initial,
    best: initial,
    accepted: [],
    attempts: [],
    sinceImprovement: 0,
    editMisses: 0,
    pending: [],
    answeredRounds: 0,
  };
}

/** The state after one more event; events that do not concern the loop change nothing. */
export function advance(state: LoopState, event: JournalEvent, options: StateOptions): LoopState {
  switch (event.type) {
    case "initial_evaluated": {
      const initial: Candidate = { ...state.initial, evaluation: event.evaluation };
      const accepted = initial.evaluation?.passed ? [initial] : [];
      return { ...state, initial, current: initial, best: initial, accepted, initialDone: true };
    }
    case "reply":
      return { ...state, pending: [...state.pending, event] };
    case "iteration":
      return afterIteration(state, event, options);
    default:
      return state;
  }
}

// --- internal ---

function afterIteration(state: LoopState, event: IterationFinished, options: StateOptions): LoopState {
  const { iteration, verdict, reason, feedback, code, evaluation, comparison } = event;
  const diff = event.edits.at(-1)?.diff ?? "";
  const attempt: Attempt = { iteration, verdict, reason, feedback, diff, code, evaluation, comparison };
  const improved = verdict === "improved";
  const candidate: Candidate | null = code === null ? null : { code, iteration, evaluation };
  const before = comparison?.failed.includes("a") ? withoutFlakyBest(state) : state;
  const best =
    candidate !== null && (improved || passesMore(candidate, before.best)) ? candidate : before.best;
  return {
    ...before,
    iteration,
    best,
    current: nextCurrent(before, candidate, best, options),
    accepted: improved && candidate !== null ? [...before.accepted, candidate] : before.accepted,
    attempts: appended(state.attempts, attempt),
    sinceImprovement: improved ? 0 : state.sinceImprovement + 1,
    editMisses: verdict === "edit_failed" ? state.editMisses + 1 : 0,
    pending: [],
    answeredRounds: state.answeredRounds + (verdict === "model_failed" && event.edits.length === 0 ? 0 : 1),
  };
}

function appended(attempts: readonly Attempt[], attempt: Attempt): readonly Attempt[] {
  (attempts as Attempt[]).push(attempt);
  return attempts;
}

/** The best program failed a test in a later run: it never was correct, and the one before it takes its place. */
function withoutFlakyBest(state: LoopState): LoopState {
  const flaky = state.best;
  const accepted = state.accepted.filter(({ iteration }) => iteration !== flaky.iteration);
  const failed: Candidate = { ...flaky, evaluation: asFailed(flaky.evaluation) };
  const initial = flaky.iteration === 0 ? failed : state.initial;
  const best = accepted.at(-1) ?? failed;
  return { ...state, initial, accepted, best, current: best };
}

function asFailed(evaluation: Evaluation | null): Evaluation | null {
  return evaluation === null ? null : { ...evaluation, passed: false };
}

/** Among programs that do not pass, the one that passes most tests is the best; the placeholder is worse than all. */
function passesMore(candidate: Candidate, best: Candidate): boolean {
  if (best.evaluation?.passed || candidate.evaluation === null) return false;
  return candidate.evaluation.passRate > (best.evaluation?.passRate ?? -1);
}

function nextCurrent(
  state: LoopState,
  candidate: Candidate | null,
  best: Candidate,
  options: StateOptions,
): Candidate {
  if (options.adoptOnlyIfImproved || candidate === null) {
    return options.adoptOnlyIfImproved ? best : state.current;
  }
  // A failing program is never continued from while a passing one is known.
  if (candidate.evaluation?.passed) return candidate;
  return best.evaluation?.passed ? state.current : best;
}
