import { median, signedRankTest } from "../../lib/signed-rank.ts";
import type { Comparison, Criterion, SamplePair } from "../../types.ts";
import { gainsOf, runtimeBasis } from "./basis.ts";
import { type Look, look, lookSchedule } from "./rule.ts";

/** A decision, apart from the pairs that it rests on. */
export type Decision = Pick<Comparison, "verdict" | "metric" | "ratio" | "interval" | "pValue" | "reason">;

/**
 * Judges pairs as they are, at exactly this number of pairs.
 *
 * @returns "continue" when more pairs are wanted, `null` when a pair lacks the metric.
 */
export function judge(pairs: readonly SamplePair[], criterion: Criterion): Decision | "continue" | null {
  const gains = gainsOf(pairs, criterion.metric);
  if (gains === null) return null;
  if (gains.length === 0) return "continue";
  if (criterion.exact) return judgeExact(gains, criterion);
  if (criterion.metric === "memory" && pairs.length === STEADY_PAIRS)
    return judgeSteady(pairs, gains, criterion);
  if (!lookSchedule(criterion.maxPairs).includes(pairs.length)) return "continue";
  if (criterion.metric === "runtime") return judgeRuntime(pairs, gains, criterion);
  return describe(look(gains, criterion), criterion.metric, pairs.length, criterion);
}

/**
 * Repeats a decision from its stored pairs: looks at 1, 2, 3 … of them as the comparison did when it ran.
 *
 * @returns The decision and the number of pairs that it took; null when the pairs end before a decision or lack the
 * metric.
 */
export function recompute(
  pairs: readonly SamplePair[],
  criterion: Criterion,
): { readonly decision: Decision; readonly pairs: number } | null {
  for (let count = 1; count <= pairs.length; count++) {
    const decision = judge(pairs.slice(0, count), criterion);
    if (decision === null) return null;
    if (decision !== "continue") return { decision, pairs: count };
  }
  return null;
}

// --- internal ---

/**
 * Pairs after which memory may be decided early. Peaks vary by 0.1 to 0.6 % between passes, so most decisions need no
 * more. If the peak jumped between two levels by chance, six peaks of A on the upper one and six of B on the lower one
 * happen with a probability of at most (1/4)⁶ = 0.00024. Six is also the least for a 95 % interval.
 */
const STEADY_PAIRS = 6;

/** Largest spread (maximum / minimum − 1) of one program's peaks for the early decision. */
const STEADY_SPREAD = 0.01;

function judgeExact(gains: readonly number[], { metric, minEffect }: Criterion): Decision {
  const gain = gains[0] ?? 0;
  const ratio = Math.exp(gain);
  const share = 1 - Math.exp(-Math.abs(gain));
  const verdict = share === 0 || share < minEffect ? "no_difference" : gain > 0 ? "faster" : "slower";
  return {
    verdict,
    metric,
    ratio,
    interval: [ratio, ratio],
    pValue: null,
    reason: `${metric} is exact: it ${changeOf(1 - Math.exp(-gain))}${
      verdict === "no_difference" ? `, less than the minimum effect of ${percent(minEffect)}` : ""
    }`,
  };
}

function judgeSteady(
  pairs: readonly SamplePair[],
  gains: readonly number[],
  criterion: Criterion,
): Decision | "continue" {
  const { metric, minEffect } = criterion;
  const a = pairs.map((pair) => pair.a[metric] ?? 0);
  const b = pairs.map((pair) => pair.b[metric] ?? 0);
  if (spread(a) > STEADY_SPREAD || spread(b) > STEADY_SPREAD) return "continue";
  const seen = look(gains, criterion);
  const apart = Math.abs(seen.medianGain) >= minEffect;
  const separate = Math.min(...a) > Math.max(...b) || Math.min(...b) > Math.max(...a);
  const verdict = !apart || !separate ? "no_difference" : seen.medianGain > 0 ? "faster" : "slower";
  return describe({ ...seen, verdict }, metric, pairs.length, criterion);
}

