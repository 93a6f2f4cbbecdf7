/** One instance under one configuration: what `run`, `demo` and `batch` all do. */
import type { Config } from "../config/schema.ts";
import { shownConfig } from "../config/shown.ts";
import type { JournalEvent } from "../events.ts";
import { requireLanguage } from "../instance.ts";
import type { Instance, Language, Logger } from "../types.ts";
import { type RunOptions, type RunOutcome, runInstance } from "./index.ts";
import { chooseInitialCode, type GivenCode } from "./initial-code.ts";
import { assembleParts, loopSettings } from "./parts.ts";
import type { Workshop } from "./workshop.ts";

export interface TaskOptions {
  readonly config: Config;
  readonly instance: Instance;
  readonly language: Language;
  /** A program to begin with that is stronger than the configuration's; null when there is none. */
  readonly givenCode: GivenCode | null;
  readonly baseDir: string;
  readonly start: RunOptions["start"];
  readonly workshop: Workshop;
  readonly openLog: (path: string) => Logger;
  readonly onEvent?: (event: JournalEvent) => void;
}

/**
 * Optimizes one instance as configured.
 * @throws PerfagentError what {@link runInstance} and {@link chooseInitialCode} throw.
 */
export async function runTask(options: TaskOptions, signal: AbortSignal): Promise<RunOutcome> {
  const { config, instance, language, workshop } = options;
  requireLanguage(instance, language);
  const initial = chooseInitialCode(instance, language, {
    given: options.givenCode,
    text: config.overrides.initial_code_text,
    directory: config.overrides.initial_code_dir,
  });
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
