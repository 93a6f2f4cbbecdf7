/**
 * Evaluators that a user brings: a module (`./my-eval.ts`) or a command (`command:./my-eval.sh`). Both answer the same
 * thing about a program; what they measure, and how, is their own matter.
 *
 * A metric given as a number is exact: it decides by itself. A metric given as a list of numbers varies: its values are
 * samples, and decisions take repeated evaluations, two programs in turns.
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import * as v from "valibot";
import { interruptedError, messageOf, PerfagentError } from "../errors.ts";
import { sha256 } from "../lib/hash.ts";
import { runCommand } from "../lib/process.ts";
import { isSecretName, urlPasswords } from "../lib/redact.ts";
import { shortenMiddle } from "../lib/text.ts";
import type { Evaluation, Evaluator, Instance, Language, Logger, Pass, Sample, Sandbox } from "../types.ts";
import { summarizeSamples } from "./stats.ts";

/** What a module's factory is given. */
export interface OwnEvaluatorInput {
  readonly instance: Instance;
  readonly language: Language;
  readonly limits: OwnLimits;
}

export interface OwnLimits {
  /** Wall-clock time of one test; null when neither configuration nor instance give one. */
  readonly timeLimitMs: number | null;
  readonly memoryLimitBytes: number | null;
  readonly outputBytes: number;
}

/** What a module's default export is: a function that makes the evaluator, once per run. */
export type OwnEvaluatorFactory = (
  input: OwnEvaluatorInput,
  tools: { readonly sandbox: Sandbox; readonly logger: Logger },
) => OwnEvaluatorModule | Promise<OwnEvaluatorModule>;

export interface OwnEvaluatorModule {
  /** Judges and measures one program. Throw only for failures that are not the program's. */
  evaluate(code: string, signal: AbortSignal): Promise<OwnResult> | OwnResult;
  close?(): Promise<void> | void;
}

/** The answer of either kind; `pass_rate` is the command's spelling, and `passRate` is understood too. */
export interface OwnResult {
  readonly passed: boolean;
  /** 0 to 1. @default 1 when passed, else 0 */
  readonly pass_rate?: number | undefined;
  readonly passRate?: number | undefined;
  /** Lower is better; the first one is the target. A number is exact, a list holds samples. */
  readonly metrics?: Readonly<Record<string, number | readonly number[]>> | undefined;
  /** Words for the model. */
  readonly feedback?: string | undefined;
}

