/** The loop: prompt → model → edit → evaluate → decide → record, until a reason to stop. */
import { PerfagentError } from "../errors.ts";
import type { EditRecord, IterationFinished, JournalEvent, StopReason } from "../events.ts";
import { sha256 } from "../lib/hash.ts";
import type {
  Comparison,
  Completion,
  EditOutcome,
  Evaluation,
  Message,
  Mode,
  Model,
  Sample,
} from "../types.ts";
import {
  type Judgement,
  judgeCandidate,
  judgeModelAnswer,
  judgeModelFailure,
  judgeRejectedEdit,
  judgeRepeat,
  withTruncationNote,
} from "./decide.ts";
import { createKnownPrograms, type KnownPrograms } from "./known-programs.ts";
import { advance, type Candidate, type LoopState, type StateOptions } from "./state.ts";

export interface LoopSettings extends StateOptions {
  /** Model rounds to make; 0 makes none. */
  readonly maxIterations: number;
  /** Stop after this many rounds in a row without improvement; null never stops early. */
  readonly earlyStopNoImprove: number | null;
  readonly mode: Mode;
  /** Times that a failed edit is asked for again within its round. */
  readonly editRetries: number;
  /** Rounds in a row with a failed edit after which the whole program is asked for; 0 never asks. */
  readonly wholeProgramAfterMisses: number;
  /** Least number of timed passes behind the reported metrics of an accepted program. */
  readonly numRuns: number;
  /** Time each candidate by itself before it is compared; otherwise the comparison's own passes are the timed ones. */
  readonly timeBeforeComparing: boolean;
}

/** What the loop needs from the rest of perfagent. */
export interface LoopPorts {
  prompt(state: LoopState, mode: Mode, signal: AbortSignal): Promise<readonly Message[]>;
  readonly model: Model;
  edit(program: string, reply: string, mode: Mode): EditOutcome;
  diff(before: string, after: string): string;
  /** Equal for programs that differ only in layout and comments. */
  programKey(code: string): string;
  evaluate(code: string, timedPasses: number, signal: AbortSignal): Promise<Evaluation>;
  compare(older: Candidate, newer: Candidate, signal: AbortSignal): Promise<Comparison>;
  /** The evaluation with reported metrics taken from these passes. */
  withSamples(evaluation: Evaluation, samples: readonly Sample[]): Evaluation;
  /** Why an evaluation failed: a sentence for a person, and words for the model. */
  explain(evaluation: Evaluation): { readonly reason: string; readonly feedback: string };
  /** More on a program that is not better, such as that it is faster on some tests only; empty when there is nothing. */
  explainRejection(comparison: Comparison): string;
  /** Appends to the journal; returns when the event is on disk. */
  record(event: JournalEvent): void;
  /** Milliseconds since some fixed moment. */
  now(): number;
  timestamp(): string;
}

export interface LoopResult {
  readonly state: LoopState;
  readonly stopReason: StopReason;
  /** What ended the run before its time; null when it ended in order. */
  readonly error: PerfagentError | null;
}

/**
 * Plays rounds until one of the reasons to stop holds. Never throws for a failure of the model, the backend or an
 * interrupt: these are reasons to stop, reported with the state that was reached.
 *
 * @throws PerfagentError `output` when an event cannot be recorded, and anything that is a bug.
 */
export async function optimize(
  start: LoopState,
  settings: LoopSettings,
  ports: LoopPorts,
  signal: AbortSignal,
): Promise<LoopResult> {
  let state = start;
  const known = createKnownPrograms(start, ports);
  const record = (event: JournalEvent): void => {
    ports.record(event);
    state = advance(state, event, settings);
    if (event.type === "iteration") known.add(event.code, event.evaluation, event.iteration);
  };
  try {
    if (!state.initialDone) record(await evaluateInitial(state, settings, ports, signal));
    for (;;) {
      const stopReason = reasonToStop(state, settings);
      if (stopReason !== null) return { state, stopReason, error: null };
      const answers = await askModel(state, settings, ports, record, signal);
      const event = answers.failure
        ? modelFailedEvent(state, answers, ports)
        : await judgeAnswers(state, answers, known, settings, ports, signal);
      record(event);
      if (answers.failure) return { state, stopReason: "model_failed", error: answers.failure };
    }
  } catch (error) {
    const stopReason = stopReasonOf(error);
    if (stopReason === null || !(error instanceof PerfagentError)) throw error;
    return { state, stopReason, error: stopReason === "answers_exhausted" ? null : error };
  }
}

