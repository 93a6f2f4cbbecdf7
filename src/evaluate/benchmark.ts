/** Passes of one program, or of two next to each other, over an instance's tests. */
import { availableParallelism } from "node:os";
import { interruptedError } from "../errors.ts";
import type {
  ExecResult,
  Job,
  Language,
  Limits,
  Pass,
  Sample,
  Sandbox,
  SuccessfulBuild,
  TestCase,
  TestResult,
} from "../types.ts";
import type { Checker } from "./checker.ts";
import { type JudgedTest, judgeTests, readExecution, type UnjudgedTest } from "./judge.ts";
import { programInput } from "./output.ts";

/** What passes share. */
export interface Bench {
  readonly language: Language;
  readonly tests: readonly TestCase[];
  readonly limits: Limits;
  readonly sandbox: Sandbox;
  readonly checker: Checker;
}

/** A built program that passed all tests in a check pass. */
export interface CheckedProgram {
  readonly build: SuccessfulBuild;
  /** Per test: digest and size of the output that passed. */
  readonly outputs: readonly { readonly digest: string | null; readonly bytes: number }[];
  /** Wall time of one pass, for choosing repeats; null when not measured. */
  readonly passWallNs: number | null;
}

/**
 * Runs a program on every test, on all cores, and judges the outputs.
 * @throws PerfagentError `interrupted`, or as `Checker.judge` does.
 */
export async function checkPass(
  bench: Bench,
  build: SuccessfulBuild,
  signal: AbortSignal,
): Promise<{ results: TestResult[]; program: CheckedProgram }> {
  const judged: JudgedTest[] = [];
  let waiting: UnjudgedTest[] = [];
  let waitingBytes = 0;
  const indexes = bench.tests.map((_, index) => index);
  for (const part of partsOfCount(indexes, checkPartSize())) {
    const jobs = part.map((index) => jobFor(bench, build, index));
    const executions = await retryStarved(bench, jobs, await runJobs(bench, jobs, "check", signal), signal);
    for (const [position, index] of part.entries()) {
      const unjudged = readTest(bench, index, executions[position], null);
      waitingBytes += unjudged.question?.output.length ?? 0;
      waiting.push(unjudged);
    }
    if (waitingBytes > HELD_BYTES || waiting.length + judged.length === indexes.length) {
      judged.push(...(await judgeTests(bench.checker, waiting, signal)));
      waiting = [];
      waitingBytes = 0;
    }
  }
  const results = judged.map(({ result }) => result);
  return {
    results,
    program: {
      build,
      outputs: judged.map(({ digest, stdoutBytes }) => ({ digest, bytes: stdoutBytes })),
      passWallNs: sumOf(results, ({ wallNs }) => wallNs),
    },
  };
}

/** One timed pass over every test, one test after another. */
export async function timedPass(bench: Bench, program: CheckedProgram, signal: AbortSignal): Promise<Pass> {
  const [pass] = await timedPasses(bench, [program], 1, signal);
  return pass ?? { sample: null, failures: [], perTest: [] };
}

/**
 * Times two programs side by side: pass after pass in turns, `first` first, until each has at least
 * `SMALLEST_UNIT_NS` of work. A sample is of one pass: sums are averaged over the repeats, the peak is their maximum.
 */
export async function timedPair(
  bench: Bench,
  first: CheckedProgram,
  second: CheckedProgram,
  signal: AbortSignal,
): Promise<readonly [Pass, Pass]> {
  const repeats = Math.max(repeatsFor(first.passWallNs), repeatsFor(second.passWallNs));
  const [a, b] = await timedPasses(bench, [first, second], repeats, signal);
  const empty: Pass = { sample: null, failures: [], perTest: [] };
  return [a ?? empty, b ?? empty];
}

// --- internal ---

/** Least work in one unit of a comparison: shorter ones are mostly noise. */
const SMALLEST_UNIT_NS = 100e6;

/** Bounds a unit of programs that take next to no time: 100 ms are reached from 0.4 ms a pass on. */
const MOST_REPEATS = 250;

/** A megabyte, where the sandbox does not reproduce somebody else's. */
const BYTES_PER_MB = 1e6;

/** Outputs held in memory before they are judged or digested. */
const HELD_BYTES = 64 * 2 ** 20;

/** Tests in one call of a check pass: bounds the outputs held, and is long enough to keep every core busy. */
function checkPartSize(): number {
  return Math.max(32, 8 * availableParallelism());
}

function repeatsFor(passWallNs: number | null): number {
  if (passWallNs === null || passWallNs <= 0) return 1;
  return Math.min(MOST_REPEATS, Math.ceil(SMALLEST_UNIT_NS / passWallNs));
}

async function timedPasses(
  bench: Bench,
  programs: readonly CheckedProgram[],
  repeats: number,
  signal: AbortSignal,
): Promise<Pass[]> {
  const runs: JudgedTest[][] = programs.map(() => []);
  const largest = bench.tests.map((_, index) =>
    Math.max(...programs.map((p) => p.outputs[index]?.bytes ?? 0)),
  );
  for (const part of partsOfBytes(largest, HELD_BYTES / (programs.length * repeats))) {
    const turns = Array.from({ length: repeats }, () => programs.map((_, which) => which)).flat();
    const jobs = turns.flatMap((which) => {
      const build = programs[which]?.build;
      return build === undefined ? [] : part.map((index) => jobFor(bench, build, index));
    });
    const executions = await runJobs(bench, jobs, "time", signal);
    const unjudged = executions.map((execution, position) => {
      const which = turns[Math.floor(position / part.length)] ?? 0;
      const index = part[position % part.length] ?? 0;
      const digest = programs[which]?.outputs[index]?.digest ?? null;
      return { which, test: readTest(bench, index, execution, digest) };
    });
    const judged = await judgeTests(
      bench.checker,
      unjudged.map(({ test }) => test),
      signal,
    );
    for (const [position, test] of judged.entries()) runs[unjudged[position]?.which ?? 0]?.push(test);
  }
  return runs.map((tests) => passOf(bench, tests, repeats));
}

