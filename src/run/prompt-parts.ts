/** What a prompt says of an instance and its measurements, out of the configuration. */
import { analysePerformance, describeMetrics } from "../agent/feedback.ts";
import type { PromptPorts, PromptSettings } from "../agent/prompt.ts";
import type { Config } from "../config/schema.ts";
import { LANGUAGES } from "../languages.ts";
import { shortenMiddle } from "../lib/text.ts";
import { estimateTokens } from "../model/tokens.ts";
import type { Evaluation, Instance, Language, Target } from "../types.ts";

/** Everything of a prompt that stays the same in all rounds. */
export function promptSettings(config: Config, instance: Instance, language: Language): PromptSettings {
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

/**
 * How measurements are put into words.
 * @param profile What a profiler said of the current program; null without one.
 */
export function promptPorts(config: Config, instance: Instance, profile: string | null): PromptPorts {
  const { target, include_other_metrics_in_summary: showAll } = config.optimization;
  return {
    describeMetrics: (evaluation) =>
      describeMetrics(evaluation === null || showAll ? evaluation : onlyMetric(evaluation, target)),
    describeFailure: (evaluation, maxCharacters) => shortenMiddle(evaluation.feedback, maxCharacters),
    analyse: ({ current: { evaluation } }) =>
      evaluation === null
        ? ""
        : analysePerformance({
            evaluation,
            tests: instance.tests,
            target,
            profile,
            maxCharacters: ANALYSIS_CHARACTERS,
          }),
    estimateTokens,
  };
}

// --- internal ---

const TARGET_TITLES: Readonly<Record<Target, string>> = {
  runtime: "running time",
  memory: "peak memory",
  integral: "integral of memory over time",
};

/** A page: more would crowd out the program. */
const ANALYSIS_CHARACTERS = 3000;

function taskDescription(instance: Instance, language: Language): string {
  const title = instance.title === "" ? "" : `Title: ${instance.title}\n\n`;
  const kind =
    instance.type === "io"
      ? "The program is a whole program: it reads standard input and writes standard output."
      : "The program is only the class or function, without input and output: a runner calls it.";
  const starter = instance.starterCode[language];
  const signature =
    starter === undefined
      ? ""
      : `\n\nIt must keep this signature:\n\n<signature>\n${starter.trimEnd()}\n</signature>`;
  return `${title}${instance.description.trim()}\n\n${kind}${signature}`;
}

function defaultImports(language: Language): string {
  const { title, packages } = LANGUAGES[language];
  const extra = packages.length === 0 ? "" : ` and ${packages.map(({ name }) => name).join(", ")}`;
  return `Only the standard library of ${title}${extra} may be used.`;
}

function onlyMetric(evaluation: Evaluation, metric: string): Evaluation {
  const value = evaluation.metrics[metric];
  return { ...evaluation, metrics: value === undefined ? {} : { [metric]: value } };
}
