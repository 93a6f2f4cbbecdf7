import { type ArgsDef, defineCommand } from "citty";
import { explainFailure } from "../agent/feedback.ts";
import type { Config } from "../config/schema.ts";
import { EXIT_CONDITION_NOT_MET, PerfagentError } from "../errors.ts";
import {
  compareClassic,
  comparePrograms,
  DEFAULT_EVIDENCE_RULE,
  MAX_PAIRS,
  MIN_PAIRS,
} from "../evaluate/decision/index.ts";
import { summarizeSamples } from "../evaluate/stats.ts";
import { parseInstance, requireLanguage } from "../instance.ts";
import { LANGUAGE_IDS, languageOfFile, parseLanguage } from "../languages.ts";
import { freshSeed } from "../lib/random.ts";
import { instanceOfInput } from "../run/compare.ts";
import { configuredLimits, openEvaluator } from "../run/evaluator.ts";
import { openWorkshop, type Workshop } from "../run/workshop.ts";
import type { Comparison, Evaluation, Evaluator, Instance, Language, Logger, Sample } from "../types.ts";
import { type CompareReport, compareDocument, compareText } from "./compare/view.ts";
import { resolveConfig, selectConfigArgs } from "./line/flags.ts";
import { numberArg, numberOf, usageError } from "./line/shared.ts";
import { readText } from "./process/files.ts";
import { interruptSignal } from "./process/interrupt.ts";
import { createLogger } from "./process/logger.ts";
import { writeJson, writeStdout } from "./process/stdout.ts";

const ownArgs = {
  instance: {
    type: "string",
    valueHint: "FILE|-",
    description: "The problem whose tests both programs must pass and are timed on",
  },
  stdin: {
    type: "string",
    valueHint: "FILE|-",
    description: "Instead of an instance: one input; the candidate must print what the baseline prints",
  },
  baseline: { type: "string", required: true, valueHint: "FILE|-", description: "The older program" },
  candidate: { type: "string", required: true, valueHint: "FILE|-", description: "The newer program" },
  metric: {
    type: "string",
    default: "runtime",
    valueHint: "NAME",
    description: "runtime, cpu_time, memory, integral, or a metric of an own evaluator",
  },
  "min-effect": numberArg({
    min: 0,
    max: 0.9,
    valueHint: "SHARE",
    description: `Smallest gain that counts, as a share; default: ${DEFAULT_EVIDENCE_RULE.minEffect}`,
  }),
  "max-pairs": numberArg({
    min: MIN_PAIRS,
    max: MAX_PAIRS,
    integer: true,
    valueHint: "N",
    description: `Most pairs of passes; default: ${DEFAULT_EVIDENCE_RULE.maxPairs}`,
  }),
  json: { type: "boolean", description: "Print a JSON document" },
  verbose: { type: "boolean", alias: "v", description: "Also print each test's times" },
  "fail-unless-faster": {
    type: "boolean",
    description: `Exit with ${EXIT_CONDITION_NOT_MET} unless the candidate is proven better`,
  },
} as const satisfies ArgsDef;

const compareArgs = {
  ...ownArgs,
  ...selectConfigArgs(
    "language",
    "seed",
    "decision",
    "evaluator",
    "backend",
    "num-runs",
    "time-limit",
    "memory-limit",
    "unsafe-no-sandbox",
    "compat",
  ),
};

export default defineCommand({
  meta: { name: "compare" },
  args: compareArgs,
  async run({ args }) {
    checkSources(args);
    const { config, warnings, environment } = await resolveConfig(args);
    const logger = createLogger({ level: config.logging.log_level, quiet: args.quiet === true });
    for (const warning of warnings) logger.warn(warning);
    const language = languageOf(args, config);
    const baseline = await readText(args.baseline, { what: "the baseline", code: "code" });
    const candidate = await readText(args.candidate, { what: "the candidate", code: "code" });
    const instance = args.instance === undefined ? null : await readInstance(args.instance, language);
    const input =
      args.stdin === undefined ? null : await readText(args.stdin, { what: "the input", code: "code" });

    const workshop = await openWorkshop({ config, environment, workingDirectory: process.cwd(), logger });
    try {
      const tested =
        instance ??
        (await instanceOfInput(
          {
            input: input ?? "",
            language,
            baseline,
            sandbox: workshop.sandbox,
            limits: configuredLimits(config),
          },
          interruptSignal,
        ));
      const evaluator = await openEvaluator({ config, instance: tested, language, workshop, logger });
      try {
        const report = await compareOn(evaluator, {
          args,
          config,
          tested,
          workshop,
          baseline,
          candidate,
          logger,
        });
        if (args.json) await writeJson(compareDocument(report));
        else await writeStdout(compareText(report, args.verbose === true));
        if (args["fail-unless-faster"] && report.comparison.verdict !== "faster") {
          process.exitCode = EXIT_CONDITION_NOT_MET;
        }
      } finally {
        await evaluator.close();
      }
    } finally {
      await workshop.close();
    }
  },
});

// --- internal ---

type Args = Readonly<Record<string, unknown>> & {
  readonly baseline: string;
  readonly candidate: string;
  readonly metric: string;
};

function checkSources(args: {
  readonly instance?: string | undefined;
  readonly stdin?: string | undefined;
  readonly baseline: string;
  readonly candidate: string;
}): void {
  const problems: string[] = [];
  if (args.instance === undefined && args.stdin === undefined) {
    problems.push("--instance and --stdin are both missing; one of them is wanted");
  }
  if (args.instance !== undefined && args.stdin !== undefined) {
    problems.push("--instance and --stdin are both given; one of them is wanted");
  }
  const fromStdin = (["instance", "stdin", "baseline", "candidate"] as const).filter(
    (name) => args[name] === "-",
  );
  if (fromStdin.length > 1) {
    problems.push(
      `${fromStdin.map((name) => `--${name}`).join(" and ")} all read standard input; only one of them can`,
    );
  }
  if (problems.length > 0) throw usageError("perfagent compare", problems);
}

