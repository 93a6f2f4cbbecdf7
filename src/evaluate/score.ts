/**
 * EffiBench-X's scores: how near a program comes to the best human solutions, in percent.
 *
 *     ET = clip(runtime of the runtime-canonical / runtime, 0, 1)
 *     MP = clip(memory of the memory-canonical / memory, 0, 1)
 *     MI = clip(least integral of the two canonicals / integral, 0, 1)
 *
 * per problem and language; a program that fails scores 0. Averaged over problems, then over languages. The cap hides
 * programs that beat the human, so each score is also given without it.
 */
import { createRandom } from "../lib/random.ts";

export const SCORE_NAMES = ["et", "mp", "mi"] as const;
export type ScoreName = (typeof SCORE_NAMES)[number];

/** What a program cost over all tests; null where it was not measured. */
export interface Costs {
  /** Seconds, summed. */
  readonly runtime: number | null;
  /** MB, largest. */
  readonly memory: number | null;
  /** MB·s, summed. */
  readonly integral: number | null;
}

/** One program to score on one problem in one language. */
export interface ScoredProgram {
  readonly problem: string;
  readonly language: string;
  /** False scores 0, whatever else is known. */
  readonly passed: boolean;
  readonly costs: Costs;
  /** The human side: runtime of the fastest, memory of the leanest, least integral of both. Null when unknown. */
  readonly canonical: Costs | null;
}

/** Percent of the human solution; null when one of the two sides was not measured. */
export interface Score {
  /** At most 100: the published definition. */
  readonly capped: number | null;
  /** Above 100 when the program beats the human. */
  readonly uncapped: number | null;
}

export interface ProblemScores extends Readonly<Record<ScoreName, Score>> {
  readonly problem: string;
  readonly language: string;
  readonly passed: boolean;
}

/** A mean over problems with its 95 % bootstrap interval; the interval is null with fewer than two problems. */
export interface Estimate {
  readonly value: number | null;
  readonly interval: readonly [number, number] | null;
}

/** `problems` counts those that have this score. */
export interface MeanScore {
  readonly problems: number;
  readonly capped: Estimate;
  readonly uncapped: Estimate;
}

export interface LanguageScores extends Readonly<Record<ScoreName, MeanScore>> {
  readonly language: string;
  readonly problems: number;
  readonly passed: number;
}

export interface ScoreSummary {
  readonly problems: readonly ProblemScores[];
  readonly languages: readonly LanguageScores[];
  /** The mean of the languages' means. */
  readonly average: Readonly<Record<ScoreName, MeanScore>>;
}

/** B against A on the problems that both have, in percentage points. */
export interface PairedDifference {
  readonly pairs: number;
  readonly meanA: number | null;
  readonly meanB: number | null;
  /** Mean of B − A. */
  readonly difference: Estimate;
  /** Two-sided sign-flip permutation test of "no difference"; null without pairs. */
  readonly pValue: number | null;
  /** Problems on which B scores higher, and lower. */
  readonly better: number;
  readonly worse: number;
}

export interface ScoreComparison {
  /** Per language; the last one, named "average", is over the languages. */
  readonly rows: readonly {
    readonly language: string;
    readonly score: ScoreName;
    readonly capped: PairedDifference;
    readonly uncapped: PairedDifference;
  }[];
}

export interface ScoreOptions {
  /** Seed of the resampling. */
  readonly seed: number;
  /** Bootstrap resamples; 2000 put the ends of a 95 % interval on about 50 resamples each. */
  readonly resamples?: number;
}

/** Scores one program. */
export function scoreProgram(program: ScoredProgram): ProblemScores {
  const { problem, language, passed, costs, canonical } = program;
  const score = (cost: keyof Costs): Score =>
    passed ? ratioScore(canonical?.[cost] ?? null, costs[cost]) : { capped: 0, uncapped: 0 };
  return { problem, language, passed, et: score("runtime"), mp: score("memory"), mi: score("integral") };
}

/**
 * The human side of the scores from the two measured human programs. One that failed its tests counts as not measured.
 */
export function canonicalCosts(
  runtimeCanonical: { readonly passed: boolean; readonly costs: Costs },
  memoryCanonical: { readonly passed: boolean; readonly costs: Costs },
): Costs {
  const integrals = [runtimeCanonical, memoryCanonical].flatMap(({ passed, costs }) =>
    passed && costs.integral !== null ? [costs.integral] : [],
  );
  return {
    runtime: runtimeCanonical.passed ? runtimeCanonical.costs.runtime : null,
    memory: memoryCanonical.passed ? memoryCanonical.costs.memory : null,
    integral: integrals.length === 0 ? null : Math.min(...integrals),
  };
}

