/** Makes the parts of a run out of its configuration. */

import { describeMixedChange, explainFailure } from "../agent/feedback.ts";
import type { LoopSettings } from "../agent/loop.ts";
import { buildPrompt } from "../agent/prompt.ts";
import type { Candidate } from "../agent/state.ts";
import type { Config } from "../config/schema.ts";
import { unifiedDiff } from "../edit/diff.ts";
import { applyResponse } from "../edit/index.ts";
import {
  compareClassic,
  comparePrograms,
  confirmWinner,
  type EvidenceRule,
} from "../evaluate/decision/index.ts";
import { createHeldOut, type HeldOut } from "../evaluate/held-out.ts";
import { programKey } from "../evaluate/normalize.ts";
import { profileProgram } from "../evaluate/profile.ts";
import { summarizeSamples } from "../evaluate/stats.ts";
import { LANGUAGES } from "../languages.ts";
import { deriveSeed } from "../lib/random.ts";
import { createModel } from "../model/index.ts";
import { compactComparison, compactEvaluation } from "../record/compact.ts";
import type { Comparison, Evaluation, Evaluator, Instance, Model, Sample, Target } from "../types.ts";
import { evaluatorOptions, openEvaluator } from "./evaluator.ts";
import type { RunParts, RunPartsContext } from "./index.ts";
import { modelOptions } from "./model-options.ts";
import { promptPorts, promptSettings } from "./prompt-parts.ts";
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
 * @throws PerfagentError `model` when the model needs a key that is not there, `config` for an own model or evaluator that
 * is none, `instance`.
 */
export async function assembleParts(
  config: Config,
  workshop: Workshop,
  context: RunPartsContext,
): Promise<RunParts> {
  const { instance, language } = context;
  // First of all: without a model nothing shall be measured.
  const model = await openModel(config, workshop, context);
  // A continued run has spent a part of its budget already.
  workshop.bookEarlier(context.journalPath, context.spentBefore);
  const evaluator = await openEvaluator({ config, workshop, ...context });
  const { target, decision } = config.optimization;
  const isOwn = config.optimization.evaluator !== null;
  const summarize = summarizer(config.runtime.trim_ratio);
  const settings = promptSettings(config, instance, language);
  const profiler = createProfiler(config, workshop, context);
  return {
    metric: isOwn ? null : target,
    unit: isOwn ? "" : UNITS[target],
    sandbox: workshop.sandbox,
    loop: {
      model,
      prompt: async (state, mode, signal) => {
        const profile = await profiler(state.current, signal);
        return buildPrompt(state, mode, settings, promptPorts(config, instance, profile));
      },
      edit: (program, reply, mode) => applyResponse(program, reply, { mode, language }),
      diff: (before, after) =>
        unifiedDiff(before, after, `${instance.taskName}.${LANGUAGES[language].extension}`),
      programKey: (code) => programKey(code, language),
      evaluate: async (code, timedPasses, signal) =>
        compactEvaluation(explained(await evaluator.evaluate(code, { timedPasses }, signal), instance)),
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
      explain: (evaluation) => ({
        reason: explainFailure(evaluation, instance.tests, EXPLANATION_CHARACTERS).reason,
        feedback: evaluation.feedback,
      }),
      explainRejection: (comparison) => describeMixedChange(comparison, instance.tests),
    },
    finish: {
      confirm: decision === "classic" ? null : confirmer(config, context, evaluator),
      holdOut: isOwn || config.optimization.held_out_tests === 0 ? null : holdOut(config, workshop, context),
      summarize,
    },
    close: () => evaluator.close(),
  };
}

// --- internal ---

const UNITS: Readonly<Record<Target, string>> = { runtime: "s", memory: "MB", integral: "MB·s" };

/** What the journal keeps of a failure's explanation; a prompt may shorten it further. */
const EXPLANATION_CHARACTERS = 6000;

