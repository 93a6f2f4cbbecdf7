/** The original tool's statistics of repeated measurements, for the numbers that are reported. Pure. */
import { studentTQuantile } from "../lib/distributions.ts";
import type { MetricStatistics, Sample } from "../types.ts";

/**
 * Statistics of one metric. Samples outside [Q1 − 1·IQR, Q3 + 1·IQR] are dropped first (quartiles by linear
 * interpolation between order statistics, NumPy's default); the standard deviation is the sample's (n − 1); the
 * trimmed mean leaves out ⌊n · trimRatio⌋ kept samples at each end. With one kept sample the deviation is 0 and the
 * interval is that sample: `n` tells.
 *
 * @param samples At least one number.
 * @param trimRatio From 0 to below 0.5.
 */
export function summarize(samples: readonly number[], trimRatio: number): MetricStatistics {
  const kept = withoutOutliers(samples.toSorted((a, b) => a - b));
  const n = kept.length;
  const mean = average(kept);
  const std = n > 1 ? Math.sqrt(kept.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1)) : 0;
  const margin = n > 1 ? (studentTQuantile(0.975, n - 1) * std) / Math.sqrt(n) : 0;
  const cut = Math.floor(n * trimRatio);
  return {
    n,
    originalN: samples.length,
    mean,
    std,
    min: kept[0] ?? Number.NaN,
    max: kept[n - 1] ?? Number.NaN,
    ci95: [mean - margin, mean + margin],
    trimmedMean: average(kept.slice(cut, n - cut)),
  };
}

/** Statistics of each metric that every pass measured. */
export function summarizeSamples(
  samples: readonly Sample[],
  trimRatio: number,
): Readonly<Record<string, MetricStatistics>> {
  const first = samples[0];
  if (first === undefined) return {};
  const statistics: Record<string, MetricStatistics> = {};
  for (const metric of Object.keys(first)) {
    const values = samples.map((sample) => sample[metric]).filter((value) => value !== undefined);
    if (values.length === samples.length) statistics[metric] = summarize(values, trimRatio);
  }
  return statistics;
}

// --- internal ---

/** Width of the accepted band around the quartiles, in interquartile ranges: the original's, tighter than Tukey's 1.5. */
const OUTLIER_IQRS = 1;

function withoutOutliers(sorted: readonly number[]): readonly number[] {
  const q1 = quantile(sorted, 0.25);
  const q3 = quantile(sorted, 0.75);
  const reach = OUTLIER_IQRS * (q3 - q1);
  return sorted.filter((x) => x >= q1 - reach && x <= q3 + reach);
}

function quantile(sorted: readonly number[], probability: number): number {
  const position = (sorted.length - 1) * probability;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

/** Around the first value, so that equal values have exactly that mean. */
function average(values: readonly number[]): number {
  const first = values[0] ?? Number.NaN;
  return first + values.reduce((sum, x) => sum + (x - first), 0) / values.length;
}
