import { interruptedError, PerfagentError } from "../../errors.ts";
import { createRandom } from "../../lib/random.ts";
import type { Comparison, Evaluator, Pass, Sample, SamplePair, TestResult } from "../../types.ts";
import { type Criterion, judge } from "./judge.ts";
import type { EvidenceRule, Question } from "./rule.ts";

export { compareClassic } from "./classic.ts";
export { type Criterion, type Decision, recompute } from "./judge.ts";
export {
  type ClassicRule,
  DEFAULT_EVIDENCE_RULE,
  type DecisionRule,
  type EvidenceRule,
  MAX_PAIRS,
  MIN_PAIRS,
} from "./rule.ts";

export interface CompareOptions {
  readonly evaluator: Evaluator;
  /** The older program; it was evaluated and passed. */
  readonly a: string;
  /** The newer program; it was evaluated and passed. */
  readonly b: string;
  /** `runtime`, `cpu_time`, `memory`, `integral`, or a metric that an own evaluator names. */
  readonly metric: string;
  readonly rule: EvidenceRule;
  /** @default "faster" */
  readonly question?: Question;
  /** Decides the order inside each pair; the same seed gives the same coins. */
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Called after each pair, before the next one runs. */
  readonly onPair?: (pair: SamplePair, count: number) => void;
}

/**
 * Measures two programs in interleaved pairs until the rule has an answer.
 *
 * A pair of programs whose pass takes less than {@link LEAST_WORK_S} is measured by several passes each, A and B still
 * next to each other; its samples are means over these passes.
 *
 * @returns `incorrect` as soon as a test fails in any pass; `failed` says whose.
 * @throws PerfagentError `backend` when the metric is not measured or the sandbox itself keeps failing, `interrupted`
 * when aborted.
 */
export async function comparePrograms(options: CompareOptions): Promise<Comparison> {
  const { evaluator, metric } = options;
  const coin = createRandom(options.seed);
  const pairs: SamplePair[] = [];
  const criterion: Criterion = {
    metric,
    rule: options.rule,
    question: options.question ?? "faster",
    exact: evaluator.exactMetrics?.has(metric) ?? false,
  };
  let passesPerPair = 1;
  for (;;) {
    const unit = await measureUnit(options, coin, passesPerPair);
    if ("failures" in unit) return incorrect(unit.failed, unit.failures, pairs, metric);
    // The first pair tells how many passes make a pair; it is measured again so that all pairs are alike.
    if (pairs.length === 0 && passesPerPair === 1 && isTimed(metric)) {
      passesPerPair = passesFor(unit.pair);
      if (passesPerPair > 1) continue;
    }
    pairs.push(unit.pair);
    options.onPair?.(unit.pair, pairs.length);
    const decision = judge(pairs, criterion);
    if (decision === null) throw notMeasured(metric, unit.pair);
    if (decision !== "continue") return { ...decision, pairs, failed: [], failures: [] };
  }
}

/**
 * Measures the final winner against the initial program on fresh pairs. The pairs that chose a winner flatter it, so
 * the reported ratio and interval are this comparison's, and a speed-up is claimed only when its verdict is "faster".
 *
 * @param options `seed` must be one that no earlier comparison used (`deriveSeed(seed, "confirmation")`).
 * @throws As {@link comparePrograms}.
 */
export async function confirmWinner(
  options: Omit<CompareOptions, "a" | "b" | "question"> & {
    readonly initial: string;
    readonly winner: string;
  },
): Promise<Comparison> {
  const { initial, winner, ...rest } = options;
  const comparison = await comparePrograms({ ...rest, a: initial, b: winner, question: "faster" });
  return { ...comparison, reason: `on fresh pairs against the initial program: ${comparison.reason}` };
}

// --- internal ---

/** Work that a pair holds per program, in seconds of wall time: below it start-up and timer effects take over. */
const LEAST_WORK_S = 0.1;

/** Bound on the passes of one program in one pair, so that an empty program is not run without end. */
const MOST_PASSES_PER_PAIR = 32;

/** How often a pair is tried again when the sandbox failed, not the program. */
const SANDBOX_RETRIES = 2;