/** How the model is asked to answer in the next round. */
export function modeOfNextRound(state: LoopState, settings: LoopSettings): Mode {
  // There is nothing to search in a placeholder.
  if (state.initialIsPlaceholder && state.current.iteration === 0) return "direct";
  const { wholeProgramAfterMisses } = settings;
  return wholeProgramAfterMisses > 0 && state.editMisses >= wholeProgramAfterMisses
    ? "direct"
    : settings.mode;
}

// --- internal ---

/** The answers of one round: the last one is the one that counts. */
interface Answers {
  readonly base: string;
  readonly edits: readonly { readonly completion: Completion; readonly outcome: EditOutcome }[];
  /** The model could not be asked; null when it answered. */
  readonly failure: PerfagentError | null;
  readonly startedMs: number;
}

function reasonToStop(state: LoopState, settings: LoopSettings): StopReason | null {
  if (state.iteration >= settings.maxIterations) return "max_iterations";
  const { earlyStopNoImprove } = settings;
  if (earlyStopNoImprove !== null && state.sinceImprovement >= earlyStopNoImprove) return "early_stop";
  return null;
}

function stopReasonOf(error: unknown): StopReason | null {
  if (!(error instanceof PerfagentError)) return null;
  switch (error.code) {
    case "model_exhausted":
      return "answers_exhausted";
    case "budget":
      return "budget_exhausted";
    case "model":
      return "model_failed";
    case "backend":
    case "instance":
      return "backend_failed";
    case "interrupted":
      return "interrupted";
    default:
      return null;
  }
}

async function evaluateInitial(
  state: LoopState,
  settings: LoopSettings,
  ports: LoopPorts,
  signal: AbortSignal,
): Promise<JournalEvent> {
  const startedMs = ports.now();
  const evaluation = await ports.evaluate(state.initial.code, settings.numRuns, signal);
  return {
    type: "initial_evaluated",
    at: ports.timestamp(),
    evaluation,
    durationMs: ports.now() - startedMs,
  };
}

/** Gets the round's answers: from the journal where a reply was paid for already, else from the model. */
async function askModel(
  state: LoopState,
  settings: LoopSettings,
  ports: LoopPorts,
  record: (event: JournalEvent) => void,
  signal: AbortSignal,
): Promise<Answers> {
  const startedMs = ports.now();
  const mode = modeOfNextRound(state, settings);
  let base = state.current.code;
  let messages: readonly Message[] | null = null;
  const edits: { completion: Completion; outcome: EditOutcome }[] = [];
  for (let retry = 0; retry <= settings.editRetries; retry++) {
    let completion = state.pending[retry]?.completion;
    messages = state.pending[retry]?.messages ?? messages;
    if (completion === undefined) {
      messages ??= await ports.prompt(state, mode, signal);
      try {
        completion = await ports.model.complete(messages, signal);
      } catch (error) {
        if (error instanceof PerfagentError && error.code === "model") {
          return { base, edits, failure: error, startedMs };
        }
        throw error;
      }
      record(replyEvent(state, retry, messages, completion, ports));
    }
    base = completion.writtenFor ?? state.current.code;
    const outcome = applyAnswer(base, state, completion, mode, ports);
    edits.push({ completion, outcome });
    if (outcome.status === "applied" || completion.text.trim() === "") break;
    messages = [
      ...(messages ?? []),
      { role: "assistant", content: completion.text },
      { role: "user", content: outcome.feedback },
    ];
  }
  return { base, edits, failure: null, startedMs };
}

/**
 * Applies an answer in the way it was asked for, and in the other way where that alone fits: a model that was asked for
 * a whole program may still send blocks. A placeholder is also read as an empty program.
 */
