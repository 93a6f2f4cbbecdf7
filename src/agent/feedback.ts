/**
 * Measurements in words, for the model: what a program costs, where the time goes, why it fails. Pure. Numbers come with
 * units, and only where they were measured.
 */
import { shortenMiddle } from "../lib/text.ts";
import type {
  Comparison,
  Evaluation,
  Target,
  TestCase,
  TestResult,
  TestStatus,
  TestTimes,
} from "../types.ts";
import { fitGrowth } from "./growth.ts";

/**
 * The metrics of a program, one a line, with units and 95 % intervals.
 *
 * @param comparison Of this program against the best one, where there was one.
 */
export function describeMetrics(evaluation: Evaluation | null, comparison: Comparison | null = null): string {
  if (evaluation === null) return "Not measured.";
  const passed = Math.round(evaluation.passRate * evaluation.tests.length);
  const lines: string[] = [];
  if (evaluation.tests.length > 0) {
    lines.push(`- tests passed: ${passed} of ${evaluation.tests.length}`);
  } else {
    lines.push(`- pass rate: ${number(evaluation.passRate * 100)} %`);
  }
  for (const [metric, value] of Object.entries(evaluation.metrics)) {
    lines.push(
      `- ${metric}: ${withUnit(metric, value)}${intervalOf(evaluation, metric)}${meaningOf(metric)}`,
    );
  }
  if (comparison !== null) lines.push(`- against the best program: ${describeComparison(comparison)}`);
  return lines.join("\n");
}

/** The result of a comparison in one phrase: "1.42 times better in cpu_time (95 % interval 1.38 to 1.47, 24 pairs)". */
export function describeComparison(comparison: Comparison): string {
  const { ratio, interval, metric, verdict, pairs, reason } = comparison;
  if (verdict === "incorrect" || ratio === null) return reason;
  const words =
    verdict === "no_difference"
      ? `no proven difference in ${metric}; old / new is ${number(ratio)}`
      : verdict === "faster"
        ? `${number(ratio)} times better in ${metric}`
        : `${number(1 / ratio)} times worse in ${metric}`;
  const bounds =
    interval === null ? null : verdict === "slower" ? [1 / interval[1], 1 / interval[0]] : interval;
  const details = [
    ...(bounds === null
      ? []
      : [`95 % interval ${number(bounds[0] ?? ratio)} to ${number(bounds[1] ?? ratio)}`]),
    ...(pairs.length === 0 ? [] : [`${pairs.length} ${pairs.length === 1 ? "pair" : "pairs"} of runs`]),
  ];
  return details.length === 0 ? words : `${words} (${details.join(", ")})`;
}

/**
 * Tests on which a comparison's programs differ most, where some became better and some worse: a total hides that.
 *
 * @returns Empty when all clear changes have one direction.
 */
export function describeMixedChange(comparison: Comparison, tests: readonly TestCase[]): string {
  const changes = comparison.perTest.flatMap((times, index) => changeOf(times, index));
  const total = changes.reduce((sum, { before }) => sum + before, 0);
  const clear = changes.filter(
    ({ before, after }) =>
      Math.abs(before - after) >= total * CLEAR_SHARE_OF_TOTAL &&
      Math.max(before, after) >= Math.min(before, after) * CLEAR_FACTOR,
  );
  const worse = clear.filter(({ before, after }) => after > before);
  const better = clear.filter(({ before, after }) => after < before);
  if (worse.length === 0 || better.length === 0) return "";
  return [
    `It is faster on ${count(better.length, "test")} and slower on ${count(worse.length, "test")}:`,
    ...[...mostChanged(better), ...mostChanged(worse)].map(
      ({ index, before, after }) =>
        `- test ${index} (input of ${bytes(inputBytes(tests, index))}): ${seconds(before)} before, ${seconds(after)} now`,
    ),
  ].join("\n");
}

export interface AnalysisOptions {
  readonly evaluation: Evaluation;
  /** The instance's tests, in the evaluation's order. */
  readonly tests: readonly TestCase[];
  readonly target: Target;
  /** What a profiler said; null when there is no profile. */
  readonly profile: string | null;
  /** The text is cut to this length. */
  readonly maxCharacters: number;
}

/**
 * Where the cost of a program goes: the most expensive tests with their input sizes, how time grows with the input, and
 * a profile.
 *
 * @returns Empty for a program that fails or was not measured test by test.
 */