/**
 * Scores programs and averages them.
 *
 * Intervals come from resampling whole problems, so that a problem's languages stay together: their difficulty is
 * shared, and languages drawn apart would give an average that looks surer than it is.
 *
 * @param programs At most one per problem and language.
 */
export function summarizeScores(programs: readonly ScoredProgram[], options: ScoreOptions): ScoreSummary {
  const problems = programs.map(scoreProgram).sort(byLanguageAndProblem);
  const languages = [...new Set(problems.map((scores) => scores.language))].sort();
  const names = [...new Set(problems.map((scores) => scores.problem))].sort();
  const draws = drawProblems(names.length, options);
  const estimate = (score: ScoreName, among: readonly string[]): MeanScore => {
    const column = (cap: keyof Score): Estimate =>
      estimateMean(
        among.map((language) => columnOf(problems, names, language, (scores) => scores[score][cap])),
        draws,
      );
    const scored = problems.filter((one) => among.includes(one.language) && one[score].capped !== null);
    return { problems: scored.length, capped: column("capped"), uncapped: column("uncapped") };
  };
  const estimates = (among: readonly string[]): Record<ScoreName, MeanScore> => ({
    et: estimate("et", among),
    mp: estimate("mp", among),
    mi: estimate("mi", among),
  });
  return {
    problems,
    languages: languages.map((language) => {
      const own = problems.filter((scores) => scores.language === language);
      return {
        language,
        problems: own.length,
        passed: own.filter((scores) => scores.passed).length,
        ...estimates([language]),
      };
    }),
    average: estimates(languages),
  };
}

/** Compares two sets of scores problem by problem; what only one of them has is left out. */
export function compareScores(
  a: readonly ProblemScores[],
  b: readonly ProblemScores[],
  options: ScoreOptions,
): ScoreComparison {
  const inBoth = new Map(b.map((scores) => [keyOf(scores), scores]));
  const pairs = a.flatMap((first) => {
    const second = inBoth.get(keyOf(first));
    return second === undefined
      ? []
      : [{ problem: first.problem, language: first.language, a: first, b: second }];
  });
  const languages = [...new Set(pairs.map((pair) => pair.language))].sort();
  const names = [...new Set(pairs.map((pair) => pair.problem))].sort();
  const draws = drawProblems(names.length, options);
  const compare = (score: ScoreName, cap: keyof Score, among: readonly string[]): PairedDifference => {
    const usable = pairs.filter(
      (pair) => among.includes(pair.language) && pair.a[score][cap] !== null && pair.b[score][cap] !== null,
    );
    const column = (language: string, value: (pair: (typeof usable)[number]) => number): Float64Array =>
      columnOf(usable, names, language, value);
    const valueA = (pair: (typeof usable)[number]): number => pair.a[score][cap] ?? Number.NaN;
    const valueB = (pair: (typeof usable)[number]): number => pair.b[score][cap] ?? Number.NaN;
    const differences = among.map((language) => column(language, (pair) => valueB(pair) - valueA(pair)));
    return {
      pairs: usable.length,
      meanA: meanOfMeans(among.map((language) => column(language, valueA))),
      meanB: meanOfMeans(among.map((language) => column(language, valueB))),
      difference: estimateMean(differences, draws),
      pValue: signFlipTest(contributions(differences), options.seed),
      better: usable.filter((pair) => valueB(pair) > valueA(pair)).length,
      worse: usable.filter((pair) => valueB(pair) < valueA(pair)).length,
    };
  };
  const groups = [
    ...languages.map((language) => ({ language, among: [language] })),
    ...(languages.length === 0 ? [] : [{ language: "average", among: languages }]),
  ];
  return {
    rows: groups.flatMap(({ language, among }) =>
      SCORE_NAMES.map((score) => ({
        language,
        score,
        capped: compare(score, "capped", among),
        uncapped: compare(score, "uncapped", among),
      })),
    ),
  };
}

/**
 * Two-sided sign-flip permutation test of the hypothesis that the values are symmetric about zero, on their sum.
 * Exact up to 12 non-zero values (4096 sign patterns), else from 10,000 random patterns.
 *
 * @returns The p-value, or null when there is no value.
 */
