/** Makes the parts of runs out of the configuration: what a process shares, and what each run has of its own. */

import { analysePerformance, describeMetrics, explainFailure } from "../agent/feedback.ts";
import type { LoopSettings } from "../agent/loop.ts";
import { buildPrompt, type PromptPorts, type PromptSettings } from "../agent/prompt.ts";
import type { Candidate, LoopState } from "../agent/state.ts";
import type { Config } from "../config/schema.ts";
import { unifiedDiff } from "../edit/diff.ts";
import { applyResponse } from "../edit/index.ts";
import {
  compareClassic,
  comparePrograms,
  confirmWinner,
  type EvidenceRule,
} from "../evaluate/decision/index.ts";
import { createEvaluator } from "../evaluate/index.ts";
import { programKey } from "../evaluate/normalize.ts";
import { summarizeSamples } from "../evaluate/stats.ts";
import { LANGUAGES } from "../languages.ts";
import { deriveSeed } from "../lib/random.ts";
import { createModel } from "../model/index.ts";
import { estimateTokens } from "../model/tokens.ts";
import { compactComparison, compactEvaluation } from "../record/compact.ts";
import type { Comparison, Evaluation, Evaluator, Instance, Language, Sample, Target } from "../types.ts";
import type { RunParts, RunPartsContext } from "./index.ts";
import type { Workshop } from "./workshop.ts";

/** The loop's settings, as configured. */
export function loopSettings(config: Config): LoopSettings {
  const { optimization, runtime } = config;
  return {
    maxIterations: config.max_iterations,
    earlyStopNoImprove: config.early_stop_no_improve,
    mode: optimization.code_generation_mode,
    editRetries: optimization.edit_retries,
    wholeProgramAfterMisses: optimization.whole_program_after_misses,
    adoptOnlyIfImproved: optimization.adopt_only_if_improved,
    numRuns: runtime.num_runs,
    timeBeforeComparing: optimization.decision === "classic",
  };
}

/**
 * The parts of one run.
 * @throws PerfagentError `model` when the model needs a key that is not there, `backend`, `instance`.
 */
export async function assembleParts(
  config: Config,
  workshop: Workshop,
  context: RunPartsContext,
): Promise<RunParts> {
  const { instance, language } = context;
  const model = await createModel({ name: config.model.name, answersUsed: context.answersUsed });
  const evaluator = await createEvaluator({
    instance,
    language,
    sandbox: workshop.sandbox,
    checkerSandbox: workshop.checkerSandbox,
    timeLimitMs: config.runtime.time_limit === null ? null : config.runtime.time_limit * 1000,
    memoryLimitBytes: config.runtime.memory_limit === null ? null : config.runtime.memory_limit * 1e6,
    trimRatio: config.runtime.trim_ratio,
    timeLimitFactor: config.runtime.time_limit_factor,
    outputBytes: config.runtime.output_limit * 1e6,
    logger: context.logger,
  });
  const metric = config.optimization.target;
  const summarize = (samples: readonly Sample[]): Sample =>
    Object.fromEntries(
      Object.entries(summarizeSamples(samples, config.runtime.trim_ratio)).map(([name, statistics]) => [
        name,
        statistics.trimmedMean,
      ]),
    );
  const settings = promptSettings(config, instance, language);
  const promptPorts = promptPortsFor(config, instance);
  return {
    metric,
    unit: UNITS[metric],
    sandbox: workshop.sandbox,
    loop: {
      model,
      prompt: (state, mode) => buildPrompt(state, mode, settings, promptPorts),
      edit: (program, reply, mode) => applyResponse(program, reply, { mode, language }),
      diff: (before, after) =>
        unifiedDiff(before, after, `${instance.taskName}.${LANGUAGES[language].extension}`),
      programKey: (code) => programKey(code, language),
      evaluate: async (code, timedPasses, signal) =>
        compactEvaluation(await evaluator.evaluate(code, { timedPasses }, signal)),
      compare: (older, newer, signal) => compare(config, context, evaluator, older, newer, signal),
      withSamples: (evaluation, samples) =>
        samples.length === 0
          ? evaluation
          : {
              ...evaluation,
              samples,
              runs: samples.length,
              statistics: summarizeSamples(samples, config.runtime.trim_ratio),
              metrics: summarize(samples),
            },
      explain: (evaluation) => explainFailure(evaluation, instance.tests, EXPLANATION_CHARACTERS),
    } satisfies RunParts["loop"],
    finish: {
      confirm:
        config.optimization.decision === "classic"
          ? null
          : async (winner, signal) =>
              compactComparison(
                await confirmWinner({
                  evaluator,
                  metric,
                  rule: evidenceRule(config),
                  seed: deriveSeed(context.seed, `confirmation ${winner.iteration}`),
                  signal,
                  initial: context.initial.code,
                  winner: winner.code,
                }),
              ),
      holdOut: null,
      summarize,
    },
    close: () => evaluator.close(),
  };
}

