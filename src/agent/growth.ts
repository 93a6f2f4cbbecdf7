import { studentTQuantile } from "../lib/distributions.ts";

/** How a program's time grows with the size of its input. */
export interface Growth {
  /** e in time ≈ c · sizeᵉ. */
  readonly exponent: number;
  /** Half the width of the exponent's 95 % interval. */
  readonly margin: number;
  /** Tests that the fit rests on. */
  readonly tests: number;
}

/**
 * Fits a power law to times over input sizes, by least squares on logarithms. The smallest time of all counts as
 * start-up and is subtracted; tests that do not take clearly longer say nothing of growth and are left out.
 *
 * @returns Null unless the fit is good: enough tests over a wide enough range of sizes, little scatter, and an exponent
 * known to within {@link WIDEST_MARGIN}.
 */
export function fitGrowth(
  points: readonly { readonly size: number; readonly timeS: number }[],
): Growth | null {
  const startUp = points.reduce((least, { timeS }) => Math.min(least, timeS), Number.POSITIVE_INFINITY);
  const clear = points.filter(({ size, timeS }) => size > 0 && timeS > startUp * CLEARLY_LONGER);
  const n = clear.length;
  if (n < FEWEST_TESTS) return null;
  const xs = clear.map(({ size }) => Math.log(size));
  const ys = clear.map(({ timeS }) => Math.log(timeS - startUp));
  if (Math.max(...xs) - Math.min(...xs) < Math.log(NARROWEST_RANGE)) return null;

  const meanX = average(xs);
  const meanY = average(ys);
  const sxx = sumOf(xs, (x) => (x - meanX) ** 2);
  const syy = sumOf(ys, (y) => (y - meanY) ** 2);
  const sxy = xs.reduce((sum, x, index) => sum + (x - meanX) * ((ys[index] ?? 0) - meanY), 0);
  const exponent = sxy / sxx;
  const residual = Math.max(0, syy - exponent * sxy);
  const explained = syy > 0 ? 1 - residual / syy : 0;
  const margin = studentTQuantile(0.975, n - 2) * Math.sqrt(residual / (n - 2) / sxx);
  return explained >= LEAST_EXPLAINED && margin <= WIDEST_MARGIN ? { exponent, margin, tests: n } : null;
}

// --- internal ---

/** A test below twice the shortest time is mostly start-up. */
const CLEARLY_LONGER = 2;

/** Below it a straight line through logarithms is found in anything. */
const FEWEST_TESTS = 6;

/** Largest over smallest input size; a narrower range does not tell n from n log n or n². */
const NARROWEST_RANGE = 8;

/** Share of the logarithms' variance that the line must explain (R²). */
const LEAST_EXPLAINED = 0.9;

/** An exponent known less well than this does not tell linear from quadratic with any confidence. */
const WIDEST_MARGIN = 0.3;

function average(values: readonly number[]): number {
  return sumOf(values, (value) => value) / values.length;
}

function sumOf(values: readonly number[], term: (value: number) => number): number {
  return values.reduce((sum, value) => sum + term(value), 0);
}