export function signFlipTest(values: readonly number[], seed: number): number | null {
  if (values.length === 0) return null;
  const nonZero = values.filter((value) => value !== 0);
  const observed = Math.abs(sum(nonZero));
  // Sums in another order differ in their last bits; a pattern that ties with the observed one has to count.
  const reach = observed - 1e-9 * sum(nonZero.map(Math.abs));
  const isExtreme = (signs: (index: number) => boolean): boolean => {
    let total = 0;
    for (const [index, value] of nonZero.entries()) total += signs(index) ? value : -value;
    return Math.abs(total) >= reach;
  };
  if (nonZero.length <= EXACT_UP_TO) {
    const patterns = 2 ** nonZero.length;
    let extreme = 0;
    for (let pattern = 0; pattern < patterns; pattern++) {
      if (isExtreme((index) => ((pattern >> index) & 1) === 1)) extreme++;
    }
    return extreme / patterns;
  }
  const random = createRandom(seed);
  let extreme = 0;
  for (let trial = 0; trial < RANDOM_PATTERNS; trial++) if (isExtreme(() => random() < 0.5)) extreme++;
  // The observed pattern is one of them, which keeps the test valid and p above zero.
  return (extreme + 1) / (RANDOM_PATTERNS + 1);
}

// --- internal ---

const EXACT_UP_TO = 12;
const RANDOM_PATTERNS = 10_000;
const DEFAULT_RESAMPLES = 2000;

function ratioScore(human: number | null, own: number | null): Score {
  // A cost of zero is a sampler that saw nothing, not a program that is infinitely good.
  if (human === null || own === null || human <= 0 || own <= 0) return { capped: null, uncapped: null };
  const percent = (100 * human) / own;
  return { capped: Math.min(100, percent), uncapped: percent };
}

function byLanguageAndProblem(a: ProblemScores, b: ProblemScores): number {
  return compareText(a.language, b.language) || compareText(a.problem, b.problem);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function keyOf(scores: ProblemScores): string {
  return JSON.stringify([scores.problem, scores.language]);
}

/** One value per problem, in the order of `names`; NaN where there is none. */
function columnOf<T extends { readonly problem: string; readonly language: string }>(
  entries: readonly T[],
  names: readonly string[],
  language: string,
  value: (entry: T) => number | null,
): Float64Array {
  const position = new Map(names.map((name, index) => [name, index]));
  const column = new Float64Array(names.length).fill(Number.NaN);
  for (const entry of entries) {
    const index = entry.language === language ? position.get(entry.problem) : undefined;
    if (index !== undefined) column[index] = value(entry) ?? Number.NaN;
  }
  return column;
}

/** Each draw: as many problem indices as there are problems, with repetition. */
function drawProblems(count: number, options: ScoreOptions): readonly Uint32Array[] {
  if (count < 2) return [];
  const random = createRandom(options.seed);
  return Array.from({ length: options.resamples ?? DEFAULT_RESAMPLES }, () =>
    new Uint32Array(count).map(() => Math.floor(random() * count)),
  );
}

/** Mean over languages of the mean over problems, and its percentile interval over the draws. */
function estimateMean(columns: readonly Float64Array[], draws: readonly Uint32Array[]): Estimate {
  const value = meanOfMeans(columns);
  const enough = columns.some((column) => column.filter((one) => !Number.isNaN(one)).length >= 2);
  if (value === null || !enough) return { value, interval: null };
  const measured = columns.filter((column) => meanAt(column, null) !== null);
  // A draw that misses a language altogether says nothing about the mean over languages.
  const means = draws
    .flatMap((draw) => {
      const perLanguage = measured.map((column) => meanAt(column, draw));
      return perLanguage.includes(null) ? [] : [sum(perLanguage as number[]) / perLanguage.length];
    })
    .sort((a, b) => a - b);
  const low = quantile(means, 0.025);
  const high = quantile(means, 0.975);
  return { value, interval: low === null || high === null ? null : [low, high] };
}

function meanOfMeans(columns: readonly Float64Array[]): number | null {
  const means = columns.flatMap((column) => meanAt(column, null) ?? []);
  return means.length === 0 ? null : sum(means) / means.length;
}

function meanAt(column: Float64Array, draw: Uint32Array | null): number | null {
  let total = 0;
  let count = 0;
  const length = draw?.length ?? column.length;
  for (let i = 0; i < length; i++) {
    const value = column[draw === null ? i : (draw[i] ?? 0)] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    total += value;
    count++;
  }
  return count === 0 ? null : total / count;
}

/** What each problem adds to the mean over languages of the mean over problems. */
function contributions(columns: readonly Float64Array[]): number[] {
  const measured = columns.filter((column) => meanAt(column, null) !== null);
  const perProblem = new Map<number, number>();
  for (const column of measured) {
    const count = column.filter((value) => !Number.isNaN(value)).length;
    for (const [problem, value] of column.entries()) {
      if (Number.isNaN(value)) continue;
      perProblem.set(problem, (perProblem.get(problem) ?? 0) + value / (count * measured.length));
    }
  }
  return [...perProblem.values()];
}

/** Linear interpolation between order statistics (R's type 7). */
function quantile(sorted: readonly number[], probability: number): number | null {
  const position = probability * (sorted.length - 1);
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) return null;
  return below + (above - below) * (position - Math.floor(position));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