function passOf(bench: Bench, runs: readonly JudgedTest[], repeats: number): Pass {
  const results = runs.map(({ result }) => result);
  const failures = results.filter(({ status }) => status !== "passed");
  const perTest = bench.tests.map((_, index) => {
    const own = results.filter((result) => result.index === index);
    const wallNs = sumOf(own, (result) => result.wallNs);
    const cpuUs = sumOf(own, (result) => result.cpuUs);
    return {
      wallNs: wallNs === null ? null : wallNs / repeats,
      cpuUs: cpuUs === null ? null : cpuUs / repeats,
    };
  });
  return {
    sample:
      failures.length > 0 ? null : sampleOf(results, repeats, bench.sandbox.info.bytesPerMb ?? BYTES_PER_MB),
    failures,
    perTest,
  };
}

/** The pass's metrics; one that some test did not measure is absent. */
function sampleOf(results: readonly TestResult[], repeats: number, bytesPerMb: number): Sample {
  const sample: Record<string, number> = {};
  const wallNs = sumOf(results, (result) => result.wallNs);
  if (wallNs !== null) sample.runtime = wallNs / repeats / 1e9;
  const cpuUs = sumOf(results, (result) => result.cpuUs);
  if (cpuUs !== null) sample.cpu_time = cpuUs / repeats / 1e6;
  const peaks = results.map(({ peakBytes }) => peakBytes).filter((peak) => peak !== null);
  if (peaks.length === results.length) sample.memory = peaks.reduce((a, b) => Math.max(a, b), 0) / bytesPerMb;
  const byteS = sumOf(results, (result) => result.integralByteS);
  if (byteS !== null) sample.integral = byteS / repeats / bytesPerMb;
  return sample;
}

/** The sum, or null when one of the values was not measured. */
function sumOf<T>(items: readonly T[], value: (item: T) => number | null): number | null {
  let sum = 0;
  for (const item of items) {
    const number = value(item);
    if (number === null) return null;
    sum += number;
  }
  return sum;
}

function readTest(
  bench: Bench,
  index: number,
  execution: ExecResult | undefined,
  passedDigest: string | null,
): UnjudgedTest {
  const test = bench.tests[index];
  if (test === undefined || execution === undefined) throw new Error(`No execution of test ${index}`);
  return readExecution(bench.language, index, test, execution, passedDigest);
}

function jobFor(bench: Bench, build: SuccessfulBuild, index: number): Job {
  return { build, stdin: programInput(bench.tests[index]?.input ?? ""), limits: bench.limits };
}

/**
 * A check pass uses every core, and other work may use them too. A test that ran out of time without having had half of
 * it on a core is run again alone; if that one passes its limit again, so would the others.
 */
async function retryStarved(
  bench: Bench,
  jobs: readonly Job[],
  results: ExecResult[],
  signal: AbortSignal,
): Promise<ExecResult[]> {
  const starved = results.flatMap((result, index) => (isStarved(result, bench.limits) ? [index] : []));
  for (const index of starved) {
    const job = jobs[index];
    if (job === undefined) continue;
    const [result] = await runJobs(bench, [job], "time", signal);
    if (result === undefined || result.status === "timeout") break;
    results[index] = result;
  }
  return results;
}

function isStarved({ status, cpuUs }: ExecResult, limits: Limits): boolean {
  return status === "timeout" && cpuUs !== null && cpuUs < (limits.wallMs * 1000) / 2;
}

/** Runs jobs; what the sandbox itself failed at is tried once more. */
async function runJobs(
  bench: Bench,
  jobs: readonly Job[],
  purpose: "check" | "time",
  signal: AbortSignal,
): Promise<ExecResult[]> {
  const results = await bench.sandbox.run(jobs, { purpose }, signal);
  const again = results.flatMap(({ status }, index) => (status === "sandbox_error" ? [index] : []));
  if (again.length > 0 && !signal.aborted) {
    const retried = await bench.sandbox.run(
      again.flatMap((index) => jobs[index] ?? []),
      { purpose },
      signal,
    );
    for (const [position, index] of again.entries()) {
      const result = retried[position];
      if (result !== undefined) results[index] = result;
    }
  }
  if (signal.aborted || results.some(({ status }) => status === "cancelled")) throw interruptedError();
  return results;
}

function partsOfCount(indexes: readonly number[], size: number): number[][] {
  const parts: number[][] = [];
  for (let start = 0; start < indexes.length; start += size) parts.push(indexes.slice(start, start + size));
  return parts;
}

/** Consecutive indexes whose sizes together stay within a bound, at least one each. */
function partsOfBytes(sizes: readonly number[], bound: number): number[][] {
  const parts: number[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const [index, size] of sizes.entries()) {
    bytes += size;
    const last = parts.at(-1);
    if (last === undefined || bytes > bound) {
      parts.push([index]);
      bytes = size;
    } else {
      last.push(index);
    }
  }
  return parts;
}
