/**
 * Measures the human solutions that come with an instance: the yardstick of the scores. They are run, timed and thrown
 * away; no prompt and no test of another program ever sees them.
 */
import { PerfagentError } from "../errors.ts";
import { sha256 } from "../lib/hash.ts";
import type { Evaluation, Evaluator, Instance, Language } from "../types.ts";
import { readCached, writeCached } from "./canonical-cache.ts";
import type {
  CanonicalCircumstances,
  CanonicalMeasurement,
  HumanMeasurement,
} from "./canonical-measurement.ts";
import { canonicalCosts } from "./score.ts";

export interface CanonicalOptions extends CanonicalCircumstances {
  readonly instance: Instance;
  readonly language: Language;
  readonly evaluator: Evaluator;
  /** Passes over the tests that the numbers come from. */
  readonly timedPasses: number;
  /** What else decides the numbers (limits, trim ratio), as text: a part of the cache's key. */
  readonly settings: string;
  /** Folder that measurements are kept in, or null to keep none. */
  readonly cacheDir: string | null;
}

/**
 * Measures an instance's fastest and leanest human programs in a language, or finds their measurement in the cache.
 * A measurement in which a human program failed is not cached: the failure may be this moment's.
 *
 * @returns The measurement and whether it was cached.
 * @throws PerfagentError `instance` when there is no human solution in the language, else as the evaluator does.
 */
export async function measureCanonical(
  options: CanonicalOptions,
  signal: AbortSignal,
): Promise<{ readonly measurement: CanonicalMeasurement; readonly cached: boolean }> {
  const solution = options.instance.solutions[options.language];
  if (solution === undefined) {
    const { instance, language } = options;
    throw new PerfagentError(
      "instance",
      `There is no human solution of '${instance.taskName}' in ${language}`,
    );
  }
  const key = cacheKey(options);
  const known = options.cacheDir === null ? null : readCached(options.cacheDir, key);
  if (known !== null) return { measurement: known, cached: true };
  const measure = async (code: string) =>
    options.evaluator.evaluate(code, { timedPasses: options.timedPasses }, signal);
  const fastest = await measure(solution.runtimeCanonical);
  // In many instances one program is both.
  const leanest =
    solution.memoryCanonical === solution.runtimeCanonical
      ? fastest
      : await measure(solution.memoryCanonical);
  const runtimeCanonical = measurementOf(fastest);
  const memoryCanonical = measurementOf(leanest);
  const measurement: CanonicalMeasurement = {
    instanceId: options.instance.taskName,
    language: options.language,
    costs: canonicalCosts(
      { passed: runtimeCanonical.passed, costs: runtimeCanonical },
      { passed: memoryCanonical.passed, costs: memoryCanonical },
    ),
    runtimeCanonical,
    memoryCanonical,
    runs: Math.min(fastest.runs, leanest.runs),
    cpu: options.cpu,
    kernel: options.kernel,
    toolchain: options.toolchain,
    isolation: options.isolation,
    measurement: options.measurement,
    measuredAt: new Date().toISOString(),
  };
  if (options.cacheDir !== null && fastest.passed && leanest.passed) {
    writeCached(options.cacheDir, key, measurement);
  }
  return { measurement, cached: false };
}

/** What `eval --canonical` prints: one entry per language. Pure. */
export function canonicalDocument(
  instanceId: string,
  measured: readonly { readonly measurement: CanonicalMeasurement; readonly cached: boolean }[],
): Readonly<Record<string, unknown>> {
  return {
    instance_id: instanceId,
    canonical: Object.fromEntries(
      measured.map(({ measurement, cached }) => [
        measurement.language,
        languageDocument(measurement, cached),
      ]),
    ),
  };
}

// --- internal ---

/** Raised when the meaning of a cached measurement changes. */
const CACHE_FORMAT = 1;

function cacheKey(options: CanonicalOptions): string {
  return sha256(
    JSON.stringify([
      CACHE_FORMAT,
      options.instance.taskName,
      options.instance.sha256,
      options.language,
      options.cpu,
      options.kernel,
      options.toolchain,
      options.isolation,
      options.measurement,
      options.timedPasses,
      options.settings,
    ]),
  );
}

function measurementOf(evaluation: Evaluation): HumanMeasurement {
  const { runtime = null, memory = null, integral = null } = evaluation.metrics;
  return { passed: evaluation.passed, passRate: evaluation.passRate, runtime, memory, integral };
}

function languageDocument(measurement: CanonicalMeasurement, cached: boolean) {
  const human = ({ passed, passRate, runtime, memory, integral }: HumanMeasurement) => ({
    passed,
    pass_rate: passRate,
    runtime,
    memory,
    integral,
  });
  return {
    ...measurement.costs,
    runtime_canonical: human(measurement.runtimeCanonical),
    memory_canonical: human(measurement.memoryCanonical),
    runs: measurement.runs,
    machine: { cpu: measurement.cpu, kernel: measurement.kernel },
    toolchain: measurement.toolchain,
    isolation: measurement.isolation,
    measurement: measurement.measurement,
    measured_at: measurement.measuredAt,
    cached,
  };
}
