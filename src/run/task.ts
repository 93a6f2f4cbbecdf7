/** One instance under one configuration: what `run`, `demo` and `batch` all do. */
import type { Config } from "../config/schema.ts";
import { shownConfig } from "../config/shown.ts";
import type { JournalEvent } from "../events.ts";
import { requireLanguage } from "../instance.ts";
import type { Instance, Language, Logger } from "../types.ts";
import { type RunOptions, runInstance } from "./index.ts";
import { chooseInitialCode, type GivenCode, type InitialCode } from "./initial-code.ts";
import type { RunOutcome } from "./outputs.ts";
import { assembleParts, loopSettings } from "./parts.ts";
import type { Workshop } from "./workshop.ts";

export interface TaskOptions {
  readonly config: Config;
  readonly instance: Instance;
  readonly language: Language;
  /** As {@link initialCodeOf} chose it. */
  readonly initial: InitialCode;
  readonly baseDir: string;
  readonly start: RunOptions["start"];
  readonly workshop: Workshop;
  readonly openLog: (path: string) => Logger;
  readonly onEvent?: (event: JournalEvent) => void;
}

/**
 * The program to begin with.
 * @param given A program that is stronger than the configuration's; null when there is none.
 * @throws PerfagentError `instance` when the instance has no runner for the language, and what {@link chooseInitialCode}
 * throws: all that can be refused before anything is opened.
 */
export function initialCodeOf(
  config: Config,
  instance: Instance,
  language: Language,
  given: GivenCode | null,
): InitialCode {
  requireLanguage(instance, language);
  return chooseInitialCode(instance, language, {
    given,
    text: config.overrides.initial_code_text,
    directory: config.overrides.initial_code_dir,
  });
}

/**
 * Optimizes one instance as configured.
 * @throws PerfagentError what {@link runInstance} throws.
 */
export async function runTask(options: TaskOptions, signal: AbortSignal): Promise<RunOutcome> {
  const { config, instance, language, initial, workshop } = options;
  return await runInstance(
    {
      instance,
      language,
      initial,
      target: config.optimization.target,
      modelName: config.model.name,
      settings: loopSettings(config),
      shownConfig: shownConfig(config),
      seed: config.optimization.seed,
      baseDir: options.baseDir,
      logDir: config.logging.log_dir,
      saveTrajectory: config.logging.save_trajectory,
      start: options.start,
      assemble: (context) => assembleParts(config, workshop, context),
      openLog: options.openLog,
      ...(options.onEvent === undefined ? {} : { onEvent: options.onEvent }),
    },
    signal,
  );
}
