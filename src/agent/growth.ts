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
 * Fits time = start-up + c · sizeᵉ by least squares on logarithms: the start-up time, at most the shortest time of all,
 * is the one that leaves the least scatter. Tests that do not take clearly longer than the shortest say nothing of growth
 * and are left out.
 *
 * @returns Null unless the fit is good: enough tests over a wide enough range of sizes, little scatter, and an exponent
 * known to within {@link WIDEST_MARGIN}.
 */
export function fitGrowth(
  points: readonly { readonly size: number; readonly timeS: number }[],
): Growth | null {
  const shortest = points.reduce((least, { timeS }) => Math.min(least, timeS), Number.POSITIVE_INFINITY);
  const clear = points.filter(({ size, timeS }) => size > 0 && timeS > shortest * CLEARLY_LONGER);
  const n = clear.length;
  if (n < FEWEST_TESTS) return null;
  const xs = clear.map(({ size }) => Math.log(size));
  if (Math.max(...xs) - Math.min(...xs) < Math.log(NARROWEST_RANGE)) return null;

  let best: Line | null = null;
  for (let step = 0; step <= START_UP_STEPS; step++) {
    const startUp = (shortest * step) / START_UP_STEPS;
    const ys = clear.map(({ timeS }) => Math.log(timeS - startUp));
    const line = fitLine(xs, ys);
    if (best === null || line.residual < best.residual) best = line;
  }
  if (best === null || best.explained < LEAST_EXPLAINED) return null;
  // Three parameters were fitted: start-up, factor, exponent.
  const freedom = n - 3;
  const margin = studentTQuantile(0.975, freedom) * Math.sqrt(best.residual / freedom / best.sxx);
  return margin <= WIDEST_MARGIN ? { exponent: best.slope, margin, tests: n } : null;
}

// --- internal ---

/** A test below this multiple of the shortest time is mostly start-up, and the rest is noise. */
const CLEARLY_LONGER = 1.5;

/** Start-up times that are tried, evenly from zero to the shortest time. */
const START_UP_STEPS = 20;

/** Below it a straight line through logarithms is found in anything. */
const FEWEST_TESTS = 6;

/** Largest over smallest input size; a narrower range does not tell n from n log n or n². */
const NARROWEST_RANGE = 8;

/** Share of the logarithms' variance that the line must explain (R²). */
const LEAST_EXPLAINED = 0.9;

/** An exponent known less well than this does not tell linear from quadratic with any confidence. */
const WIDEST_MARGIN = 0.3;

interface Line {
  readonly slope: number;
  /** Sum of squared distances from the line. */
  readonly residual: number;
  /** Share of the variance that the line explains (R²). */
  readonly explained: number;
  /** Sum of squared distances of the x values from their mean. */
  readonly sxx: number;
}

function fitLine(xs: readonly number[], ys: readonly number[]): Line {
  const meanX = average(xs);
  const meanY = average(ys);
  const sxx = sumOf(xs, (x) => (x - meanX) ** 2);
  const syy = sumOf(ys, (y) => (y - meanY) ** 2);
  const sxy = xs.reduce((sum, x, index) => sum + (x - meanX) * ((ys[index] ?? 0) - meanY), 0);
  const slope = sxy / sxx;
  const residual = Math.max(0, syy - slope * sxy);
  return { slope, residual, explained: syy > 0 ? 1 - residual / syy : 0, sxx };
}

function average(values: readonly number[]): number {
  return sumOf(values, (value) => value) / values.length;
}

function sumOf(values: readonly number[], term: (value: number) => number): number {
  return values.reduce((sum, value) => sum + term(value), 0);
}