type Unit =
  | { readonly pair: SamplePair }
  | { readonly failed: readonly ("a" | "b")[]; readonly failures: readonly TestResult[] };

async function measureUnit(options: CompareOptions, coin: () => number, passes: number): Promise<Unit> {
  const samples: Record<"a" | "b", Sample[]> = { a: [], b: [] };
  const first = coin() < 0.5 ? "a" : "b";
  for (let pass = 0; pass < passes; pass++) {
    const [one, other] = await measurePair(options, first);
    const [a, b] = first === "a" ? [one, other] : [other, one];
    if (a.sample === null || b.sample === null) {
      const failed: ("a" | "b")[] = [];
      if (a.sample === null) failed.push("a");
      if (b.sample === null) failed.push("b");
      return { failed, failures: [...a.failures, ...b.failures] };
    }
    samples.a.push(a.sample);
    samples.b.push(b.sample);
  }
  return { pair: { a: meanSample(samples.a), b: meanSample(samples.b), first } };
}

async function measurePair(options: CompareOptions, first: "a" | "b"): Promise<readonly [Pass, Pass]> {
  const { evaluator, signal } = options;
  for (let attempt = 0; ; attempt++) {
    if (signal.aborted) throw interruptedError();
    const [one, other] =
      first === "a"
        ? await evaluator.pair(options.a, options.b, signal)
        : await evaluator.pair(options.b, options.a, signal);
    if (signal.aborted) throw interruptedError();
    const failures = [...one.failures, ...other.failures];
    const ours = failures.find(({ status }) => status === "sandbox_error" || status === "cancelled");
    if (ours === undefined) return [one, other];
    if (attempt === SANDBOX_RETRIES) {
      throw new PerfagentError(
        "backend",
        `Cannot compare the programs: the sandbox failed ${attempt + 1} times in a row (${ours.message || ours.status})`,
        { hint: "Run 'perfagent doctor' to see what works on this machine" },
      );
    }
  }
}

/** Costs that add up over passes; a mean keeps them per pass. A peak does not add up: its mean is a peak too. */
function meanSample(samples: readonly Sample[]): Sample {
  const [only] = samples;
  if (only === undefined || samples.length === 1) return only ?? {};
  const mean: Record<string, number> = {};
  for (const name of Object.keys(only)) {
    const values = samples.map((sample) => sample[name]).filter((value) => value !== undefined);
    if (values.length === samples.length)
      mean[name] = values.reduce((sum, value) => sum + value, 0) / values.length;
  }
  return mean;
}

/** Metrics whose noise shrinks with more work; a peak's does not, and an own evaluator's work is its own matter. */
function isTimed(metric: string): boolean {
  return metric === "runtime" || metric === "cpu_time" || metric === "integral";
}

function passesFor({ a, b }: SamplePair): number {
  const shorter = Math.min(a.runtime ?? LEAST_WORK_S, b.runtime ?? LEAST_WORK_S);
  if (shorter <= 0) return MOST_PASSES_PER_PAIR;
  return Math.min(MOST_PASSES_PER_PAIR, Math.max(1, Math.ceil(LEAST_WORK_S / shorter)));
}

function incorrect(
  failed: readonly ("a" | "b")[],
  failures: readonly TestResult[],
  pairs: readonly SamplePair[],
  metric: string,
): Comparison {
  const count = failures.length;
  const words = `${count === 1 ? "a test" : `${count} tests`} failed in a timed pass`;
  const whose =
    failed.length === 2 ? "both programs" : failed[0] === "a" ? "the older program" : "the newer program";
  return {
    verdict: "incorrect",
    metric,
    ratio: null,
    interval: null,
    pValue: null,
    pairs,
    reason: `${words}, of ${whose}: a program that fails in any pass is not correct`,
    failed,
    failures,
  };
}

function notMeasured(metric: string, pair: SamplePair): PerfagentError {
  const known = Object.keys(pair.a).filter((name) => name in pair.b);
  return new PerfagentError(
    "backend",
    `Cannot decide on '${metric}': it was not measured; measured were ${known.join(", ") || "no metrics"}`,
    { hint: "Choose a target that this backend measures, or another backend" },
  );
}
