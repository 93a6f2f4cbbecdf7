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
 * Share of wall time that a program must compute in its least disturbed pass to count surely as computing all the time:
 * a hog does not take every pass. Below 1 because starting a process is waiting too.
 */
const COMPUTING_SHARE = 0.75;

/**
 * Relative spread of that share (1.48 × median absolute deviation / median) above which other work must have taken the
 * core: a program that waits by itself does so alike in every pass.
 */
const BUSY_MACHINE_SPREAD = 0.1;

/** CPU time above wall time by more than this is more than one thread; below it is two clocks read apart. */
const ONE_THREAD_SHARE = 1.1;

/** One-sided p value below which the programs' waiting counts as different. */
const WAITING_P = 0.02;

/** What a comparison of wall time rests on. */
export type RuntimeBasis =
  | {
      readonly clock: "cpu_time";
      /**
       * True where both programs surely compute all the time on one thread; false where the machine was too busy to
       * tell, and wall time has to be heard too.
       */
      readonly sure: boolean;
    }
  | {
      readonly clock: "runtime";
      readonly why: string;
      /** True when the evidence itself, not the kind of program, spoke against CPU time. */
      readonly doubtful: boolean;
    };

/**
 * Chooses the clock for a comparison of wall time.
 *
 * @param minEffect Relative change of the computing share that matters.
 */
export function runtimeBasis(pairs: readonly SamplePair[], minEffect: number): RuntimeBasis {
  const onWall = (why: string): RuntimeBasis => ({ clock: "runtime", why, doubtful: false });
  const a = computingShares(pairs, "a");
  const b = computingShares(pairs, "b");
  if (a === null || b === null) return onWall("CPU time was not measured");
  if (Math.max(median(a), median(b)) > ONE_THREAD_SHARE) return onWall("a program uses more than one thread");
  const sure = Math.min(Math.max(...a), Math.max(...b)) >= COMPUTING_SHARE;
  const busy = Math.min(relativeSpread(a), relativeSpread(b)) > BUSY_MACHINE_SPREAD;
  if (!sure && !busy) return onWall("a program waits for part of its time");
  const changes = a.map((share, index) => logRatio(share, b[index] ?? 0));
  const { pGreater, pLess } = signedRankTest(changes);
  if (Math.abs(median(changes)) >= minEffect && Math.min(pGreater, pLess) < WAITING_P) {
    return { clock: "runtime", why: "the programs wait for different shares of their time", doubtful: true };
  }
  return { clock: "cpu_time", sure };
}

// --- internal ---

function logRatio(before: number, after: number): number {
  if (before === after) return 0;
  return Math.min(MAX_LOG_RATIO, Math.max(-MAX_LOG_RATIO, Math.log(before / after)));
}

/** CPU time / wall time of each pass; null when one was not measured. */
function computingShares(pairs: readonly SamplePair[], side: "a" | "b"): number[] | null {
  const shares: number[] = [];
  for (const pair of pairs) {
    const { runtime, cpu_time: cpuTime } = pair[side];
    if (runtime === undefined || cpuTime === undefined) return null;
    shares.push(runtime === 0 ? 0 : cpuTime / runtime);
  }
  return shares;
}

function relativeSpread(shares: readonly number[]): number {
  const middle = median(shares);
  return middle === 0 ? 0 : (1.48 * median(shares.map((share) => Math.abs(share - middle)))) / middle;
}
