import { interruptedError, PerfagentError } from "../../errors.ts";
import { createRandom } from "../../lib/random.ts";
import { median } from "../../lib/signed-rank.ts";
import type { Comparison, Criterion, Evaluator, Pass, SamplePair, TestTimes } from "../../types.ts";
import { judge } from "./judge.ts";
import type { EvidenceRule } from "./rule.ts";

export { compareClassic } from "./classic.ts";
export { type Decision, recompute } from "./judge.ts";
export {
  DEFAULT_EVIDENCE_RULE,
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
  readonly question?: Criterion["question"];
  /** Decides the order inside each pair; the same seed gives the same coins. */
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Called after each pair, before the next one runs. */
  readonly onPair?: (pair: SamplePair, count: number) => void;
}

/**
 * Measures two programs in interleaved pairs until the rule has an answer.
 *
 * @returns `incorrect` as soon as a test fails in any pass; `failed` says whose.
 * @throws PerfagentError `backend` when the metric is not measured or the sandbox itself fails, `interrupted` when
 * aborted, and as the evaluator does.
 */
export async function comparePrograms(options: CompareOptions): Promise<Comparison> {
  const { evaluator, metric, rule, signal } = options;
  const coin = createRandom(options.seed);
  const pairs: SamplePair[] = [];
  const passes: { a: Pass; b: Pass }[] = [];
  // An evaluator may know only after a program's first answer which of its metrics are exact.
  const criterion = (): Criterion => ({
    metric,
    minEffect: rule.minEffect,
    maxPairs: rule.maxPairs,
    question: options.question ?? "faster",
    exact: evaluator.exactMetrics?.has(metric) ?? false,
  });
  for (;;) {
    if (signal.aborted) throw interruptedError();
    const first = coin() < 0.5 ? "a" : "b";
    const { a, b } = await measurePair(options, first);
    if (a.sample === null || b.sample === null) return incorrect(a, b, pairs, criterion());
    const pair: SamplePair = { a: a.sample, b: b.sample, first };
    pairs.push(pair);
    passes.push({ a, b });
    options.onPair?.(pair, pairs.length);
    const decision = judge(pairs, criterion());
    if (decision === null) throw notMeasured(metric, pair);
    if (decision !== "continue") {
      return {
        ...decision,
        pairs,
        criterion: criterion(),
        failed: [],
        perTest: perTestTimes(passes),
        failures: [],
      };
    }
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

async function measurePair(options: CompareOptions, first: "a" | "b"): Promise<{ a: Pass; b: Pass }> {
  const { evaluator, signal } = options;
  const [one, other] =
    first === "a"
      ? await evaluator.pair(options.a, options.b, signal)
      : await evaluator.pair(options.b, options.a, signal);
  const ours = [...one.failures, ...other.failures].find(({ status }) => status === "sandbox_error");
  if (ours !== undefined) {
    throw new PerfagentError(
      "backend",
      `Cannot compare the programs: the sandbox failed (${ours.message || "it gave no reason"})`,
      { hint: "Run 'perfagent doctor' to see what works on this machine" },
    );
  }
  return first === "a" ? { a: one, b: other } : { a: other, b: one };
}

function incorrect(a: Pass, b: Pass, pairs: readonly SamplePair[], criterion: Criterion): Comparison {
  const failed: ("a" | "b")[] = [];
  if (a.sample === null) failed.push("a");
  if (b.sample === null) failed.push("b");
  const failures = [...a.failures, ...b.failures];
  const tests = [...new Set(failures.map(({ index }) => index))];
  // An own evaluator names no tests.
  const what = tests.length === 0 ? "" : tests.length === 1 ? ` test ${tests[0]}` : ` ${tests.length} tests`;
  const whose =
    failed.length === 2 ? "both programs" : failed[0] === "a" ? "the older program" : "the newer program";
  return {
    verdict: "incorrect",
    metric: criterion.metric,
    ratio: null,
    interval: null,
    pValue: null,
    pairs,
    criterion,
    reason: `${whose} failed${what} in timed pass ${pairs.length + 1}: a program that fails in any pass is not correct`,
    failed,
    perTest: [],
    failures,
  };
}

function perTestTimes(passes: readonly { readonly a: Pass; readonly b: Pass }[]): TestTimes[] {
  const tests = passes[0]?.a.perTest.length ?? 0;
  const times = (side: "a" | "b", index: number): TestTimes["a"] => ({
    wallNs: medianOrNull(passes.map((pass) => pass[side].perTest[index]?.wallNs ?? null)),
    cpuUs: medianOrNull(passes.map((pass) => pass[side].perTest[index]?.cpuUs ?? null)),
  });
  return Array.from({ length: tests }, (_, index) => ({ a: times("a", index), b: times("b", index) }));
}

function medianOrNull(values: readonly (number | null)[]): number | null {
  const measured = values.filter((value) => value !== null);
  return measured.length === values.length ? median(measured) : null;
}

function notMeasured(metric: string, pair: SamplePair): PerfagentError {
  const known = Object.keys(pair.a).filter((name) => name in pair.b);
  return new PerfagentError(
    "backend",
    `Cannot decide on '${metric}': it was not measured; measured were ${known.join(", ") || "no metrics"}`,
    { hint: "Choose a target that this backend measures, or another backend" },
  );
}
