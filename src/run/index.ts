/** The composition root of one run: instance and configuration → parts → loop → files. */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { type LoopPorts, type LoopResult, type LoopSettings, optimize } from "../agent/loop.ts";
import { advance, initialState, type LoopState } from "../agent/state.ts";
import { type ErrorCode, messageOf, PerfagentError } from "../errors.ts";
import { JOURNAL_FORMAT, type JournalEvent, type RunStarted, type StopReason } from "../events.ts";
import { sumUsage, withoutRepeatedRounds } from "../record/fold.ts";
import { type Journal, openJournal } from "../record/journal.ts";
import type { Instance, Language, Logger, Target, Usage } from "../types.ts";
import { VERSION } from "../version.ts";
import { describeEnvironment, journalOwner } from "./environment.ts";
import { chooseFinal, type FinalProgram, type FinishPorts, unfinishedFinal } from "./finish.ts";
import type { InitialCode } from "./initial-code.ts";
import { finishedOutcome, type RunOutcome, writeOutputs } from "./outputs.ts";
import {
  earlierFiles,
  makeDirectory,
  type RunPaths,
  removeUnfinishedFiles,
  runPaths,
  setAside,
  writeFileWhole,
} from "./paths.ts";
import { checkContinuation, type RunIdentity, repliesIn } from "./resume.ts";

export interface RunOptions {
  readonly instance: Instance;
  readonly language: Language;
  readonly initial: InitialCode;
  readonly target: Target;
  /** Name of the model, as configured. */
  readonly modelName: string;
  readonly settings: LoopSettings;
  /** The resolved configuration, secrets hidden, as the journal keeps it. */
  readonly shownConfig: Readonly<Record<string, unknown>>;
  /** Seed of everything random; null draws one. */
  readonly seed: number | null;
  readonly baseDir: string;
  readonly logDir: string | null;
  readonly saveTrajectory: boolean;
  /** `resume` continues a journal that is there, `restart` keeps it aside; `new` does so too, and says it. */
  readonly start: "new" | "resume" | "restart";
  readonly assemble: AssembleParts;
  /** Opens the run's own log. */
  readonly openLog: (path: string) => Logger;
  /** Hears of every event once it is on disk. */
  readonly onEvent?: (event: JournalEvent) => void;
}

/** The parts that a run works with; made when its folder is its own. */
export interface RunPartsContext {
  readonly instance: Instance;
  readonly language: Language;
  readonly initial: InitialCode;
  readonly seed: number;
  readonly journalPath: string;
  readonly ioLogPath: string;
  /** Answers that the journal already holds: a replay continues behind them. */
  readonly answersUsed: number;
  /** What those answers used: it counts against the budget. */
  readonly spentBefore: Usage;
  readonly logger: Logger;
}

export interface RunParts {
  readonly loop: Omit<LoopPorts, "record" | "now" | "timestamp">;
  readonly finish: Omit<FinishPorts, "record" | "timestamp">;
  /** Metric that the target reports, with its unit; null when an own evaluation will name it. */
  readonly metric: string | null;
  readonly unit: string;
  readonly sandbox: Parameters<typeof describeEnvironment>[0];
  close(): Promise<void>;
}

export type AssembleParts = (context: RunPartsContext) => Promise<RunParts>;

/**
 * Optimizes one instance and writes all its files.
 *
 * Failures of the model, the backend and an interrupt end the run in order: files are written and the failure is in the
 * outcome.
 *
 * @throws PerfagentError `output` when files cannot be written, `config` when a journal cannot be continued, and
 * whatever prevents the run from starting (`model` without a key, `backend` without a toolchain, `instance`).
 */
export async function runInstance(options: RunOptions, signal: AbortSignal): Promise<RunOutcome> {
  const paths = runPaths(options.baseDir, options.instance.taskName, options.logDir);
  makeDirectory(paths.directory);
  makeDirectory(dirname(paths.log));
  // Holding its lock, no other process can be writing to the folder while its files are read or moved.
  const found = existsSync(paths.journal) ? openJournal(paths.journal) : null;
  try {
    if (found !== null) removeUnfinishedFiles(paths.directory, () => true);
    const names = earlierFiles(paths);
    if (options.start === "resume" && found !== null) return await continueRun(options, paths, found, signal);
    return await beginRun(options, paths, names, signal);
  } finally {
    found?.close();
  }
}

// --- internal ---

