/** The decision rule, and the original's, on a series of pairs. */
import { type Decision, recompute } from "../../../src/evaluate/decision/index.ts";
import { summarize } from "../../../src/evaluate/stats.ts";
import { createRandom } from "../../../src/lib/random.ts";
import type { Criterion, SamplePair } from "../../../src/types.ts";

/** Rates over many decisions. */
export interface Rates {
  readonly decisions: number;
  /** Share that calls B faster. */
  readonly faster: number;
  /** Pairs of one decision, on average. */
  readonly meanPairs: number;
}

/**
 * Decides again and again, each time on the pairs that follow the last decision's, as a run would have, until the series
 * ends.
 */
export function decideInTurn(pairs: readonly SamplePair[], criterion: Criterion): Rates {
  const verdicts: Decision["verdict"][] = [];
  let used = 0;
  for (;;) {
    const outcome = recompute(pairs.slice(used, used + criterion.maxPairs), criterion);
    if (outcome === null) break;
    verdicts.push(outcome.decision.verdict);
    used += outcome.pairs;
  }
  return rates(verdicts, used);
}

/** Decides on runs of pairs that begin at random places of the series, which is taken as a ring. */
export function decideAtRandom(
  pairs: readonly SamplePair[],
  criterion: Criterion,
  decisions: number,
  seed: number,
): Rates {
  const random = createRandom(seed);
  const ring = [...pairs, ...pairs.slice(0, criterion.maxPairs)];
  const verdicts: Decision["verdict"][] = [];
  let used = 0;
  for (let done = 0; done < decisions; done++) {
    const start = Math.floor(random() * pairs.length);
    const outcome = recompute(ring.slice(start, start + criterion.maxPairs), criterion);
    if (outcome === null) throw new Error("The series lacks the metric or is shorter than one decision");
    verdicts.push(outcome.decision.verdict);
    used += outcome.pairs;
  }
  return rates(verdicts, used);
}

/**
 * The original's rule on the same samples: five passes of A, then five passes of B, and the smaller trimmed mean wins.
 */
export function decideClassic(pairs: readonly SamplePair[], metric: string): Rates {
  const verdicts: Decision["verdict"][] = [];
  for (let at = 0; at + 2 * CLASSIC_RUNS <= pairs.length; at += 2 * CLASSIC_RUNS) {
    const mean = (side: "a" | "b", from: number): number =>
      summarize(
        pairs.slice(from, from + CLASSIC_RUNS).map((pair) => pair[side][metric] ?? Number.NaN),
        CLASSIC_TRIM,
      ).trimmedMean;
    verdicts.push(mean("b", at + CLASSIC_RUNS) < mean("a", at) ? "faster" : "no_difference");
  }
  return rates(verdicts, verdicts.length * CLASSIC_RUNS);
}

// --- internal ---

/** The original's defaults. */
const CLASSIC_RUNS = 5;
const CLASSIC_TRIM = 0.1;

function rates(verdicts: readonly Decision["verdict"][], pairs: number): Rates {
  const decisions = verdicts.length;
  return {
    decisions,
    faster: verdicts.filter((verdict) => verdict === "faster").length / decisions,
    meanPairs: pairs / decisions,
  };
}
