/**
 * Judges outputs with the instance's checker: benchmark code, so it runs where programs run, in a sandbox, with limits,
 * never in perfagent's own process. One Python process judges a whole batch of outputs.
 */
import { availableParallelism } from "node:os";
import { interruptedError, PerfagentError } from "../errors.ts";
import { LANGUAGES } from "../languages.ts";
import type { ExecResult, Job, Limits, Logger, Sandbox, SuccessfulBuild } from "../types.ts";
import { CHECKER_CALL_SECONDS, checkerProgram } from "./checker-program.ts";
import { decodeOutput } from "./output.ts";

/** One output to judge; both texts as cleaned by `cleanOutput`. */
export interface Question {
  readonly expected: string;
  readonly output: string;
}

export type Judgement =
  | { readonly verdict: "right" }
  /** `message` is not empty when the checker could not even read the output. */
  | { readonly verdict: "wrong"; readonly message: string }
  /** The checker failed, whatever the program printed. */
  | { readonly verdict: "error"; readonly message: string };

export interface Checker {
  /**
   * Judges outputs; judgements are in the order of the questions.
   * @throws PerfagentError `instance` when the checker's source is unusable, `backend` when Python or a package that it
   * needs is missing or its sandbox fails, `interrupted` when aborted.
   */
  judge(questions: readonly Question[], signal: AbortSignal): Promise<Judgement[]>;
}

export interface CheckerOptions {
  /** The instance's `evaluator`; null compares trimmed text. */
  readonly source: string | null;
  /** Names the instance in messages. */
  readonly instanceName: string;
  /** Runs the checker's process. */
  readonly sandbox: Sandbox;
  readonly logger: Logger;
}

/** Makes the checker of an instance. Nothing runs before the first question. */
export function createChecker(options: CheckerOptions): Checker {
  if (options.source === null) return TEXT_CHECKER;
  const program = { language: "python3" as const, code: checkerProgram(options.source) };
  return {
    async judge(questions, signal) {
      if (questions.length === 0) return [];
      const build = await buildChecker(options, program, signal);
      const state: State = { options, build, deaths: 0 };
      const judgements: Judgement[] = [];
      let batches = splitBatches(questions, judgements);
      while (batches.length > 0) batches = await judgeBatches(state, batches, judgements, signal);
      return judgements;
    },
  };
}

// --- internal ---

/** Memory of the checker's process: outputs of tens of megabytes are split into lists by many checkers. */
const CHECKER_MEMORY_BYTES = 2 * 2 ** 30;

/** Python's start and the checker's own imports. */
const CHECKER_START_MS = 30_000;

/** Questions that one process is given in bytes of JSON: bounds memory here and there. */
const BATCH_BYTES = 16 * 2 ** 20;

/** Below this number of questions a second process costs more than it saves. */
const SMALLEST_BATCH = 16;

/** More processes than this gain nothing: judging one output takes microseconds. */
const MOST_PROCESSES = 4;

/** A checker whose process ended this often in one call is broken: its other outputs are not tried. */
const MOST_DEATHS = 3;

/** Bytes of an answer: a message is cut at 500 characters, escaped to at most 6 bytes each. */
const ANSWER_BYTES = 4096;

/** The same number on Linux and macOS. */
const SIGALRM = 14;

const TEXT_CHECKER: Checker = {
  judge: async (questions) =>
    questions.map(({ expected, output }) =>
      expected === output ? { verdict: "right" } : { verdict: "wrong", message: "" },
    ),
};

/** A question with its place among the judgements. */
interface Numbered {
  readonly place: number;
  readonly line: string;
}

interface State {
  readonly options: CheckerOptions;
  readonly build: SuccessfulBuild;
  deaths: number;
}

async function buildChecker(
  options: CheckerOptions,
  program: { language: "python3"; code: string },
  signal: AbortSignal,
): Promise<SuccessfulBuild> {
  const build = await options.sandbox.build(program, signal);
  if (build.status === "ok") return build;
  throw new PerfagentError(
    "backend",
    `Cannot prepare the checker of '${options.instanceName}': ${build.message.trim()}`,
    { hint: "The checker needs a working Python 3.8 or newer; 'perfagent doctor' shows what is found." },
  );
}

function splitBatches(questions: readonly Question[], judgements: Judgement[]): Numbered[][] {
  const processes = Math.min(
    MOST_PROCESSES,
    availableParallelism(),
    Math.max(1, Math.floor(questions.length / SMALLEST_BATCH)),
  );
  const share = Math.ceil(questions.length / processes);
  const batches: Numbered[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const [place, { expected, output }] of questions.entries()) {
    judgements.push({ verdict: "error", message: "the checker gave no answer" });
    const line = JSON.stringify([expected, output]);
    const last = batches.at(-1);
    bytes += line.length;
    if (last === undefined || last.length >= share || bytes > BATCH_BYTES) {
      batches.push([{ place, line }]);
      bytes = line.length;
    } else {
      last.push({ place, line });
    }
  }
  return batches;
}

