import { type ArgsDef, defineCommand } from "citty";
import type { Config } from "../config/schema.ts";
import { EXIT_CONDITION_NOT_MET, PerfagentError } from "../errors.ts";
import { canonicalDocument, measureCanonical } from "../evaluate/canonical.ts";
import { parseInstance, requireLanguage } from "../instance.ts";
import { LANGUAGE_IDS, languageOfFile } from "../languages.ts";
import { cacheDirectory } from "../lib/cache-directory.ts";
import { describeEnvironment } from "../run/environment.ts";
import { openEvaluator } from "../run/evaluator.ts";
import { chooseInitialCode } from "../run/initial-code.ts";
import { openWorkshop, type Workshop } from "../run/workshop.ts";
import type { Evaluation, Evaluator, Instance, Language, Logger } from "../types.ts";
import { evaluationDocument } from "./eval/document.ts";
import { evaluationSummary } from "./eval/summary.ts";
import { type ResolvedConfig, resolveConfig, selectConfigArgs } from "./line/flags.ts";
import { listArg, listOf, usageError } from "./line/shared.ts";
import { readBytes, readText } from "./process/files.ts";
import { interruptSignal } from "./process/interrupt.ts";
import { createLogger } from "./process/logger.ts";
import { writeJson, writeStdout } from "./process/stdout.ts";

const evalArgs = {
  instance: {
    type: "string",
    required: true,
    valueHint: "FILE|-",
    description: "The problem, in EffiBench-X's format; - reads standard input",
  },
  solution: listArg({
    valueHint: "FILE|-",
    description:
      "A program to measure; may be repeated: then --json prints a list, in which each result names its file",
  }),
  canonical: {
    type: "boolean",
    description: "Measure the human solutions of the instance instead: the yardstick of the scores",
  },
  "fail-unless-passed": {
    type: "boolean",
    description: `Exit with ${EXIT_CONDITION_NOT_MET} unless every program passes every test`,
  },
  json: { type: "boolean", description: "Print JSON, with every test" },
  ...selectConfigArgs(
    "language",
    "num-runs",
    "time-limit",
    "memory-limit",
    "evaluator",
    "backend",
    "unsafe-no-sandbox",
    "compat",
  ),
} as const satisfies ArgsDef;

export default defineCommand({
  meta: { name: "eval" },
  args: evalArgs,
  async run({ args }) {
    const solutions = listOf(args.solution);
    checkUse(args.instance, solutions, args.canonical === true);
    const resolved = await resolveConfig(args);
    const { config, environment, warnings } = resolved;
    const logger = createLogger({ level: config.logging.log_level, quiet: args.quiet === true });
    for (const warning of warnings) logger.warn(warning);
    const instance = parseInstance(await readText(args.instance, { what: "the instance" }), args.instance);
    const programs: Program[] = [];
    for (const name of solutions) programs.push(await readProgram(name, instance, resolved));
    const workshop = await openWorkshop({ config, environment, workingDirectory: process.cwd(), logger });
    try {
      const bench: Bench = { instance, config, workshop, logger, evaluators: new Map() };
      if (args.canonical) return await writeJson(await measureHumans(bench, resolved));
      await evaluateAll(bench, programs, {
        json: args.json === true,
        strict: args["fail-unless-passed"] === true,
      });
    } finally {
      await workshop.close();
    }
  },
});

// --- internal ---

interface Program {
  readonly name: string;
  readonly language: Language;
  readonly code: string;
}

interface Bench {
  readonly instance: Instance;
  readonly config: Config;
  readonly workshop: Workshop;
  readonly logger: Logger;
  readonly evaluators: Map<Language, Evaluator>;
}

function checkUse(instance: string, solutions: readonly string[], canonical: boolean): void {
  const problems: string[] = [];
  const fromStdin = [instance, ...solutions].filter((name) => name === "-").length;
  if (fromStdin > 1) problems.push("only one of --instance and --solution can be - (standard input)");
  if (canonical && solutions.length > 0) problems.push("--canonical and --solution exclude each other");
  if (!canonical && solutions.length === 0) problems.push("--solution FILE is wanted");
  if (problems.length > 0) throw usageError("perfagent eval", problems);
}

