/** The built-in evaluator: EffiBench-X's tests and checker, the original tool's statistics. */
import { sha256 } from "../lib/hash.ts";
import type {
  Build,
  Evaluation,
  Evaluator,
  Instance,
  Language,
  Logger,
  Pass,
  Sample,
  Sandbox,
  TestResult,
} from "../types.ts";
import { assembleProgram } from "./assemble.ts";
import { type Bench, type CheckedProgram, checkPass, timedPair, timedPass } from "./benchmark.ts";
import { createChecker } from "./checker.ts";
import { limitsFor } from "./limits.ts";
import { summarizeSamples } from "./stats.ts";

export interface EvaluatorOptions {
  readonly instance: Instance;
  readonly language: Language;
  readonly sandbox: Sandbox;
  /** Runs the checker, when programs run elsewhere; default: `sandbox`. It is not closed with the evaluator. */
  readonly checkerSandbox?: Sandbox;
  /** Per test; null takes the instance's limit, scaled for the language. */
  readonly timeLimitMs: number | null;
  /** Per test; null takes the instance's limit. */
  readonly memoryLimitBytes: number | null;
  /** Share of samples that the trimmed mean leaves out at each end. */
  readonly trimRatio: number;
  /** Multiplies the instance's time limit; null takes the language's factor. */
  readonly timeLimitFactor: number | null;
  /** Bytes of standard output per test. */
  readonly outputBytes: number;
  readonly logger: Logger;
}

/** Metrics of a passed evaluation on a sandbox that measures everything, the default target first. */
export const METRICS: readonly string[] = ["runtime", "cpu_time", "memory", "integral"];

/**
 * Makes the evaluator of an instance for one language.
 * @throws PerfagentError `instance` when a functional instance has no runner for the language.
 */
export async function createEvaluator(options: EvaluatorOptions): Promise<Evaluator> {
  const { instance, language, sandbox } = options;
  // Refuses an instance without a runner before anything is paid for.
  assembleProgram(instance, language, "");
  const bench: Bench = {
    language,
    tests: instance.tests,
    limits: limitsFor(instance, language, options),
    sandbox,
    checker: createChecker({
      source: instance.evaluatorSource,
      instanceName: instance.taskName,
      sandbox: options.checkerSandbox ?? sandbox,
      logger: options.logger,
    }),
  };
  /** Programs that passed a check pass, by the hash of their code. */
  const passedPrograms = new Map<string, CheckedProgram>();

  async function evaluate(code: string, timedPassCount: number, signal: AbortSignal): Promise<Evaluation> {
    const build = await sandbox.build({ language, code: assembleProgram(instance, language, code) }, signal);
    if (build.status === "failed") return evaluationOf(options, build, compileErrors(instance), []);
    const { results, program } = await checkPass(bench, build, signal);
    if (results.some(({ status }) => status !== "passed")) return evaluationOf(options, build, results, []);
    passedPrograms.set(sha256(code), program);
    const passes: Pass[] = [];
    while (passes.length < timedPassCount && (passes.at(-1)?.failures.length ?? 0) === 0) {
      passes.push(await timedPass(bench, program, signal));
    }
    return evaluationOf(options, build, results, passes);
  }

  /** The program as checked before, or as checked now; its failures when it does not pass. */
  async function checked(code: string, signal: AbortSignal): Promise<CheckedProgram | readonly TestResult[]> {
    const known = passedPrograms.get(sha256(code));
    if (known !== undefined) return known;
    const evaluation = await evaluate(code, 0, signal);
    return passedPrograms.get(sha256(code)) ?? evaluation.tests.filter(({ status }) => status !== "passed");
  }

  return {
    metrics: METRICS,
    evaluate: (code, { timedPasses }, signal) => evaluate(code, timedPasses, signal),
    async pair(first, second, signal) {
      const a = await checked(first, signal);
      const b = await checked(second, signal);
      if ("build" in a && "build" in b) return await timedPair(bench, a, b, signal);
      return [failedPass(a), failedPass(b)];
    },
    async close() {
      passedPrograms.clear();
    },
  };
}

// --- internal ---

function failedPass(program: CheckedProgram | readonly TestResult[]): Pass {
  return { sample: null, failures: "build" in program ? [] : program, perTest: [] };
}

/** Every test of a program that could not be built. */
function compileErrors(instance: Instance): TestResult[] {
  return instance.tests.map((_, index) => ({
    index,
    status: "compile_error",
    exitCode: null,
    signal: null,
    wallNs: null,
    cpuUs: null,
    peakBytes: null,
    integralByteS: null,
    stdout: "",
    stderr: "",
    stdoutTruncated: false,
    stderrTruncated: false,
    message: "",
  }));
}

function evaluationOf(
  options: EvaluatorOptions,
  build: Build,
  checkResults: readonly TestResult[],
  passes: readonly Pass[],
): Evaluation {
  const late = passes.flatMap(({ failures }) => failures);
  const failedLater = new Map(late.map((failure) => [failure.index, failure]));
  const tests = checkResults.map((result) =>
    result.status === "passed" ? (failedLater.get(result.index) ?? result) : result,
  );
  const passedCount = tests.filter(({ status }) => status === "passed").length;
  const passed = passedCount === tests.length;
  const samples = passes.flatMap(({ sample }) => (sample === null ? [] : [sample]));
  const statistics = passed ? summarizeSamples(samples, options.trimRatio) : {};
  const metrics: Sample = Object.fromEntries(
    Object.entries(statistics).map(([metric, { trimmedMean }]) => [metric, trimmedMean]),
  );
  return {
    passed,
    passRate: passedCount / tests.length,
    build: { status: build.status, message: build.message },
    tests,
    flaky: [...failedLater.keys()].sort((a, b) => a - b),
    metrics,
    statistics,
    samples,
    runs: passes.length,
    isolation: options.sandbox.info.isolation,
    measurement: options.sandbox.info.measurement,
    feedback: "",
  };
}