/** A run of its own. The parts are made before anything is moved: a replay may read what the earlier run left. */
async function beginRun(
  options: RunOptions,
  paths: RunPaths,
  earlier: readonly string[],
  signal: AbortSignal,
  emptyJournal?: Journal,
): Promise<RunOutcome> {
  const logger = options.openLog(paths.log);
  const seed = options.seed ?? drawSeed();
  const parts = await options.assemble(partsContext(options, paths, seed, 0, logger));
  try {
    setAside(paths, earlier);
    const journal = emptyJournal ?? openJournal(paths.journal);
    try {
      const { events, record } = recorder(options, journal);
      record(await startedEvent(options, parts, seed));
      writeFileWhole(paths.problem, options.instance.description);
      const restored = restoreState(options, events);
      return await play(options, paths, parts, { events, restored, record, logger }, signal);
    } finally {
      if (emptyJournal === undefined) journal.close();
    }
  } finally {
    await parts.close();
  }
}

/** A run that a journal tells of: finished already, or continued from its last event. */
async function continueRun(
  options: RunOptions,
  paths: RunPaths,
  journal: Journal,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const { events, record } = recorder(options, journal);
  const started = events.find((event) => event.type === "run_started");
  // The process died between making the file and its first line.
  if (started === undefined) return await beginRun(options, paths, [], signal, journal);
  const changed = checkContinuation(started, identityOf(options), paths.journal);
  const resumed: JournalEvent = { type: "run_resumed", at: timestamp(), owner: journalOwner(), changed };
  const restored = restoreState(options, [...events, resumed]);
  if (isFinished(events, restored, options.settings))
    return finishedOutcome(options.saveTrajectory, paths, events);
  const logger = options.openLog(paths.log);
  const parts = await options.assemble(
    partsContext(options, paths, started.seed, repliesIn(events), logger, usageSoFar(events)),
  );
  try {
    logger.info(`Continuing '${paths.journal}' after ${restored.iteration} rounds`);
    record(resumed);
    return await play(options, paths, parts, { events, restored, record, logger }, signal);
  } finally {
    await parts.close();
  }
}

function recorder(options: RunOptions, journal: Journal) {
  const events: JournalEvent[] = [...journal.earlier];
  const record = (event: JournalEvent): void => {
    journal.append(event, isWorthWaitingFor(event));
    events.push(event);
    options.onEvent?.(event);
  };
  return { events, record };
}

function partsContext(
  options: RunOptions,
  paths: RunPaths,
  seed: number,
  answersUsed: number,
  logger: Logger,
  spentBefore: Usage = sumUsage([]),
): RunPartsContext {
  const { instance, language, initial } = options;
  const { journal: journalPath, ioLog: ioLogPath } = paths;
  return { instance, language, initial, seed, journalPath, ioLogPath, answersUsed, spentBefore, logger };
}

function identityOf(options: RunOptions): RunIdentity {
  return {
    instanceSha256: options.instance.sha256,
    language: options.language,
    initialCode: options.initial.code,
    config: options.shownConfig,
  };
}

interface Running {
  readonly events: readonly JournalEvent[];
  readonly restored: LoopState;
  readonly record: (event: JournalEvent) => void;
  readonly logger: Logger;
}

async function play(
  options: RunOptions,
  paths: RunPaths,
  parts: RunParts,
  running: Running,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const record = (event: JournalEvent): void => {
    running.record(event);
    logEvent(event, running.logger);
    // A process that is killed leaves the best program where a person looks for it.
    if (event.type === "iteration" && event.verdict === "improved" && event.code !== null) {
      writeFileWhole(paths.prediction, event.code);
    }
  };
  let loop: LoopResult;
  let final: FinalProgram;
  try {
    loop = await optimize(
      running.restored,
      options.settings,
      { ...parts.loop, record, now: () => performance.now(), timestamp },
      signal,
    );
    ({ loop, final } = await finish(loop, parts, running, record, signal));
  } catch (error) {
    recordCrash(error, options, running, record);
    throw error;
  }
  record({
    type: "run_ended",
    at: timestamp(),
    stopReason: loop.stopReason,
    success: final.success,
    finalIteration: final.program.iteration,
    usage: usageSoFar(running.events),
    error: loop.error === null ? null : { code: loop.error.code, message: loop.error.message },
  });
  return writeOutputs(options.saveTrajectory, paths, running.events, exitErrorOf(loop));
}

/** Checks the winner unless the run was cut short; a failure in the checks ends the run as one in the loop does. */
async function finish(
  loop: LoopResult,
  parts: RunParts,
  running: Running,
  record: (event: JournalEvent) => void,
  signal: AbortSignal,
): Promise<{ loop: LoopResult; final: FinalProgram }> {
  if (loop.stopReason === "interrupted" || loop.stopReason === "backend_failed") {
    return { loop, final: unfinishedFinal(loop.state) };
  }
  try {
    const ports: FinishPorts = { ...parts.finish, record, timestamp };
    return { loop, final: await chooseFinal(loop.state, running.events, ports, signal) };
  } catch (error) {
    if (!(error instanceof PerfagentError) || !CHECK_STOPS.has(error.code)) throw error;
    const stopReason = error.code === "interrupted" ? "interrupted" : "backend_failed";
    return { loop: { ...loop, stopReason, error }, final: unfinishedFinal(loop.state) };
  }
}

