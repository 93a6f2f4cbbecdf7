/** What a batch would cost, found out without asking, running or writing anything. */
import { existsSync } from "node:fs";
import type { Config } from "../config/schema.ts";
import { messageOf, PerfagentError } from "../errors.ts";
import { parseInstance } from "../instance.ts";
import { estimateSpending, type SpendingEstimate } from "../model/estimate.ts";
import { type Price, priceOf } from "../model/pricing.ts";
import { estimateTokens } from "../model/tokens.ts";
import { foldRun } from "../record/fold.ts";
import { readJournal } from "../record/journal.ts";
import { firstPrompt } from "../run/first-prompt.ts";
import { pricingOf } from "../run/model-options.ts";
import { runPaths } from "../run/paths.ts";
import { initialCodeOf } from "../run/task.ts";
import { type BatchTask, readTask, sourceName } from "./tasks.ts";

export interface EstimateOptions {
  readonly tasks: readonly BatchTask[];
  readonly configOf: (task: BatchTask) => Promise<Config>;
  readonly baseDirOf: (task: BatchTask) => string;
  /** Rounds that the journals already hold are not counted. */
  readonly isResumed: boolean;
}

export interface BatchEstimate {
  /** Instances in the figures. */
  readonly instances: number;
  /** As usual answers go. */
  readonly expected: SpendingEstimate;
  /** Every prompt and every answer as long as is allowed. */
  readonly most: SpendingEstimate;
  /** Models without a price in the configuration: with one of them the cost is unknown. */
  readonly unpriced: readonly string[];
  /** Instances that would fail before their first call. */
  readonly unusable: readonly { readonly task: string; readonly message: string }[];
}

export async function estimateBatch(options: EstimateOptions): Promise<BatchEstimate> {
  const unusable: { task: string; message: string }[] = [];
  const unpriced = new Set<string>();
  let expected = NOTHING;
  let most = NOTHING;
  for (const task of options.tasks) {
    try {
      const config = await options.configOf(task);
      const price = priceFor(config);
      if (price === null) unpriced.add(config.model.name);
      const estimate = estimateSpending({
        promptTokens: [await promptTokens(task, config)],
        rounds: Math.max(0, config.max_iterations - (options.isResumed ? roundsBefore(task, options) : 0)),
        maxInputTokens: config.model.max_input_tokens,
        maxOutputTokens: config.model.max_output_tokens,
        price,
      });
      expected = sum(expected, estimate.expected);
      most = sum(most, estimate.most);
    } catch (error) {
      if (!(error instanceof PerfagentError)) throw error;
      unusable.push({ task: task.key, message: messageOf(error) });
    }
  }
  return {
    instances: options.tasks.length - unusable.length,
    expected,
    most,
    unpriced: [...unpriced],
    unusable,
  };
}

// --- internal ---

const NOTHING: SpendingEstimate = { calls: 0, promptTokens: 0, completionTokens: 0, costUsd: 0 };

async function promptTokens(task: BatchTask, config: Config): Promise<number> {
  const parsed = parseInstance(await readTask(task), sourceName(task.source));
  const instance = { ...parsed, taskName: task.taskName };
  const initial = initialCodeOf(config, instance, task.language, null);
  const messages = firstPrompt(config, instance, task.language, initial);
  return messages.reduce((tokens, { content }) => tokens + estimateTokens(content), 0);
}

function roundsBefore(task: BatchTask, { baseDirOf }: EstimateOptions): number {
  const { journal } = runPaths(baseDirOf(task), task.taskName, null);
  if (!existsSync(journal)) return 0;
  return foldRun(readJournal(journal).events)?.rounds.length ?? 0;
}

/** By the name as it was given, or by the model's own name behind a preset: "preset/name". */
function priceFor(config: Config): Price | null {
  const { name } = config.model;
  // Recorded answers cost nothing.
  if (name.startsWith("replay:")) return { input: 0, output: 0 };
  return priceOf(pricingOf(config), [name, name.slice(name.indexOf("/") + 1)]);
}

/** A cost that is unknown for one instance is unknown for all. */
function sum(a: SpendingEstimate, b: SpendingEstimate): SpendingEstimate {
  return {
    calls: a.calls + b.calls,
    promptTokens: a.promptTokens + b.promptTokens,
    completionTokens: a.completionTokens + b.completionTokens,
    costUsd: a.costUsd === null || b.costUsd === null ? null : a.costUsd + b.costUsd,
  };
}
