/** What `perfagent eval` prints for a person. Pure. */
import { explainFailure } from "../../agent/feedback.ts";
import { LANGUAGES } from "../../languages.ts";
import type { Evaluation, Language, TestCase } from "../../types.ts";

/** A verdict, then the numbers of a program that passed, or the first failure of one that did not. */
export function evaluationSummary(
  name: string,
  language: Language,
  evaluation: Evaluation,
  tests: readonly TestCase[],
): string {
  const lines = [`${name} (${LANGUAGES[language].title}): ${verdict(evaluation)}`];
  if (evaluation.passed) lines.push(...metricLines(evaluation));
  else lines.push(...failureLines(evaluation, tests));
  lines.push(`  isolation ${evaluation.isolation}, measured by: ${evaluation.measurement}`);
  return `${lines.join("\n")}\n`;
}

// --- internal ---

/** Characters of a failure's explanation: a screenful. */
const FAILURE_CHARACTERS = 2000;

const METRICS: readonly (readonly [name: string, title: string, unit: string])[] = [
  ["runtime", "runtime", "s"],
  ["cpu_time", "CPU time", "s"],
  ["memory", "memory", "MB"],
  ["integral", "integral", "MB·s"],
];

function verdict({ passed, passRate, build, tests, flaky }: Evaluation): string {
  if (build.status === "failed") return "does not build";
  if (passed) return tests.length === 0 ? "passed" : `passed all ${tests.length} tests`;
  if (tests.length === 0) return `failed: ${Math.round(passRate * 100)} % passed`;
  const counts = new Map<string, number>();
  for (const { status } of tests) counts.set(status, (counts.get(status) ?? 0) + 1);
  counts.delete("passed");
  const kinds = [...counts].map(([status, count]) => `${count} ${status.replaceAll("_", " ")}`).join(", ");
  const unsteady = flaky.length === 0 ? "" : `; ${flaky.length} of them passed in another run`;
  return `failed: ${Math.round(passRate * tests.length)} of ${tests.length} tests passed (${kinds}${unsteady})`;
}

function metricLines({ statistics, runs }: Evaluation): string[] {
  const own = Object.keys(statistics).filter((name) => METRICS.every(([known]) => known !== name));
  return [...METRICS, ...own.map((name) => [name, name, ""] as const)].flatMap(([name, title, unit]) => {
    const values = statistics[name];
    if (values === undefined) return [];
    const [low, high] = values.ci95;
    const interval = values.n > 1 ? `  95 % interval ${number(low)} to ${number(high)}, ${runs} passes` : "";
    return [
      `  ${title.padEnd(9)}${number(values.trimmedMean).padStart(10)} ${unit.padEnd(4)}${interval}`.trimEnd(),
    ];
  });
}

function failureLines(evaluation: Evaluation, tests: readonly TestCase[]): string[] {
  const { feedback } = explainFailure(evaluation, tests, FAILURE_CHARACTERS);
  return feedback.split("\n").map((line) => `  ${line}`.trimEnd());
}

function number(value: number): string {
  return Number(value.toPrecision(4)).toString();
}