const CHECK_STOPS: ReadonlySet<ErrorCode> = new Set(["interrupted", "backend", "instance"]);

/** A model that answered before it failed, or a budget that was spent on rounds, leaves a result worth having. */
const HARMLESS_AFTER_A_ROUND: ReadonlySet<StopReason> = new Set(["model_failed", "budget_exhausted"]);

/** What the process must exit with although all files are written. */
function exitErrorOf(loop: LoopResult): PerfagentError | null {
  const isHarmless = HARMLESS_AFTER_A_ROUND.has(loop.stopReason) && loop.state.answeredRounds > 0;
  return isHarmless ? null : loop.error;
}

function restoreState(options: RunOptions, events: readonly JournalEvent[]): LoopState {
  const { initial, settings } = options;
  return withoutRepeatedRounds(events).reduce(
    (state, event) => advance(state, event, settings),
    initialState(initial.code, initial.isPlaceholder),
  );
}

/** Stop reasons after which nothing is left to do, unless a limit was raised. */
const COMPLETE: ReadonlySet<StopReason> = new Set(["max_iterations", "early_stop", "answers_exhausted"]);

function isFinished(events: readonly JournalEvent[], state: LoopState, settings: LoopSettings): boolean {
  const last = events.at(-1);
  if (last?.type !== "run_ended" || !COMPLETE.has(last.stopReason)) return false;
  if (last.stopReason === "answers_exhausted") return true;
  const roundsLeft = state.iteration < settings.maxIterations;
  const mayGoOn =
    settings.earlyStopNoImprove === null || state.sinceImprovement < settings.earlyStopNoImprove;
  return !(roundsLeft && mayGoOn);
}

async function startedEvent(options: RunOptions, parts: RunParts, seed: number): Promise<RunStarted> {
  return {
    type: "run_started",
    at: timestamp(),
    owner: journalOwner(),
    format: JOURNAL_FORMAT,
    instanceId: options.instance.taskName,
    instanceSha256: options.instance.sha256,
    language: options.language,
    target: options.target,
    unit: parts.unit,
    metric: parts.metric,
    model: options.modelName,
    perfagentVersion: VERSION,
    environment: await describeEnvironment(parts.sandbox, options.language),
    config: options.shownConfig,
    seed,
    initialCode: options.initial.code,
    placeholder: options.initial.isPlaceholder,
  };
}

function usageSoFar(events: readonly JournalEvent[]): Usage {
  return sumUsage(events.flatMap((event) => (event.type === "reply" ? [event.completion.usage] : [])));
}

/** What cannot be had again for free waits for the disk; the rest is repeated in seconds. */
function isWorthWaitingFor(event: JournalEvent): boolean {
  return event.type === "reply" || event.type === "run_ended";
}

function recordCrash(
  error: unknown,
  options: RunOptions,
  running: Running,
  record: (event: JournalEvent) => void,
): void {
  // Where the journal itself cannot be written, that is the error to report.
  if (error instanceof PerfagentError && error.code === "output") return;
  const code = error instanceof PerfagentError ? error.code : "bug";
  const final = unfinishedFinal(restoreState(options, running.events));
  record({
    type: "run_ended",
    at: timestamp(),
    stopReason: "error",
    success: final.success,
    finalIteration: final.program.iteration,
    usage: usageSoFar(running.events),
    error: { code, message: messageOf(error) },
  });
}

function logEvent(event: JournalEvent, logger: Logger): void {
  if (event.type === "initial_evaluated") {
    const share =
      event.evaluation === null ? "not evaluated" : `${percent(event.evaluation.passRate)} of the tests pass`;
    logger.info(`Initial program: ${share}`);
  } else if (event.type === "iteration") {
    logger.info(`Round ${event.iteration}: ${event.verdict} — ${event.reason}`);
  } else if (event.type === "confirmed") {
    logger.info(
      `Round ${event.iteration} against the initial program: ${event.comparison.verdict} — ${event.comparison.reason}`,
    );
  } else if (event.type === "held_out") {
    logger.info(
      `Round ${event.iteration} on ${event.tests} new inputs: ${event.failed} failed. ${event.message}`.trim(),
    );
  }
}

function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}

function timestamp(): string {
  return new Date().toISOString();
}

/** A seed that fits every place a seed goes to. */
function drawSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
