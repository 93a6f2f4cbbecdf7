/** The journal's vocabulary: everything that happens in a run, in the order in which it happens. */
import type { Comparison, Completion, Evaluation, MatchTier, Message, Sample, Usage } from "./types.ts";

/** Version of the journal's format; a reader refuses a newer one. */
export const JOURNAL_FORMAT = 1;

export type Verdict =
  | "improved"
  | "not_improved"
  | "unchanged"
  | "failed_tests"
  | "edit_failed"
  | "model_failed";

/** Why a run ended. */
export type StopReason =
  | "max_iterations"
  | "early_stop"
  | "answers_exhausted"
  | "budget_exhausted"
  | "model_failed"
  | "backend_failed"
  | "interrupted"
  | "error";

/** The process that writes the journal from here on. */
export interface JournalOwner {
  readonly pid: number;
  readonly host: string;
}

export interface RunStarted {
  readonly type: "run_started";
  readonly at: string;
  readonly owner: JournalOwner;
  readonly format: number;
  readonly instanceId: string;
  readonly instanceSha256: string;
  readonly language: string;
  readonly target: string;
  /** Unit of the target's metric: "s", "MB", "MB·s", or empty for a metric of an own evaluator. */
  readonly unit: string;
  /** Name of the metric that the target reports; null when it is the first one of the evaluations. */
  readonly metric: string | null;
  readonly model: string;
  readonly perfagentVersion: string;
  readonly environment: RunEnvironment;
  /** The resolved configuration, secrets hidden. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly initialCode: string;
  /** The initial code is perfagent's placeholder: there is nothing to measure yet. */
  readonly placeholder: boolean;
}

export interface RunEnvironment {
  readonly cpu: string;
  readonly kernel: string;
  readonly toolchain: string;
  readonly isolation: string;
  readonly measurement: string;
}

/** Written each time that a process opens the journal to continue it. */
export interface RunResumed {
  readonly type: "run_resumed";
  readonly at: string;
  readonly owner: JournalOwner;
  /** Settings that differ from the ones the run began with and that may differ, such as a larger round limit. */
  readonly changed: Readonly<Record<string, unknown>>;
}

/** The initial program was evaluated. */
export interface InitialEvaluated {
  readonly type: "initial_evaluated";
  readonly at: string;
  readonly evaluation: Evaluation | null;
  readonly durationMs: number;
}

/** A reply, on disk before it is used. */
export interface ReplyReceived {
  readonly type: "reply";
  readonly at: string;
  readonly iteration: number;
  /** 0 for the round's first answer, counting up where a failed edit is asked for again. */
  readonly retry: number;
  readonly messages: readonly Message[];
  readonly completion: Completion;
  /** SHA-256 (hex) of the program that the reply is an answer to. */
  readonly baseSha256: string;
}

export interface EditRecord {
  readonly status: "applied" | "rejected";
  readonly reason: string | null;
  readonly block: number | null;
  readonly blocks: number;
  readonly matched: readonly MatchTier[];
  /** Unified diff from the base to the new program; empty when none was made. */
  readonly diff: string;
  readonly message: string;
}

/** A round is finished and judged. */
export interface IterationFinished {
  readonly type: "iteration";
  readonly at: string;
  readonly iteration: number;
  readonly verdict: Verdict;
  /** One sentence, for a person. */
  readonly reason: string;
  /** The same for the model, with the details that it can act on; enters the next prompt. */
  readonly feedback: string;
  /** One record for each answer of the round, in order; more than one only with edit retries. */
  readonly edits: readonly EditRecord[];
  readonly baseSha256: string;
  /** The program the answer led to; null when there was none. */
  readonly code: string | null;
  readonly evaluation: Evaluation | null;
  readonly comparison: Comparison | null;
  readonly durationMs: number;
}

/** The final program against the initial one, on fresh pairs. */
export interface WinnerConfirmed {
  readonly type: "confirmed";
  readonly at: string;
  /** Round that made the program. */
  readonly iteration: number;
  readonly comparison: Comparison;
  /** Metrics of both programs in these passes, by the reporting rule. */
  readonly initialMetrics: Sample;
  readonly finalMetrics: Sample;
}

/** The final program on inputs that it never saw. */
export interface HeldOutChecked {
  readonly type: "held_out";
  readonly at: string;
  readonly iteration: number;
  readonly tests: number;
  readonly failed: number;
  readonly seed: number;
  /** Words on the first disagreement or on why nothing could be checked; empty otherwise. */
  readonly message: string;
}

export interface RunEnded {
  readonly type: "run_ended";
  readonly at: string;
  readonly stopReason: StopReason;
  readonly success: boolean;
  /** Round of the final program; 0 is the initial one. */
  readonly finalIteration: number;
  readonly usage: Usage;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export type JournalEvent =
  | RunStarted
  | RunResumed
  | InitialEvaluated
  | ReplyReceived
  | IterationFinished
  | WinnerConfirmed
  | HeldOutChecked
  | RunEnded;