function applyAnswer(
  base: string,
  state: LoopState,
  completion: Completion,
  mode: Mode,
  ports: LoopPorts,
): EditOutcome {
  const isPlaceholder = state.initialIsPlaceholder && base === state.initial.code;
  const asked = ports.edit(isPlaceholder && mode === "direct" ? "" : base, completion.text, mode);
  if (asked.status === "applied" || mode === "diff") return asked;
  const asBlocks = ports.edit(base, completion.text, "diff");
  if (asBlocks.status === "applied") return asBlocks;
  if (isPlaceholder) {
    const onEmpty = ports.edit("", completion.text, "diff");
    if (onEmpty.status === "applied") return onEmpty;
  }
  return asBlocks.reason === "no_blocks" ? asked : asBlocks;
}

function replyEvent(
  state: LoopState,
  retry: number,
  messages: readonly Message[],
  completion: Completion,
  ports: LoopPorts,
): JournalEvent {
  return {
    type: "reply",
    at: ports.timestamp(),
    iteration: state.iteration + 1,
    retry,
    messages,
    completion,
    baseSha256: sha256(completion.writtenFor ?? state.current.code),
  };
}

async function judgeAnswers(
  state: LoopState,
  answers: Answers,
  known: KnownPrograms,
  settings: LoopSettings,
  ports: LoopPorts,
  signal: AbortSignal,
): Promise<IterationFinished> {
  const last = answers.edits.at(-1);
  if (last === undefined) throw new Error("a round without an answer was judged");
  const { completion, outcome } = last;
  const finish = (judgement: Judgement): IterationFinished => ({
    type: "iteration",
    at: ports.timestamp(),
    iteration: state.iteration + 1,
    ...withTruncationNote(judgement, completion),
    edits: answers.edits.map((edit) => editRecord(answers.base, edit.outcome, ports)),
    baseSha256: sha256(answers.base),
    code: outcome.status === "applied" ? outcome.program : null,
    durationMs: ports.now() - answers.startedMs,
  });
  if (completion.text.trim() === "") return finish(judgeModelAnswer(completion));
  if (outcome.status === "rejected") return finish(judgeRejectedEdit(outcome));
  const seenIn = known.roundOf(outcome.program);
  if (seenIn !== null) return finish(judgeRepeat(seenIn, state));
  return finish(await judgeProgram(outcome.program, state, settings, ports, signal));
}

function modelFailedEvent(state: LoopState, answers: Answers, ports: LoopPorts): IterationFinished {
  return {
    type: "iteration",
    at: ports.timestamp(),
    iteration: state.iteration + 1,
    ...judgeModelFailure(answers.failure),
    edits: answers.edits.map((edit) => editRecord(answers.base, edit.outcome, ports)),
    baseSha256: sha256(answers.base),
    code: null,
    durationMs: ports.now() - answers.startedMs,
  };
}

async function judgeProgram(
  code: string,
  state: LoopState,
  settings: LoopSettings,
  ports: LoopPorts,
  signal: AbortSignal,
): Promise<Judgement> {
  const iteration = state.iteration + 1;
  const bestPasses = state.best.evaluation?.passed === true;
  const timedPasses = bestPasses && !settings.timeBeforeComparing ? 0 : settings.numRuns;
  const evaluation = await ports.evaluate(code, timedPasses, signal);
  if (!evaluation.passed) return judgeCandidate(evaluation, null, ports.explain(evaluation));
  if (!bestPasses) return judgeCandidate(evaluation, null, null);
  const comparison = await ports.compare(state.best, { code, iteration, evaluation }, signal);
  const samples = [...evaluation.samples, ...comparison.pairs.map((pair) => pair.b)];
  const missing = comparison.verdict === "faster" ? Math.max(0, settings.numRuns - samples.length) : 0;
  const more = missing > 0 ? (await ports.evaluate(code, missing, signal)).samples : [];
  const judgement = judgeCandidate(ports.withSamples(evaluation, [...samples, ...more]), comparison, null);
  const detail = judgement.verdict === "not_improved" ? ports.explainRejection(comparison) : "";
  return detail === "" ? judgement : { ...judgement, feedback: `${judgement.feedback}\n${detail}` };
}

function editRecord(base: string, outcome: EditOutcome, ports: LoopPorts): EditRecord {
  if (outcome.status === "rejected") {
    const { status, reason, block, message } = outcome;
    return { status, reason, block, blocks: 0, matched: [], diff: "", message };
  }
  const { status, blocks, matched, program } = outcome;
  return { status, reason: null, block: null, blocks, matched, diff: ports.diff(base, program), message: "" };
}
