import { estimateCentre, median, type SignedRankTest, signedRankTest } from "../../lib/signed-rank.ts";
import type { Comparison, Criterion } from "../../types.ts";

/**
 * The decision rule: is B better than A, from pairs measured next to each other?
 *
 * A pair gives one gain ln(A/B): above zero means that B needs less. Nothing is assumed of the noise but that swapping
 * A and B inside a pair would change only the gain's sign, which is what the coin that orders each pair makes true.
 * Everything here is pure: the same gains give the same answer, today or from a stored file.
 */

export interface EvidenceRule {
  /** Least share of A's cost that B must save, such as 0.02; a median gain below it is no improvement. */
  readonly minEffect: number;
  /** Pairs after which the answer is "no difference"; 10 to 500. */
  readonly maxPairs: number;
}

export const DEFAULT_EVIDENCE_RULE: EvidenceRule = { minEffect: 0.02, maxPairs: 60 };

/** Fewest pairs whose exact p value can be below {@link ACCEPT_P}: 2⁻¹⁰ = 0.00098. */
export const MIN_PAIRS = 10;

/** Most pairs a rule may ask for: beyond it the exact test takes longer than most programs. */
export const MAX_PAIRS = 500;

/** One look's bound on a false answer. Six looks × 0.0016 keep the whole comparison below 1 %, whatever the noise. */
export const ACCEPT_P = 0.0016;

/** Bound on giving up although an effect of twice the minimum is there, per look. */
export const FUTILITY_P = 0.02;

/** Confidence of the reported interval. */
export const CONFIDENCE = 0.95;

/** Pairs after which the evidence is looked at; each look is about √2 times the one before. */
const LOOKS = [10, 14, 20, 28, 40, 60];

/** What the gains say at one look. */
export interface Look {
  readonly verdict: Exclude<Comparison["verdict"], "incorrect"> | "continue";
  /** A / B by the Hodges–Lehmann estimate. */
  readonly ratio: number;
  /** By inversion of the signed-rank test, at the time of stopping; null for fewer than six pairs. */
  readonly interval: readonly [number, number] | null;
  /** One-sided, of the direction that the median gain has. */
  readonly pValue: number;
  /** Median gain as a share of A's cost; below zero when B needs more. */
  readonly medianGain: number;
}

/**
 * The pair counts after which a comparison is looked at, the last one being the rule's maximum. Beyond 60 pairs looks
 * go on by factors of √2.
 */
export function lookSchedule(maxPairs: number): number[] {
  const schedule = LOOKS.filter((count) => count < maxPairs);
  for (let count = 84; count < maxPairs; count = Math.round(count * Math.SQRT2)) schedule.push(count);
  return [...schedule, maxPairs];
}

/**
 * Judges the gains of all pairs so far.
 *
 * @param gains ln(A/B) of each pair, finite, at least one.
 * @param share Part of one look's bound on false answers that this test may use up; below 1 where two tests share it.
 */
export function look(gains: readonly number[], criterion: Criterion, share = 1): Look {
  const test = signedRankTest(gains);
  const middle = median(gains);
  const estimate = estimateCentre(gains, CONFIDENCE);
  const summary = {
    ratio: Math.exp(estimate.centre),
    interval:
      estimate.interval === null
        ? null
        : ([Math.exp(estimate.interval[0]), Math.exp(estimate.interval[1])] as const),
    pValue: middle >= 0 ? test.pGreater : test.pLess,
    medianGain: 1 - Math.exp(-middle),
  };
  const acceptP = acceptanceLevel(criterion.maxPairs) * share;
  return { verdict: verdictOf(gains, middle, test, criterion, acceptP), ...summary };
}

// --- internal ---

function verdictOf(
  gains: readonly number[],
  middle: number,
  { pGreater, pLess }: SignedRankTest,
  { minEffect, maxPairs, question }: Criterion,
  acceptP: number,
): Look["verdict"] {
  const last = gains.length >= maxPairs;
  // A share e of the cost saved is a gain of −ln(1 − e); a loss is the same with A and B swapped.
  const least = -Math.log1p(-minEffect);
  if (pGreater < acceptP && middle >= least) return "faster";
  if (pLess < acceptP && -middle >= least) return "slower";
  if (last) return "no_difference";

  const worthwhile = -Math.log1p(-Math.min(2 * minEffect, MAX_EFFECT));
  const gainRuledOut = signedRankTest(gains.map((gain) => gain - worthwhile)).pLess < FUTILITY_P;
  if (!gainRuledOut) return "continue";
  if (question === "faster") return "no_difference";
  const lossRuledOut = signedRankTest(gains.map((gain) => gain + worthwhile)).pGreater < FUTILITY_P;
  return lossRuledOut ? "no_difference" : "continue";
}

/** Nothing can save its whole cost; keeps the logarithm finite for a minimum effect of one half or more. */
const MAX_EFFECT = 0.99;

/** {@link ACCEPT_P}, or less where a longer schedule has more looks to share the 1 % among. */
function acceptanceLevel(maxPairs: number): number {
  return (ACCEPT_P * LOOKS.length) / Math.max(LOOKS.length, lookSchedule(maxPairs).length);
}