export function analysePerformance(options: AnalysisOptions): string {
  const { evaluation, tests, target, profile, maxCharacters } = options;
  if (!evaluation.passed) return "";
  const parts: string[] = [];
  const costs = costsOf(evaluation.tests, target);
  if (costs.length > 1) parts.push(describeExpensive(costs, tests, target));
  const growth = fitGrowth(
    costsOf(evaluation.tests, "runtime").map(({ index, cost }) => ({
      size: inputBytes(tests, index),
      timeS: cost,
    })),
  );
  if (growth !== null) {
    parts.push(
      `Time beyond start-up grows about like (input bytes)^${growth.exponent.toFixed(2)} (± ${growth.margin.toFixed(2)}, ` +
        `95 % interval, fitted to ${growth.tests} tests).`,
    );
  }
  if (profile !== null && profile.trim() !== "") parts.push(profile.trim());
  return shortenMiddle(parts.join("\n\n"), maxCharacters);
}

/** Why an evaluation failed: a sentence for a person, and text that the model can act on. */
export interface FailureExplanation {
  readonly reason: string;
  readonly feedback: string;
}

/**
 * Explains a failed evaluation by its smallest failing input.
 *
 * @param tests The instance's tests, in the evaluation's order.
 * @param maxCharacters Bound on the feedback's length; its long parts are shortened in the middle.
 */
export function explainFailure(
  evaluation: Evaluation,
  tests: readonly TestCase[],
  maxCharacters: number,
): FailureExplanation {
  if (evaluation.build.status === "failed") {
    return {
      reason: `It does not compile: ${firstLine(evaluation.build.message)}`,
      feedback: `The program does not compile. The compiler says:\n${fenced(shortenMiddle(evaluation.build.message.trim(), Math.max(0, maxCharacters - 60)))}`,
    };
  }
  const failing = evaluation.tests.filter(({ status }) => status !== "passed");
  const smallest = smallestFailing(failing, tests);
  if (smallest === null) {
    const rate = `it passes ${number(evaluation.passRate * 100)} % of the tests`;
    const feedback =
      evaluation.feedback.trim() === "" ? `The program fails: ${rate}.` : evaluation.feedback.trim();
    return { reason: `It fails: ${rate}`, feedback: shortenMiddle(feedback, maxCharacters) };
  }
  const share = `${failing.length} of ${count(evaluation.tests.length, "test")} ${failing.length === 1 ? "fails" : "fail"}`;
  const kinds = describeKinds(failing);
  const flaky =
    evaluation.flaky.length === 0
      ? ""
      : `\nNot always the same result: ${listOf("test", evaluation.flaky)} passed in one run and failed in another. ` +
        "The program must pass every test in every run.";
  const header =
    `${share} (${kinds}).${flaky}\n` +
    `Smallest failing input: test ${smallest.index}, ${sentenceOf(smallest)}.`;
  const body = describeFailingTest(
    smallest,
    tests[smallest.index],
    Math.max(0, maxCharacters - header.length),
  );
  const feedback = `${header}\n${body}`;
  return {
    reason: `${firstUpper(share)}: ${kinds}; test ${smallest.index}: ${sentenceOf(smallest)}${evaluation.flaky.length > 0 ? "; flaky" : ""}`,
    feedback: shortenMiddle(`${feedback}${flakyHint(evaluation)}`, maxCharacters),
  };
}

/**
 * Where two outputs differ first, compared as the default checker does: without blanks around them.
 *
 * @returns For example `line 3, column 5: expected "7", got "8"`; null when they do not differ.
 */
export function firstDifference(expected: string, actual: string): string | null {
  const wanted = expected.replaceAll("\r\n", "\n").trim();
  const found = actual.replaceAll("\r\n", "\n").trim();
  if (wanted === found) return null;
  let at = 0;
  while (at < wanted.length && at < found.length && wanted[at] === found[at]) at++;
  const before = wanted.slice(0, at);
  const line = before.split("\n").length;
  const lineStart = before.lastIndexOf("\n") + 1;
  const place = `line ${line}, column ${at - lineStart + 1}`;
  if (found === "") return "the program printed nothing";
  if (at === found.length) return `${place}: the output ends, expected ${quoted(wanted.slice(at))} there`;
  if (at === wanted.length) return `${place}: the expected output ends, got ${quoted(found.slice(at))} there`;
  // From the start of the word: "expected 128, got 129" says more than "expected 8, got 9".
  const wordStart = Math.max(lineStart, before.search(/\S*$/));
  return `${place}: expected ${quoted(wanted.slice(wordStart))}, got ${quoted(found.slice(wordStart))}`;
}

// --- internal ---

/** Tests named as the most expensive ones. */
const EXPENSIVE_SHOWN = 5;

