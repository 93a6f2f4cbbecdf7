/** The evaluator that a configuration asks for. */
import type { Config } from "../config/schema.ts";
import { createEvaluator } from "../evaluate/index.ts";
import { createOwnEvaluator } from "../evaluate/own.ts";
import type { Evaluator, Instance, Language, Logger } from "../types.ts";
import type { Workshop } from "./workshop.ts";

export interface EvaluatorRequest {
  readonly config: Config;
  readonly instance: Instance;
  readonly language: Language;
  readonly workshop: Workshop;
  readonly logger: Logger;
}

/**
 * Opens the configured evaluator for one instance and language: the built-in one, or the user's own.
 * @throws PerfagentError as `createEvaluator` and `createOwnEvaluator` do.
 */
export async function openEvaluator(request: EvaluatorRequest): Promise<Evaluator> {
  const { config, instance, language, workshop, logger } = request;
  const { runtime, optimization } = config;
  const shared = { instance, language, sandbox: workshop.sandbox, trimRatio: runtime.trim_ratio, logger };
  const timeLimitMs = runtime.time_limit === null ? null : runtime.time_limit * 1000;
  const memoryLimitBytes = runtime.memory_limit === null ? null : runtime.memory_limit * BYTES_PER_MB;
  const outputBytes = runtime.output_limit * BYTES_PER_MB;
  if (optimization.evaluator === null) {
    return await createEvaluator({
      ...shared,
      checkerSandbox: workshop.checkerSandbox,
      timeLimitMs,
      memoryLimitBytes,
      timeLimitFactor: runtime.time_limit_factor,
      outputBytes,
    });
  }
  return await createOwnEvaluator(optimization.evaluator, {
    ...shared,
    limits: {
      timeLimitMs: timeLimitMs ?? instance.timeLimitMs,
      memoryLimitBytes: memoryLimitBytes ?? instance.memoryLimitBytes,
      outputBytes,
    },
    baseDir: workshop.workingDirectory,
    env: workshop.environment,
  });
}

// --- internal ---

/** The configuration's megabyte. */
const BYTES_PER_MB = 1e6;