// --- internal ---

const UNITS: Readonly<Record<Target, string>> = { runtime: "s", memory: "MB", integral: "MB·s" };

const TARGET_TITLES: Readonly<Record<Target, string>> = {
  runtime: "running time",
  memory: "peak memory",
  integral: "integral of memory over time",
};

/** What the journal keeps of a failure's explanation; a prompt may shorten it further. */
const EXPLANATION_CHARACTERS = 4000;
/** A page: more would crowd out the program. */
const ANALYSIS_CHARACTERS = 3000;

function evidenceRule(config: Config): EvidenceRule {
  const { min_effect: minEffect, max_pairs: maxPairs } = config.optimization;
  return { kind: "evidence", minEffect, maxPairs };
}

async function compare(
  config: Config,
  context: RunPartsContext,
  evaluator: Evaluator,
  older: Candidate,
  newer: Candidate,
  signal: AbortSignal,
): Promise<Comparison> {
  const metric = config.optimization.target;
  if (config.optimization.decision === "classic") {
    return compactComparison(compareClassic(requireEvaluation(older), requireEvaluation(newer), metric));
  }
  const comparison = await comparePrograms({
    evaluator,
    a: older.code,
    b: newer.code,
    metric,
    rule: evidenceRule(config),
    seed: deriveSeed(context.seed, `round ${newer.iteration}`),
    signal,
  });
  return compactComparison(comparison);
}

function requireEvaluation(candidate: Candidate): Evaluation {
  if (candidate.evaluation === null) throw new Error("a program was compared before it was evaluated");
  return candidate.evaluation;
}

function promptSettings(config: Config, instance: Instance, language: Language): PromptSettings {
  const { prompts, optimization, model } = config;
  return {
    languageTitle: LANGUAGES[language].title,
    targetTitle: TARGET_TITLES[optimization.target],
    taskDescription: taskDescription(instance, language),
    systemTemplate: prompts.system_template,
    optimizationTemplate: prompts.optimization_template,
    additionalRequirements: prompts.additional_requirements ?? "",
    localMemory: prompts.local_memory ?? "",
    globalMemory: prompts.global_memory ?? "",
    allowedImports: prompts.allowed_imports_scope ?? defaultImports(language),
    mode: optimization.code_generation_mode,
    includeAllHistory: prompts.include_all_history,
    maxInputTokens: model.max_input_tokens,
  };
}

function taskDescription(instance: Instance, language: Language): string {
  const title = instance.title === "" ? "" : `Title: ${instance.title}\n\n`;
  const kind =
    instance.type === "io"
      ? "\n\nThe program is a whole program: it reads standard input and writes standard output."
      : "\n\nThe program is only the class or function below, without input and output: a runner calls it.";
  const starter = instance.starterCode[language];
  const start =
    starter === undefined
      ? ""
      : `\n\nIt must keep this signature:\n\n<signature>\n${starter.trimEnd()}\n</signature>`;
  return `${title}${instance.description.trim()}${kind}${start}`;
}

function defaultImports(language: Language): string {
  const packages = LANGUAGES[language].packages.map(({ name }) => name);
  const extra = packages.length === 0 ? "" : ` and ${packages.join(", ")}`;
  return `Only the standard library of ${LANGUAGES[language].title}${extra} may be used.`;
}

function promptPortsFor(config: Config, instance: Instance): PromptPorts {
  const { target, include_other_metrics_in_summary: allMetrics } = config.optimization;
  return {
    describeMetrics: (evaluation) =>
      describeMetrics(evaluation === null || allMetrics ? evaluation : onlyMetric(evaluation, target)),
    describeFailure: (evaluation, maxCharacters) =>
      explainFailure(evaluation, instance.tests, maxCharacters).feedback,
    analyse: (state: LoopState) =>
      state.current.evaluation === null
        ? ""
        : analysePerformance({
            evaluation: state.current.evaluation,
            tests: instance.tests,
            target,
            profile: null,
            maxCharacters: ANALYSIS_CHARACTERS,
          }),
    estimateTokens,
  };
}

function onlyMetric(evaluation: Evaluation, metric: string): Evaluation {
  const value = evaluation.metrics[metric];
  return { ...evaluation, metrics: value === undefined ? {} : { [metric]: value } };
}