/** Tests named for each direction of a mixed change. */
const CHANGED_SHOWN = 3;

/** Changes of a test that are no noise: a tenth of its time and a hundredth of the whole pass. */
const CLEAR_FACTOR = 1.1;
const CLEAR_SHARE_OF_TOTAL = 0.01;

/** Characters of an output shown beside a difference. */
const QUOTED_CHARACTERS = 40;

interface Cost {
  readonly index: number;
  /** Seconds, bytes or byte·s. */
  readonly cost: number;
}

/** Each test's share of the target; none when one was not measured. */
function costsOf(tests: readonly TestResult[], target: Target): Cost[] {
  const values = tests.map((test) => {
    if (target === "memory") return test.peakBytes;
    if (target === "integral") return test.integralByteS;
    return timeOf(test);
  });
  const costs = values.flatMap((cost, index) =>
    cost === null ? [] : [{ index: tests[index]?.index ?? index, cost }],
  );
  return costs.length === tests.length ? costs : [];
}

/** Seconds; CPU time where there is one, since other work on the machine does not lengthen it. */
function timeOf({
  wallNs,
  cpuUs,
}: {
  readonly wallNs: number | null;
  readonly cpuUs: number | null;
}): number | null {
  if (cpuUs !== null) return cpuUs / 1e6;
  return wallNs === null ? null : wallNs / 1e9;
}

function describeExpensive(costs: readonly Cost[], tests: readonly TestCase[], target: Target): string {
  const sorted = costs.toSorted((left, right) => right.cost - left.cost);
  const total = costs.reduce((sum, { cost }) => sum + cost, 0);
  const show = (cost: number): string =>
    target === "memory"
      ? `${number(cost / 1e6)} MB`
      : target === "integral"
        ? `${number(cost / 1e6)} MB·s`
        : seconds(cost);
  const share = (cost: number): string =>
    target === "memory" || total === 0 ? "" : `, ${Math.round((cost / total) * 100)} % of all`;
  const least = sorted.at(-1)?.cost ?? 0;
  const title = target === "memory" ? "Tests with the highest peak" : "Most expensive tests";
  return [
    `${title} (the cheapest of ${costs.length} takes ${show(least)}):`,
    ...sorted
      .slice(0, EXPENSIVE_SHOWN)
      .map(
        ({ index, cost }) =>
          `- test ${index}: ${show(cost)}${share(cost)}, input of ${bytes(inputBytes(tests, index))}`,
      ),
  ].join("\n");
}

interface Change {
  readonly index: number;
  readonly before: number;
  readonly after: number;
}

function changeOf({ a, b }: TestTimes, index: number): Change[] {
  const before = timeOf(a);
  const after = timeOf(b);
  return before === null || after === null ? [] : [{ index, before, after }];
}

function mostChanged(changes: readonly Change[]): Change[] {
  return changes
    .toSorted((left, right) => Math.abs(right.before - right.after) - Math.abs(left.before - left.after))
    .slice(0, CHANGED_SHOWN);
}

function smallestFailing(failing: readonly TestResult[], tests: readonly TestCase[]): TestResult | null {
  let smallest: TestResult | null = null;
  for (const test of failing) {
    if (smallest === null || inputBytes(tests, test.index) < inputBytes(tests, smallest.index))
      smallest = test;
  }
  return smallest;
}

function describeFailingTest(result: TestResult, test: TestCase | undefined, budget: number): string {
  const crashed = result.status === "runtime_error" || result.status === "memory_limit";
  const stderr = result.stderr.trim();
  const showStderr = stderr !== "" && (crashed || result.status === "wrong_answer");
  // Input, expected and actual output share what headings leave; the end of stderr gets as much as one of them.
  const part = Math.max(0, Math.floor((budget - 160) / (showStderr ? 4 : 3)));
  const sections: string[] = [];
  if (test !== undefined) sections.push(section("Input", test.input, part));
  if (result.status === "wrong_answer" || result.status === "checker_error") {
    if (test !== undefined) sections.push(section("Expected output", test.output, part));
    sections.push(section("Actual output", result.stdout, part));
    const difference = test === undefined ? null : firstDifference(test.output, result.stdout);
    if (difference !== null) sections.push(`First difference: ${difference}`);
  }
  if (result.message !== "") sections.push(`Message: ${shortenMiddle(result.message, 200)}`);
  if (showStderr) sections.push(`End of its standard error:\n${fenced(tailOf(stderr, part))}`);
  return sections.join("\n");
}