export interface OwnEvaluatorOptions {
  readonly instance: Instance;
  readonly language: Language;
  readonly limits: OwnLimits;
  /** Handed to a module; a command has no use for it. */
  readonly sandbox: Sandbox;
  /** A relative path starts here, and a command runs here. */
  readonly baseDir: string;
  /** The environment of a command; variables that hold secrets are left out. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly trimRatio: number;
  readonly logger: Logger;
}

/** Begins the specification of an evaluator that is a command. */
export const COMMAND_PREFIX = "command:";

/**
 * Makes an evaluator from its specification: `command:` and a shell command, or the path of a module.
 *
 * `metrics` of the result is empty until a program was evaluated: only the answer names them.
 *
 * @throws PerfagentError `config` when the module is missing or is none.
 */
export async function createOwnEvaluator(spec: string, options: OwnEvaluatorOptions): Promise<Evaluator> {
  const own = spec.startsWith(COMMAND_PREFIX)
    ? commandEvaluator(spec, options)
    : await moduleEvaluator(spec, options);
  const names: string[] = [];
  const exact = new Set<string>();
  const varying = new Set<string>();
  /** Answers whose every metric is exact: asking again would give the same. */
  const settled = new Map<string, Answer>();

  async function ask(code: string, signal: AbortSignal): Promise<Answer> {
    const key = sha256(code);
    const known = settled.get(key);
    if (known !== undefined) return known;
    if (signal.aborted) throw interruptedError();
    const value = await own.evaluate(code, signal);
    if (signal.aborted) throw interruptedError();
    const answer = readAnswer(value, spec);
    for (const [name, samples] of Object.entries(answer.metrics)) {
      if (!names.includes(name)) names.push(name);
      // A metric that once came as a list varies, whatever form it has later.
      if (samples.exact && !varying.has(name)) exact.add(name);
      if (!samples.exact) {
        varying.add(name);
        exact.delete(name);
      }
    }
    if (Object.values(answer.metrics).every((samples) => samples.exact)) settled.set(key, answer);
    return answer;
  }

  async function pass(code: string, signal: AbortSignal): Promise<Pass> {
    const answer = await ask(code, signal);
    return { sample: answer.passed ? meansOf(answer) : null, failures: [], perTest: [] };
  }

  return {
    metrics: names,
    exactMetrics: exact,
    async evaluate(code, { timedPasses }, signal) {
      const answers = [await ask(code, signal)];
      const wanted = (): boolean =>
        answers.every(({ passed }) => passed) && samplesOf(answers).length < timedPasses;
      while (!settled.has(sha256(code)) && wanted()) answers.push(await ask(code, signal));
      return evaluationOf(answers, options.trimRatio);
    },
    async pair(first, second, signal) {
      const one = await pass(first, signal);
      return [one, await pass(second, signal)];
    },
    close: async () => await own.close?.(),
  };
}

// --- internal ---

/** An evaluation that takes longer than an hour hangs. */
const COMMAND_TIMEOUT_MS = 3_600_000;

/** An answer is a few numbers and a text for a prompt. */
const COMMAND_OUTPUT_BYTES = 16 * 2 ** 20;

/** Characters of a failing command's standard error in a message. */
const SHOWN_STDERR_CHARACTERS = 600;

const MetricValue = v.pipe(v.number(), v.finite(), v.minValue(0));

const AnswerSchema = v.looseObject({
  passed: v.boolean(),
  pass_rate: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
  passRate: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
  metrics: v.optional(
    v.record(
      v.pipe(v.string(), v.nonEmpty()),
      v.union([MetricValue, v.pipe(v.array(MetricValue), v.nonEmpty())]),
    ),
    {},
  ),
  feedback: v.optional(v.string(), ""),
});

interface Answer {
  readonly passed: boolean;
  readonly passRate: number;
  readonly metrics: Readonly<Record<string, { readonly exact: boolean; readonly values: readonly number[] }>>;
  readonly feedback: string;
}

function readAnswer(value: unknown, spec: string): Answer {
  const parsed = v.safeParse(AnswerSchema, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw wrongAnswer(spec, `'${v.getDotPath(issue) ?? "the answer"}': ${issue.message}`);
  }
  const { passed, pass_rate, passRate, metrics, feedback } = parsed.output;
  if (passed && Object.keys(metrics).length === 0) {
    throw wrongAnswer(spec, "'metrics' is empty although the program passed");
  }
  return {
    passed,
    passRate: pass_rate ?? passRate ?? (passed ? 1 : 0),
    metrics: Object.fromEntries(
      Object.entries(metrics).map(([name, given]) => [
        name,
        typeof given === "number" ? { exact: true, values: [given] } : { exact: false, values: given },
      ]),
    ),
    feedback,
  };
}

function wrongAnswer(spec: string, what: string): PerfagentError {
  return new PerfagentError("backend", `Cannot use the answer of the evaluator '${spec}': ${what}`, {
    hint:
      'Wanted is {"passed": true, "pass_rate": 1, "metrics": {"name": 1.5 or [1.4, 1.6]}, "feedback": "…"}: ' +
      "metrics are numbers from 0 up, lower is better",
  });
}

/** The sample of one evaluation: a list's mean, so that every evaluation weighs the same in a decision. */
function meansOf(answer: Answer): Sample {
  return Object.fromEntries(
    Object.entries(answer.metrics).map(([name, { values }]) => [
      name,
      values.reduce((sum, value) => sum + value, 0) / values.length,
    ]),
  );
}

/** The values as passes: an answer's lists side by side, an exact value in each of them. */
function samplesOf(answers: readonly Answer[]): Sample[] {
  return answers.flatMap(({ metrics }) => {
    const lists = Object.entries(metrics);
    const passes = lists.reduce((most, [, { values }]) => Math.max(most, values.length), 0);
    return Array.from({ length: passes }, (_, index) =>
      Object.fromEntries(
        lists.flatMap(([name, { exact, values }]) => {
          const value = exact ? values[0] : values[index];
          return value === undefined ? [] : [[name, value] as const];
        }),
      ),
    );
  });
}

function evaluationOf(answers: readonly Answer[], trimRatio: number): Evaluation {
  const passed = answers.every((answer) => answer.passed);
  const samples = passed ? samplesOf(answers) : [];
  const statistics = summarizeSamples(samples, trimRatio);
  return {
    passed,
    passRate: Math.min(...answers.map(({ passRate }) => passRate)),
    build: { status: "ok", message: "" },
    tests: [],
    flaky: [],
    metrics: Object.fromEntries(
      Object.entries(statistics).map(([name, { trimmedMean }]) => [name, trimmedMean]),
    ),
    statistics,
    samples,
    runs: answers.length,
    isolation: "own",
    measurement: "own",
    feedback: (answers.find((answer) => !answer.passed) ?? answers.at(-1))?.feedback ?? "",
  };
}

async function moduleEvaluator(spec: string, options: OwnEvaluatorOptions): Promise<OwnEvaluatorModule> {
  const path = resolve(options.baseDir, spec);
  const refused = (why: string, cause?: unknown): PerfagentError =>
    new PerfagentError("config", `Cannot load the evaluator '${spec}': ${why}`, {
      hint: "Wanted is a .ts or .js file whose default export is a function (input, {sandbox}) => ({evaluate})",
      ...(cause === undefined ? {} : { cause }),
    });
  if (!existsSync(path)) throw refused(`there is no file '${path}'`);
  let module: unknown;
  try {
    module = await import(path);
  } catch (error) {
    throw refused(messageOf(error), error);
  }
  const factory = Object(module).default as unknown;
  if (typeof factory !== "function")
    throw refused(`its default export is ${nameOf(factory)}, not a function`);
  const { language, limits, sandbox, logger } = options;
  // Human solutions serve scoring only: they never reach what judges a program.
  const instance: Instance = { ...options.instance, solutions: {} };
  let made: unknown;
  try {
    made = await (factory as OwnEvaluatorFactory)({ instance, language, limits }, { sandbox, logger });
  } catch (error) {
    throw refused(`its function failed with ${messageOf(error)}`, error);
  }
  const own = Object(made) as OwnEvaluatorModule;
  if (typeof own.evaluate !== "function") {
    throw refused(`its function returned ${nameOf(made)} without a function 'evaluate'`);
  }
  return {
    async evaluate(code, signal) {
      try {
        return await own.evaluate(code, signal);
      } catch (error) {
        if (signal.aborted) throw interruptedError();
        if (error instanceof PerfagentError) throw error;
        throw new PerfagentError(
          "backend",
          `Cannot evaluate with '${spec}': it failed with ${messageOf(error)}`,
          {
            cause: error,
          },
        );
      }
    },
    close: async () => await own.close?.(),
  };
}

function commandEvaluator(spec: string, options: OwnEvaluatorOptions): OwnEvaluatorModule {
  const command = spec.slice(COMMAND_PREFIX.length).trim();
  if (command === "") {
    throw new PerfagentError("config", `Cannot use the evaluator '${spec}': no command follows 'command:'`, {
      hint: 'Write it as in evaluator: "command:./my-eval.sh"',
    });
  }
  const { instance, language, limits, baseDir, env, logger } = options;
  const common = { language, instance: instanceForCommand(instance), limits: limitsForCommand(limits) };
  return {
    async evaluate(code, signal) {
      const result = await runCommand({
        argv: ["/bin/sh", "-c", command],
        stdin: `${JSON.stringify({ code, ...common })}\n`,
        cwd: baseDir,
        env: withoutSecrets(env),
        timeoutMs: COMMAND_TIMEOUT_MS,
        maxBytes: COMMAND_OUTPUT_BYTES,
        signal,
      });
      const failed = (why: string): PerfagentError => {
        const words = shortenMiddle(result.stderr.trim(), SHOWN_STDERR_CHARACTERS);
        return new PerfagentError("backend", `Cannot evaluate with '${spec}': ${why}`, {
          hint: words === "" ? "It wrote nothing to standard error" : `Its standard error says: ${words}`,
        });
      };
      if (result.status === "aborted") throw interruptedError();
      if (result.status === "timeout") throw failed("it took longer than an hour");
      if (result.status === "output_limit") throw failed("it printed more than 16 MiB");
      if (result.signal !== null) throw failed(`it was ended by ${result.signal}`);
      if (result.exitCode !== 0) throw failed(`it ended with exit code ${result.exitCode}`);
      if (result.stderr.trim() !== "") logger.debug(`${spec}: ${result.stderr.trim()}`);
      try {
        return JSON.parse(result.stdout) as OwnResult;
      } catch {
        const shown = JSON.stringify(shortenMiddle(result.stdout.trim(), 80));
        throw failed(`it printed ${shown}; one JSON object is wanted`);
      }
    },
  };
}

function withoutSecrets(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name, value]) => !isSecretName(name) && urlPasswords(value ?? "").length === 0,
    ),
  );
}

/** The instance by the names of its file, without the human solutions. */
function instanceForCommand(instance: Instance): Readonly<Record<string, unknown>> {
  return {
    task_name: instance.taskName,
    id: instance.id,
    title: instance.title,
    description: instance.description,
    type: instance.type,
    generated_tests: instance.tests,
    evaluator: instance.evaluatorSource,
  };
}

function limitsForCommand(limits: OwnLimits): Readonly<Record<string, number | null>> {
  return {
    time_limit_ms: limits.timeLimitMs,
    memory_limit_bytes: limits.memoryLimitBytes,
    output_bytes: limits.outputBytes,
  };
}

function nameOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "a list" : `of type ${typeof value}`;
}
