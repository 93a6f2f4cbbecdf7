/** What one run of a program may use. Pure. */
import { LANGUAGES } from "../languages.ts";
import type { Instance, Language, Limits } from "../types.ts";

/** Wall time of a test when neither the user nor the instance gives one: EffiBench-X judges slower runs as failed. */
export const DEFAULT_TIME_LIMIT_MS = 10_000;

/** Memory of a test when neither the user nor the instance gives one. */
export const DEFAULT_MEMORY_LIMIT_BYTES = 2 ** 30;

export interface LimitOptions {
  /** The user's limit, taken as it is; null for the instance's. */
  readonly timeLimitMs: number | null;
  /** The user's limit; null for the instance's. */
  readonly memoryLimitBytes: number | null;
  /** Multiplies the instance's time limit; null for the language's factor. */
  readonly timeLimitFactor: number | null;
  readonly outputBytes: number;
}

/** The user's limits, else the instance's (its time limit scaled for the language), else the defaults. */
export function limitsFor(instance: Instance, language: Language, options: LimitOptions): Limits {
  const factor = options.timeLimitFactor ?? LANGUAGES[language].timeLimitFactor;
  const instanceMs = instance.timeLimitMs === null ? null : instance.timeLimitMs * factor;
  return {
    wallMs: options.timeLimitMs ?? instanceMs ?? DEFAULT_TIME_LIMIT_MS,
    memoryBytes: options.memoryLimitBytes ?? instance.memoryLimitBytes ?? DEFAULT_MEMORY_LIMIT_BYTES,
    outputBytes: options.outputBytes,
  };
}