/** Reads a program; its language is the given one, else by the file's name, else the configured one. */
async function readProgram(name: string, instance: Instance, resolved: ResolvedConfig): Promise<Program> {
  const given = givenLanguage(resolved);
  const language = given ?? languageOfFile(name) ?? resolved.config.language_cfg.language;
  requireLanguage(instance, language);
  const bytes = await readBytes(name, { what: "the solution", code: "code" });
  const shown = name === "-" ? "standard input" : name;
  const { code } = chooseInitialCode(instance, language, {
    given: { bytes, name: shown },
    text: null,
    directory: null,
  });
  return { name, language, code };
}

/** The language of `--language` or of the environment; a configuration file only sets the fallback. */
function givenLanguage({ config, provenance }: ResolvedConfig): Language | null {
  const source = provenance.get("language_cfg.language");
  return source === undefined || source.kind === "default" || source.kind === "file"
    ? null
    : config.language_cfg.language;
}

async function evaluateAll(
  bench: Bench,
  programs: readonly Program[],
  options: { readonly json: boolean; readonly strict: boolean },
): Promise<void> {
  const { instance, config } = bench;
  const documents: Readonly<Record<string, unknown>>[] = [];
  for (const { name, language, code } of programs) {
    const evaluator = await evaluatorOf(bench, language);
    const evaluation: Evaluation = await evaluator.evaluate(
      code,
      { timedPasses: config.runtime.num_runs },
      interruptSignal,
    );
    if (options.strict && !evaluation.passed) process.exitCode = EXIT_CONDITION_NOT_MET;
    if (options.json) {
      const document = evaluationDocument(instance.taskName, language, evaluation);
      documents.push(programs.length === 1 ? document : { solution: name, ...document });
    } else {
      await writeStdout(evaluationSummary(name, language, evaluation, instance.tests));
    }
  }
  if (options.json) await writeJson(programs.length === 1 ? documents[0] : documents);
}

async function evaluatorOf(bench: Bench, language: Language): Promise<Evaluator> {
  const known = bench.evaluators.get(language);
  if (known !== undefined) return known;
  const evaluator = await openEvaluator({ ...bench, language });
  bench.evaluators.set(language, evaluator);
  return evaluator;
}

/** The human solutions in the given language, or in each one that the instance has and this machine can run. */
async function measureHumans(bench: Bench, resolved: ResolvedConfig) {
  const { instance, logger } = bench;
  const given = givenLanguage(resolved);
  const present = LANGUAGE_IDS.filter((id) => instance.solutions[id] !== undefined);
  const languages = given === null ? present : present.filter((id) => id === given);
  if (languages.length === 0) {
    throw new PerfagentError(
      "instance",
      `Cannot measure the human solutions of '${instance.taskName}': its field 'solutions' holds none` +
        (given === null ? "" : ` in ${given}`),
      {
        hint:
          present.length === 0 ? "Use an instance with solutions" : `It has some in ${present.join(", ")}`,
      },
    );
  }
  const measured: Measured[] = [];
  let refusal: PerfagentError | null = null;
  for (const language of languages) {
    try {
      measured.push(await measureHuman(bench, language));
    } catch (error) {
      // A missing toolchain or runner is no reason to go without the other languages.
      const isLocal =
        error instanceof PerfagentError && (error.code === "backend" || error.code === "instance");
      if (given !== null || !isLocal) throw error;
      logger.warn(`The human solutions in ${language} are left out: ${error.message}`);
      refusal = error;
    }
  }
  if (measured.length === 0 && refusal !== null) throw refusal;
  return canonicalDocument(instance.taskName, measured);
}

type Measured = Awaited<ReturnType<typeof measureCanonical>>;

async function measureHuman(bench: Bench, language: Language): Promise<Measured> {
  const { instance, workshop } = bench;
  const { runtime } = bench.config;
  return measureCanonical(
    {
      ...(await describeEnvironment(workshop.sandbox, language)),
      instance,
      language,
      evaluator: await evaluatorOf(bench, language),
      timedPasses: runtime.num_runs,
      settings: JSON.stringify([
        runtime.time_limit,
        runtime.time_limit_factor,
        runtime.memory_limit,
        runtime.trim_ratio,
      ]),
      cacheDir: cacheDirectory("perfagent", workshop.environment),
    },
    interruptSignal,
  );
}