function spread(values: readonly number[]): number {
  const least = Math.min(...values);
  return least > 0 ? Math.max(...values) / least - 1 : Math.max(...values) > 0 ? Number.POSITIVE_INFINITY : 0;
}

/**
 * How the bound on false answers is shared out when two clocks may speak: three quarters to CPU time, one quarter to
 * wall time where the evidence spoke against CPU time. Their sum is one look's bound, so two tests cost no false answers.
 */
const CPU_SHARE = 0.75;
const DOUBTFUL_WALL_SHARE = 0.25;

/** Decides wall time on CPU time where that is the same thing, and says so. */
function judgeRuntime(
  pairs: readonly SamplePair[],
  wallGains: readonly number[],
  criterion: Criterion,
): Decision | "continue" {
  const onWall = (why: string, doubtful: boolean): Decision | "continue" => {
    const seen = look(wallGains, criterion, doubtful ? DOUBTFUL_WALL_SHARE : 1);
    // A doubt is settled by more pairs, not by giving up.
    if (doubtful && seen.verdict === "no_difference" && pairs.length < criterion.maxPairs) return "continue";
    return describe(seen, "runtime", pairs.length, criterion, `; decided on wall time: ${why}`);
  };
  const basis = runtimeBasis(pairs, criterion.minEffect);
  if (basis.clock === "runtime") return onWall(basis.why, basis.doubtful);
  const seen = look(gainsOf(pairs, "cpu_time") ?? [], criterion, CPU_SHARE);
  const differs = seen.verdict === "faster" || seen.verdict === "slower";
  if (differs && Math.sign(median(wallGains)) !== Math.sign(seen.medianGain)) {
    return onWall("CPU time and wall time differ in direction", true);
  }
  if (basis.sure) {
    return describe(
      seen,
      "cpu_time",
      pairs.length,
      criterion,
      "; decided on CPU time: the programs compute all the time on one thread",
    );
  }
  if (seen.verdict === "no_difference") {
    if (pairs.length >= criterion.maxPairs) return onWall("the machine was busy in every pass", true);
    // What CPU time does not show may be a change of waiting: wall time must not hint at one.
    const { pGreater, pLess } = signedRankTest(wallGains);
    if (pGreater < HINT_P || (criterion.question === "either" && pLess < HINT_P)) return "continue";
  }
  return describe(
    seen,
    "cpu_time",
    pairs.length,
    criterion,
    "; decided on CPU time: the machine was busy in every pass, and wall time agrees",
  );
}

/** One-sided p value of wall time that is a hint, far from a proof. */
const HINT_P = 0.2;

function describe(
  seen: Look,
  metric: string,
  pairs: number,
  criterion: Criterion,
  because = "",
): Decision | "continue" {
  if (seen.verdict === "continue") return "continue";
  return {
    verdict: seen.verdict,
    metric,
    ratio: seen.ratio,
    interval: seen.interval,
    pValue: seen.pValue,
    reason: `${reasonOf(seen, metric, pairs, criterion)}${because}`,
  };
}

function reasonOf(seen: Look, metric: string, pairs: number, { minEffect, maxPairs }: Criterion): string {
  const change = `the median ${metric} ${changeOf(seen.medianGain)}`;
  const { ratio, interval, pValue } = seen;
  const bounds = interval === null ? "" : `, 95 % interval ${short(interval[0])} to ${short(interval[1])}`;
  const evidence = `old / new = ${short(ratio)}${bounds}, ${pairs} pairs, p = ${pValue.toPrecision(2)}`;
  if (seen.verdict !== "no_difference") return `${change} (${evidence})`;
  return pairs >= maxPairs
    ? `no proof of a gain of ${percent(minEffect)} or more: ${change} (${evidence})`
    : `no worthwhile gain: ${change}, the minimum effect is ${percent(minEffect)} (${evidence})`;
}

function changeOf(gain: number): string {
  if (gain === 0) return "is the same";
  return gain > 0 ? `falls by ${percent(gain)}` : `rises by ${percent(-gain)}`;
}

function short(ratio: number): string {
  return String(Number(ratio.toPrecision(4)));
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}