/** Without a round nobody is asked, so nothing is needed to ask. */
async function openModel(config: Config, workshop: Workshop, context: RunPartsContext): Promise<Model> {
  if (config.max_iterations > 0) return await createModel(modelOptions(config, workshop, context));
  const complete = () => Promise.reject(new Error("a model was asked in a run without rounds"));
  return { name: config.model.name, complete };
}

/** The evaluation with words on its failures, while their outputs are still whole. */
function explained(evaluation: Evaluation, instance: Instance): Evaluation {
  if (evaluation.passed || evaluation.feedback !== "") return evaluation;
  return {
    ...evaluation,
    feedback: explainFailure(evaluation, instance.tests, EXPLANATION_CHARACTERS).feedback,
  };
}

function summarizer(trimRatio: number): (samples: readonly Sample[]) => Sample {
  return (samples) => {
    const statistics = Object.entries(summarizeSamples(samples, trimRatio));
    return Object.fromEntries(statistics.map(([name, { trimmedMean }]) => [name, trimmedMean]));
  };
}

function evidenceRule(config: Config): EvidenceRule {
  const { min_effect: minEffect, max_pairs: maxPairs } = config.optimization;
  return { minEffect, maxPairs };
}

/** The profile of the current program, made once for each; null where none is wanted or the program does not pass. */
function createProfiler(config: Config, workshop: Workshop, { instance, language }: RunPartsContext) {
  let last: { readonly code: string; readonly profile: string } | null = null;
  return async ({ code, evaluation }: Candidate, signal: AbortSignal): Promise<string | null> => {
    if (!config.optimization.profile || evaluation?.passed !== true) return null;
    if (last?.code !== code) {
      const sandbox = workshop.checkerSandbox;
      last = {
        code,
        profile: await profileProgram({ instance, language, code, evaluation, sandbox, signal }),
      };
    }
    return last.profile;
  };
}

/**
 * What is decided on: the target, or the first metric that an own evaluation names. It is read from an evaluation, because
 * a continued run has not asked its evaluator yet.
 */
function metricOf(config: Config, { evaluation }: Candidate): string {
  const { evaluator, target } = config.optimization;
  return evaluator === null ? target : (Object.keys(evaluation?.metrics ?? {})[0] ?? target);
}

async function compare(
  config: Config,
  context: RunPartsContext,
  evaluator: Evaluator,
  older: Candidate,
  newer: Candidate,
  signal: AbortSignal,
): Promise<Comparison> {
  const metric = metricOf(config, older);
  if (config.optimization.decision === "classic") {
    return compactComparison(compareClassic(requireEvaluation(older), requireEvaluation(newer), metric));
  }
  const comparison = await comparePrograms({
    evaluator,
    a: older.code,
    b: newer.code,
    metric,
    rule: evidenceRule(config),
    seed: deriveSeed(context.seed, `candidate ${newer.iteration}`),
    signal,
  });
  return compactComparison(comparison);
}

function confirmer(config: Config, context: RunPartsContext, evaluator: Evaluator) {
  return async (winner: Candidate, signal: AbortSignal): Promise<Comparison> =>
    compactComparison(
      await confirmWinner({
        evaluator,
        metric: metricOf(config, winner),
        rule: evidenceRule(config),
        seed: deriveSeed(context.seed, `confirmation ${winner.iteration}`),
        signal,
        initial: context.initial.code,
        winner: winner.code,
      }),
    );
}

/** The new inputs are the same for every program of a run: they are made once, with the first. */
function holdOut(config: Config, workshop: Workshop, context: RunPartsContext) {
  let heldOut: HeldOut | null = null;
  return async (winner: Candidate, reference: string | null, signal: AbortSignal) => {
    heldOut ??= createHeldOut({
      ...evaluatorOptions({ config, workshop, ...context }),
      reference,
      count: config.optimization.held_out_tests,
      seed: deriveSeed(context.seed, "held-out"),
    });
    const { tests, failed, seed, message } = await heldOut.check(winner.code, signal);
    return { tests, failed, seed, message };
  };
}

function requireEvaluation(candidate: Candidate): Evaluation {
  if (candidate.evaluation === null) throw new Error("a program was compared before it was evaluated");
  return candidate.evaluation;
}