/** Runs the batches and files their judgements; returns what is left because a process ended early. */
async function judgeBatches(
  state: State,
  batches: readonly (readonly Numbered[])[],
  judgements: Judgement[],
  signal: AbortSignal,
): Promise<Numbered[][]> {
  const jobs = batches.map((batch) => batchJob(state.build, batch));
  const results = await state.options.sandbox.run(jobs, { purpose: "check" }, signal);
  const left: Numbered[][] = [];
  for (const [index, batch] of batches.entries()) {
    const result = results[index];
    if (result === undefined || result.status === "cancelled" || signal.aborted) throw interruptedError();
    const rest = fileAnswers(state, batch, result, judgements);
    if (rest.length > 0) left.push(rest);
  }
  return left;
}

function batchJob(build: SuccessfulBuild, batch: readonly Numbered[]): Job {
  const limits: Limits = {
    // Each call has its own alarm; this bound only catches a checker that blocks it.
    wallMs: CHECKER_START_MS + batch.length * CHECKER_CALL_SECONDS * 1000,
    memoryBytes: CHECKER_MEMORY_BYTES,
    outputBytes: (batch.length + 1) * ANSWER_BYTES,
  };
  return { build, stdin: `${batch.map(({ line }) => line).join("\n")}\n`, limits };
}

function fileAnswers(
  state: State,
  batch: readonly Numbered[],
  result: ExecResult,
  judgements: Judgement[],
): Numbered[] {
  const { options } = state;
  const answers = parseAnswers(result.stdout);
  const opening = answers[0];
  if (opening?.[0] === "load") throw loadError(options, opening);
  if (opening?.[0] !== "ready") throw startError(options, result);
  for (const [index, { place }] of batch.entries()) {
    const answer = answers[index + 1];
    if (answer !== undefined) judgements[place] = judgementOf(options, answer);
  }
  const answered = answers.length - 1;
  const culprit = batch[answered];
  if (culprit === undefined) return [];
  if (result.status === "sandbox_error") throw startError(options, result);
  state.deaths += 1;
  const message = deathOf(result);
  options.logger.warn(`The checker of '${options.instanceName}' ended while it judged an output: ${message}`);
  judgements[culprit.place] = { verdict: "error", message };
  const rest = batch.slice(answered + 1);
  if (state.deaths < MOST_DEATHS) return rest;
  for (const { place } of rest) {
    judgements[place] = {
      verdict: "error",
      message: `not judged: the checker ended early ${state.deaths} times`,
    };
  }
  return [];
}

function parseAnswers(stdout: Uint8Array): unknown[][] {
  const answers: unknown[][] = [];
  for (const line of decodeOutput(stdout).split("\n")) {
    // The last line is cut when the process was killed while it wrote.
    if (!line.trimEnd().endsWith("]")) break;
    answers.push(JSON.parse(line) as unknown[]);
  }
  return answers;
}

function judgementOf(options: CheckerOptions, answer: readonly unknown[]): Judgement {
  const [kind, detail, expectedToo] = answer;
  if (kind === "package") throw packageError(options, String(detail));
  if (kind === "verdict") return detail === true ? { verdict: "right" } : { verdict: "wrong", message: "" };
  if (expectedToo === true) return { verdict: "error", message: `the checker raised ${detail}` };
  return { verdict: "wrong", message: `the checker cannot read this output: ${detail}` };
}

/** The alarm of a call, or the outer bound; where a shell stands between, a signal is an exit code above 128. */
function isOverTime({ signal, status, exitCode }: ExecResult): boolean {
  return signal === "SIGALRM" || status === "timeout" || exitCode === 128 + SIGALRM;
}

function deathOf(result: ExecResult): string {
  if (isOverTime(result)) {
    return `it took longer than ${CHECKER_CALL_SECONDS} s for one output`;
  }
  if (result.status === "memory_limit")
    return `it needed more than ${CHECKER_MEMORY_BYTES / 2 ** 30} GiB of memory`;
  if (result.signal !== null) return `its process was ended by ${result.signal}`;
  return `its process ended with exit code ${result.exitCode}`;
}

function loadError(options: CheckerOptions, answer: readonly unknown[]): PerfagentError {
  const [, , message, missing] = answer;
  if (typeof missing === "string") return packageError(options, missing);
  return new PerfagentError(
    "instance",
    `Cannot load the checker of '${options.instanceName}': its field 'evaluator' failed with ${message}; ` +
      "Python source that defines evaluate(expected_output, program_output) is wanted",
    { hint: "Repair the instance's 'evaluator', or set it to null to compare trimmed text." },
  );
}

function packageError(options: CheckerOptions, name: string): PerfagentError {
  const known = LANGUAGES.python3.packages.find((entry) => entry.name === name.split(".")[0]);
  return new PerfagentError(
    "backend",
    `Cannot judge '${options.instanceName}': its checker needs the Python package '${name}', which is not installed`,
    { hint: `Install it: ${known?.install ?? `python3 -m pip install ${name}`}` },
  );
}

function startError(options: CheckerOptions, result: ExecResult): PerfagentError {
  const words = decodeOutput(result.stderr).trim() || result.message;
  if (isOverTime(result)) {
    return new PerfagentError(
      "instance",
      `Cannot load the checker of '${options.instanceName}': its field 'evaluator' took longer than ` +
        `${CHECKER_CALL_SECONDS} s to load`,
      { hint: "Move work out of the top level of the instance's 'evaluator'." },
    );
  }
  return new PerfagentError(
    "backend",
    `Cannot run the checker of '${options.instanceName}': ${result.status}${words === "" ? "" : `, ${words}`}`,
    { hint: "'perfagent doctor' shows whether Python programs can be run here." },
  );
}
