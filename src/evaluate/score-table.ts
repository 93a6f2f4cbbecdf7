/** Scores as tables and as a JSON document. Pure. */
import type { Table } from "../lib/table/table.ts";
import {
  type Estimate,
  type MeanScore,
  type PairedDifference,
  SCORE_NAMES,
  type ScoreComparison,
  type ScoreName,
  type ScoreSummary,
} from "./score.ts";

/** One row per language and score, and the languages' average: with intervals, and with what the cap hides. */
export function scoresTable(summary: ScoreSummary, title: string): Table {
  const percent = (key: string, label: string) => ({ key, label, align: "right" as const, decimals: 2 });
  return {
    title,
    columns: [
      { key: "language", label: "language", align: "left" },
      { key: "score", label: "score", align: "left" },
      { key: "problems", label: "problems", align: "right", decimals: 0 },
      { key: "passed", label: "passed", align: "right", decimals: 0 },
      { key: "scored", label: "scored", align: "right", decimals: 0 },
      percent("capped", "capped"),
      percent("capped_low", "low"),
      percent("capped_high", "high"),
      percent("uncapped", "uncapped"),
      percent("uncapped_low", "low"),
      percent("uncapped_high", "high"),
    ],
    rows: groupsOf(summary).flatMap(({ language, problems, passed, scores }) =>
      SCORE_NAMES.map((name) => [
        language,
        LABELS[name],
        problems,
        passed,
        scores[name].problems,
        ...estimateCells(scores[name].capped),
        ...estimateCells(scores[name].uncapped),
      ]),
    ),
    notes: [
      ...CAP_NOTES,
      "low, high: 95 % bootstrap interval over problems.",
      "average: the mean of the languages' means.",
    ],
  };
}

/** One row per language, one column per score: the shape that papers print. */
export function paperTable(summary: ScoreSummary, title: string): Table {
  const columns = SCORE_NAMES.flatMap((name) => [
    { key: name, label: LABELS[name], align: "right" as const, decimals: 2 },
    { key: `${name}_uncapped`, label: `${LABELS[name]} uncapped`, align: "right" as const, decimals: 2 },
  ]);
  return {
    title,
    columns: [{ key: "language", label: "language", align: "left" }, ...columns],
    rows: groupsOf(summary).map(({ language, scores }) => [
      language,
      ...SCORE_NAMES.flatMap((name) => [scores[name].capped.value, scores[name].uncapped.value]),
    ]),
    notes: CAP_NOTES,
  };
}

/** B against A, per language and on average. */
export function comparisonTable(comparison: ScoreComparison, title: string): Table {
  const points = (key: string, label: string) => ({ key, label, align: "right" as const, decimals: 2 });
  return {
    title,
    columns: [
      { key: "language", label: "language", align: "left" },
      { key: "score", label: "score", align: "left" },
      { key: "pairs", label: "pairs", align: "right", decimals: 0 },
      points("a", "A"),
      points("b", "B"),
      points("difference", "B − A"),
      points("difference_low", "low"),
      points("difference_high", "high"),
      { key: "p_value", label: "p", align: "right", decimals: 4 },
      { key: "better", label: "better", align: "right", decimals: 0 },
      { key: "worse", label: "worse", align: "right", decimals: 0 },
    ],
    rows: comparison.rows.flatMap(({ language, score, capped, uncapped }) => [
      [language, LABELS[score], ...differenceCells(capped)],
      [language, `${LABELS[score]} uncapped`, ...differenceCells(uncapped)],
    ]),
    notes: [
      "Percentage points, on the problems that both sets have. low and high: 95 % bootstrap interval over problems.",
      "p: two-sided sign-flip permutation test. better, worse: problems on which B scores higher, and lower.",
    ],
  };
}

/** The scores' part of a JSON report. */
export function scoresDocument(summary: ScoreSummary): Readonly<Record<string, unknown>> {
  const means = (scores: Readonly<Record<ScoreName, MeanScore>>) => ({
    et: scores.et,
    mp: scores.mp,
    mi: scores.mi,
  });
  return {
    languages: summary.languages.map((scores) => ({
      language: scores.language,
      problems: scores.problems,
      passed: scores.passed,
      ...means(scores),
    })),
    average: means(summary.average),
    problems: summary.problems.map(({ problem, ...rest }) => ({ instance_id: problem, ...rest })),
  };
}

/** The comparison's part of a JSON report. */
export function comparisonDocument(
  comparison: ScoreComparison,
): readonly Readonly<Record<string, unknown>>[] {
  const difference = (paired: PairedDifference) => ({
    pairs: paired.pairs,
    a: paired.meanA,
    b: paired.meanB,
    difference: paired.difference.value,
    interval: paired.difference.interval,
    p_value: paired.pValue,
    better: paired.better,
    worse: paired.worse,
  });
  return comparison.rows.map(({ language, score, capped, uncapped }) => ({
    language,
    score,
    capped: difference(capped),
    uncapped: difference(uncapped),
  }));
}

// --- internal ---

const CAP_NOTES = [
  "Percent of the human solutions: capped at 100 per problem as published, and uncapped.",
  "A program that fails scores 0.",
];

function groupsOf(summary: ScoreSummary) {
  const { languages, average } = summary;
  return [
    ...languages.map((scores) => ({ ...scores, scores })),
    {
      language: "average",
      problems: languages.reduce((sum, scores) => sum + scores.problems, 0),
      passed: languages.reduce((sum, scores) => sum + scores.passed, 0),
      scores: average,
    },
  ];
}

const LABELS: Readonly<Record<ScoreName, string>> = { et: "ET", mp: "MP", mi: "MI" };

function estimateCells(estimate: Estimate): (number | null)[] {
  return [estimate.value, estimate.interval?.[0] ?? null, estimate.interval?.[1] ?? null];
}

function differenceCells(paired: PairedDifference): (number | null)[] {
  return [
    paired.pairs,
    paired.meanA,
    paired.meanB,
    ...estimateCells(paired.difference),
    paired.pValue,
    paired.better,
    paired.worse,
  ];
}
