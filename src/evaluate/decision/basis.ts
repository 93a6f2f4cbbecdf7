import { median, signedRankTest } from "../../lib/signed-rank.ts";
import type { SamplePair } from "../../types.ts";

/**
 * Which of two clocks a wall-time comparison may be decided on. CPU time varies several times less on a shared machine,
 * but says nothing of waiting; it stands for wall time only where the program computes all the time on one thread.
 */

/** ln(A/B) is kept within a factor of a million, so that a cost of zero has a finite logarithm. */
const MAX_LOG_RATIO = Math.log(1e6);

/**
 * ln(A/B) of one metric for every pair; null when a pair lacks the metric.
 */
export function gainsOf(pairs: readonly SamplePair[], metric: string): number[] | null {
  const gains: number[] = [];
  for (const { a, b } of pairs) {
    const before = a[metric];
    const after = b[metric];
    if (before === undefined || after === undefined) return null;
    gains.push(logRatio(before, after));
  }
  return gains;
}

/**
 * Share of wall time that a program must compute in its least disturbed pass to count as computing all the time. The
 * least disturbed pass tells a program that waits from one whose core was taken: a hog does not take every pass.
 * Below 1 because starting a process is waiting too.
 */
const COMPUTING_SHARE = 0.75;

/** CPU time above wall time by more than this is more than one thread; below it is two clocks read apart. */
const ONE_THREAD_SHARE = 1.1;

/** One-sided p value below which the time that the programs wait counts as different. */
const WAITING_P = 0.02;

/**
 * Why wall time must be decided on wall time itself; null when CPU time may stand for it.
 *
 * @param minEffect Share of the wall time that a change of waiting must reach to matter.
 */
export function reasonForWallTime(pairs: readonly SamplePair[], minEffect: number): string | null {
  for (const side of ["a", "b"] as const) {
    const shares: number[] = [];
    for (const pair of pairs) {
      const { runtime, cpu_time: cpuTime } = pair[side];
      if (runtime === undefined || cpuTime === undefined) return "CPU time was not measured";
      shares.push(runtime === 0 ? 0 : cpuTime / runtime);
    }
    if (median(shares) > ONE_THREAD_SHARE) return "a program uses more than one thread";
    if (Math.max(...shares) < COMPUTING_SHARE) return "a program waits for part of its time";
  }
  return waitingChanged(pairs, minEffect) ? "the programs wait for different times" : null;
}

// --- internal ---

function logRatio(before: number, after: number): number {
  if (before === after) return 0;
  return Math.min(MAX_LOG_RATIO, Math.max(-MAX_LOG_RATIO, Math.log(before / after)));
}

/** True when wall minus CPU time differs by evidence and by a share of the wall time that matters. */
function waitingChanged(pairs: readonly SamplePair[], minEffect: number): boolean {
  const differences: number[] = [];
  const walls: number[] = [];
  for (const { a, b } of pairs) {
    differences.push(waiting(a.runtime, a.cpu_time) - waiting(b.runtime, b.cpu_time));
    walls.push(a.runtime ?? 0);
  }
  if (Math.abs(median(differences)) < minEffect * median(walls)) return false;
  const { pGreater, pLess } = signedRankTest(differences);
  return Math.min(pGreater, pLess) < WAITING_P;
}

function waiting(wall: number | undefined, cpu: number | undefined): number {
  return (wall ?? 0) - (cpu ?? 0);
}
