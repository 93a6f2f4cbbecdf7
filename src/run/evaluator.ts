/** The evaluator that a configuration asks for. */
import type { Config } from "../config/schema.ts";
import { createEvaluator, type EvaluatorOptions } from "../evaluate/index.ts";
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
  const options = evaluatorOptions(request);
  const own = request.config.optimization.evaluator;
  if (own === null) return await createEvaluator(options);
  const { instance, language, sandbox, trimRatio, logger, outputBytes } = options;
  return await createOwnEvaluator(own, {
    instance,
    language,
    sandbox,
    trimRatio,
    logger,
    limits: {
      timeLimitMs: options.timeLimitMs ?? instance.timeLimitMs,
      memoryLimitBytes: options.memoryLimitBytes ?? instance.memoryLimitBytes,
      outputBytes,
    },
    baseDir: request.workshop.workingDirectory,
    env: request.workshop.environment,
  });
}

/** The built-in evaluator's options, as configured. */
export function evaluatorOptions(request: EvaluatorRequest): EvaluatorOptions {
  const { config, instance, language, workshop, logger } = request;
  const { runtime } = config;
  return {
    instance,
    language,
    sandbox: workshop.sandbox,
    checkerSandbox: workshop.checkerSandbox,
    ...configuredLimits(config),
    timeLimitFactor: runtime.time_limit_factor,
    trimRatio: runtime.trim_ratio,
    logger,
  };
}

/** The limits of one test as configured; null takes the instance's. */
export function configuredLimits(
  config: Config,
): Pick<EvaluatorOptions, "timeLimitMs" | "memoryLimitBytes" | "outputBytes"> {
  const { time_limit: timeLimitS, memory_limit: memoryLimitMb, output_limit: outputLimitMb } = config.runtime;
  return {
    timeLimitMs: timeLimitS === null ? null : timeLimitS * 1000,
    memoryLimitBytes: memoryLimitMb === null ? null : memoryLimitMb * BYTES_PER_MB,
    outputBytes: outputLimitMb * BYTES_PER_MB,
  };
}

// --- internal ---

/** The configuration's megabyte. */
const BYTES_PER_MB = 1e6;