function section(title: string, text: string, budget: number): string {
  const trimmed = text.replace(/\n+$/, "");
  if (trimmed === "") return `${title}: (empty)`;
  return `${title}:\n${fenced(shortenMiddle(trimmed, budget))}`;
}

/** A fence longer than any in the text, so that the text cannot end it. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}

function tailOf(text: string, budget: number): string {
  if (text.length <= budget) return text;
  const tail = text.slice(text.length - budget);
  return `…${tail.slice(tail.indexOf("\n") + 1)}`;
}

function sentenceOf(result: TestResult): string {
  switch (result.status) {
    case "runtime_error":
      return result.signal !== null
        ? `it was ended by ${result.signal}`
        : `it ended with exit code ${result.exitCode ?? "unknown"}`;
    case "timeout":
      return result.wallNs === null
        ? "it exceeded the time limit"
        : `it exceeded the time limit (stopped after ${seconds(result.wallNs / 1e9)})`;
    case "memory_limit":
      return result.peakBytes === null
        ? "it exceeded the memory limit"
        : `it exceeded the memory limit (peak ${number(result.peakBytes / 1e6)} MB)`;
    default:
      return KINDS[result.status];
  }
}

const KINDS: Readonly<Record<TestStatus, string>> = {
  passed: "passed",
  wrong_answer: "wrong answer",
  timeout: "time limit",
  memory_limit: "memory limit",
  output_limit: "it printed more than is allowed",
  runtime_error: "crash",
  compile_error: "compile error",
  checker_error: "the checker failed on its output",
  sandbox_error: "the sandbox failed",
  cancelled: "cancelled",
};

function describeKinds(failing: readonly TestResult[]): string {
  const counts = new Map<TestStatus, number>();
  for (const { status } of failing) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, times]) => `${times} × ${KINDS[status]}`).join(", ");
}

/** Flaky results have one usual cause each; a model that knows it looks there. */
function flakyHint(evaluation: Evaluation): string {
  return evaluation.flaky.length === 0
    ? ""
    : "\nLook for uninitialised memory, unordered iteration, and time or random input.";
}

function intervalOf(evaluation: Evaluation, metric: string): string {
  const statistics = Object.hasOwn(evaluation.statistics, metric) ? evaluation.statistics[metric] : undefined;
  if (statistics === undefined || statistics.n < 2) return "";
  const [low, high] = statistics.ci95;
  return ` (95 % interval ${number(low)} to ${withUnit(metric, high)}, ${count(statistics.originalN, "pass", "passes")})`;
}

const UNITS: Readonly<Record<string, string>> = {
  runtime: "s",
  cpu_time: "s",
  memory: "MB",
  integral: "MB·s",
};

const MEANINGS: Readonly<Record<string, string>> = {
  runtime: "wall time summed over the tests",
  cpu_time: "CPU time summed over the tests",
  memory: "largest peak of a test",
  integral: "memory over time, summed over the tests",
};

function withUnit(metric: string, value: number): string {
  const unit = Object.hasOwn(UNITS, metric) ? UNITS[metric] : undefined;
  return unit === undefined ? number(value) : `${number(value)} ${unit}`;
}

function meaningOf(metric: string): string {
  const meaning = Object.hasOwn(MEANINGS, metric) ? MEANINGS[metric] : undefined;
  return meaning === undefined ? "" : `, ${meaning}`;
}

/** Three significant digits, without an exponent for everyday sizes. */
function number(value: number): string {
  const rounded = Number(value.toPrecision(3));
  return Math.abs(rounded) >= 1e-6 || rounded === 0 ? String(rounded) : rounded.toExponential();
}

function seconds(value: number): string {
  return value < 1 ? `${number(value * 1000)} ms` : `${number(value)} s`;
}

function bytes(size: number): string {
  return size < 10_000 ? count(size, "byte") : `${number(size / 1000)} kB`;
}

function inputBytes(tests: readonly TestCase[], index: number): number {
  return Buffer.byteLength(tests[index]?.input ?? "");
}

function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`;
}

function listOf(one: string, indexes: readonly number[]): string {
  const shown = indexes.slice(0, 10).join(", ");
  return `${indexes.length === 1 ? one : `${one}s`} ${shown}${indexes.length > 10 ? ", …" : ""}`;
}

function quoted(text: string): string {
  const [line = ""] = text.split("\n", 1);
  return JSON.stringify(line.length > QUOTED_CHARACTERS ? `${line.slice(0, QUOTED_CHARACTERS)}…` : line);
}

function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0] ?? "";
}

function firstUpper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