/** The flag, else what both file names say, else the configuration's. */
function languageOf(args: Args, config: Config): Language {
  if (typeof args.language === "string") {
    const language = parseLanguage(args.language);
    if (language !== null) return language;
    throw usageError("perfagent compare", [
      `--language: '${args.language}' is given; one of ${LANGUAGE_IDS.join(", ")} is wanted`,
    ]);
  }
  const baseline = languageOfFile(args.baseline);
  const candidate = languageOfFile(args.candidate);
  if (baseline !== null && candidate !== null && baseline !== candidate) {
    throw usageError("perfagent compare", [
      `--baseline is ${baseline} and --candidate is ${candidate} by their names; programs of one language can be compared`,
    ]);
  }
  return candidate ?? baseline ?? config.language_cfg.language;
}

async function readInstance(path: string, language: Language): Promise<Instance> {
  const instance = parseInstance(await readText(path, { what: "the instance" }), path);
  requireLanguage(instance, language);
  return instance;
}

interface CompareContext {
  readonly args: Args;
  readonly config: Config;
  readonly tested: Instance;
  readonly workshop: Workshop;
  readonly baseline: string;
  readonly candidate: string;
  readonly logger: Logger;
}

async function compareOn(evaluator: Evaluator, context: CompareContext): Promise<CompareReport> {
  const { args, config, tested, workshop, baseline, candidate, logger } = context;
  const classic = config.optimization.decision === "classic";
  const timedPasses = classic ? config.runtime.num_runs : 0;
  const before = await evaluator.evaluate(baseline, { timedPasses }, interruptSignal);
  if (!before.passed) throw unusableBaseline(before, tested, args.baseline);
  const metric = metricOf(args, config, evaluator);
  const after = await evaluator.evaluate(candidate, { timedPasses }, interruptSignal);
  const seed = config.optimization.seed ?? freshSeed();
  const comparison = !after.passed
    ? incorrectCandidate(after, metric, tested)
    : classic
      ? compareClassic(before, after, metric)
      : await comparePrograms({
          evaluator,
          a: baseline,
          b: candidate,
          metric,
          rule: {
            minEffect: numberOf(args["min-effect"]) ?? config.optimization.min_effect,
            maxPairs: numberOf(args["max-pairs"]) ?? config.optimization.max_pairs,
          },
          question: "either",
          seed,
          signal: interruptSignal,
          onPair: (_, count) => logger.debug(`pair ${count} is measured`),
        });
  if (comparison.failed.includes("a")) throw flakyBaseline(comparison, args.baseline);
  const metricsOf = (side: "a" | "b", evaluation: Evaluation): Sample =>
    classic
      ? evaluation.metrics
      : trimmedMeans(
          comparison.pairs.map((pair) => pair[side]),
          config.runtime.trim_ratio,
        );
  return {
    comparison,
    seed: classic ? null : seed,
    baseline: { file: args.baseline, evaluation: before, metrics: metricsOf("a", before) },
    candidate: { file: args.candidate, evaluation: after, metrics: metricsOf("b", after) },
    sandbox: workshop.sandbox.info,
    tests: tested.tests,
  };
}

/** An own evaluator names its metrics only with its first answer; the first one is meant when none was asked for. */
function metricOf(args: Args, config: Config, evaluator: Evaluator): string {
  const known = evaluator.metrics;
  if (known.includes(args.metric)) return args.metric;
  const [first] = known;
  if (config.optimization.evaluator !== null && args.metric === "runtime" && first !== undefined)
    return first;
  throw usageError("perfagent compare", [
    `--metric: '${args.metric}' is given; one of ${known.join(", ")} is wanted`,
  ]);
}

function trimmedMeans(samples: readonly Sample[], trimRatio: number): Sample {
  return Object.fromEntries(
    Object.entries(summarizeSamples(samples, trimRatio)).map(([name, { trimmedMean }]) => [
      name,
      trimmedMean,
    ]),
  );
}

/** Longest explanation of a failing program in a message. */
const EXPLANATION_CHARACTERS = 2000;

function incorrectCandidate(evaluation: Evaluation, metric: string, instance: Instance): Comparison {
  return {
    verdict: "incorrect",
    metric,
    ratio: null,
    interval: null,
    pValue: null,
    pairs: [],
    criterion: null,
    reason: explainFailure(evaluation, instance.tests, EXPLANATION_CHARACTERS).reason,
    failed: ["b"],
    perTest: [],
    failures: evaluation.tests.filter(({ status }) => status !== "passed"),
  };
}

function unusableBaseline(evaluation: Evaluation, instance: Instance, file: string): PerfagentError {
  const { reason, feedback } = explainFailure(evaluation, instance.tests, EXPLANATION_CHARACTERS);
  return new PerfagentError(
    "code",
    `Cannot compare with the baseline '${file}': it does not pass the tests. ${reason}`,
    { hint: feedback },
  );
}

function flakyBaseline(comparison: Comparison, file: string): PerfagentError {
  return new PerfagentError(
    "code",
    `Cannot compare with the baseline '${file}': it passed the tests once and failed later. ${comparison.reason}`,
    {
      hint: "A baseline must pass every test in every pass; a longer --time-limit helps when it ran out of time",
    },
  );
}
