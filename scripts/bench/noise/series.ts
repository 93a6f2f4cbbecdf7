/**
 * Series of paired passes on a machine whose other work comes and goes: what the decision rule is tried on, live by
 * `bench decision` and stored by `record.ts` for the suite.
 */
import { createRandom } from "../../../src/lib/random.ts";
import type { ExecResult, Job, Sample, SamplePair, Sandbox, SuccessfulBuild } from "../../../src/types.ts";
import { startHogs } from "./hogs.ts";

/** True gains of B over A, as shares of A's work; 0 is the same program twice. */
export const GAINS = [0, 0.05, 0.1] as const;
export type Gain = (typeof GAINS)[number];

/** The pairs of one round: the same program takes more decisions, because its rate is the smallest. */
const ROUND: readonly Gain[] = [0, 0, 0, 0.05, 0.1];

/** For each gain its pairs, in the order in which they were measured. */
export type NoiseSeries = Readonly<Record<`${Gain}`, readonly SamplePair[]>>;

export interface SeriesOptions {
  readonly sandbox: Sandbox;
  readonly rounds: number;
  readonly seed: number;
  /** Processor time of one pass of A. */
  readonly passMs: number;
  readonly onProgress: (rounds: number) => void;
}

/**
 * Measures rounds of pairs, three of the same program and one of each gain, A and B next to each other in an order that a coin decides, while hogs
 * take the cores for 0.2 to 1.5 s at a time.
 */
export async function recordSeries(options: SeriesOptions): Promise<NoiseSeries> {
  const { sandbox, rounds, seed } = options;
  const signal = new AbortController().signal;
  const random = createRandom(seed);
  const loopsFor = await calibrate(sandbox, signal);
  const older = await buildWork(sandbox, loopsFor(options.passMs), "older", signal);
  const newer: Record<string, SuccessfulBuild> = {};
  for (const gain of GAINS) {
    newer[gain] = await buildWork(sandbox, loopsFor(options.passMs * (1 - gain)), `newer ${gain}`, signal);
  }

  const series: Record<`${Gain}`, SamplePair[]> = { "0": [], "0.05": [], "0.1": [] };
  const hogs = startHogs(seed);
  try {
    for (let done = 0; done < rounds; done += ROUNDS_PER_CALL) {
      const plan = Array.from({ length: Math.min(ROUNDS_PER_CALL, rounds - done) }, () =>
        ROUND.map((gain) => ({ gain, first: random() < 0.5 ? ("a" as const) : ("b" as const) })),
      ).flat();
      const jobs = plan.flatMap(({ gain, first }) => {
        const b = newer[gain] ?? older;
        return (first === "a" ? [older, b] : [b, older]).map(jobOf);
      });
      const results = await sandbox.run(jobs, { purpose: "time" }, signal);
      for (const [index, { gain, first }] of plan.entries()) {
        const one = sampleOf(results[2 * index]);
        const other = sampleOf(results[2 * index + 1]);
        series[`${gain}`].push(first === "a" ? { a: one, b: other, first } : { a: other, b: one, first });
      }
      options.onProgress(done + ROUNDS_PER_CALL);
    }
  } finally {
    hogs.stop();
  }
  return series;
}

// --- internal ---

/** Jobs of one call run on one core without a gap; a call of this size is a few seconds. */
const ROUNDS_PER_CALL = 5;

/** Arithmetic that no compiler can shorten, over memory that it really touches. */
function workSource(loops: number, name: string): string {
  return `// ${name}
#include <cstdint>
#include <cstdio>
#include <vector>
int main() {
  std::vector<uint32_t> table(1 << 16, 1);
  uint32_t x = 12345;
  for (long i = 0; i < ${loops}L; i++) {
    x ^= x << 13; x ^= x >> 17; x ^= x << 5;
    table[x & ((1 << 16) - 1)] += x;
  }
  printf("%u\\n", table[x & 1023]);
}
`;
}

async function buildWork(
  sandbox: Sandbox,
  loops: number,
  name: string,
  signal: AbortSignal,
): Promise<SuccessfulBuild> {
  const build = await sandbox.build({ language: "cpp", code: workSource(loops, name) }, signal);
  if (build.status === "failed") throw new Error(`The benchmark's program does not build: ${build.message}`);
  return build;
}

/** The number of loops for a processor time, start-up included, from the quickest of several runs. */
async function calibrate(sandbox: Sandbox, signal: AbortSignal): Promise<(passMs: number) => number> {
  const loops = 5_000_000;
  const build = await buildWork(sandbox, loops, "calibration", signal);
  const idle = await buildWork(sandbox, 0, "calibration", signal);
  const quickestUs = async (of: SuccessfulBuild): Promise<number> => {
    const jobs = Array.from({ length: 9 }, () => jobOf(of));
    const results = await sandbox.run(jobs, { purpose: "time" }, signal);
    return Math.min(...results.map((result) => result.cpuUs ?? Number.POSITIVE_INFINITY));
  };
  const idleUs = await quickestUs(idle);
  const perLoopUs = ((await quickestUs(build)) - idleUs) / loops;
  return (passMs) => Math.round((passMs * 1000 - idleUs) / perLoopUs);
}

function jobOf(build: SuccessfulBuild): Job {
  return { build, stdin: "", limits: { wallMs: 20_000, memoryBytes: 256e6, outputBytes: 1000 } };
}

function sampleOf(result: ExecResult | undefined): Sample {
  if (result?.status !== "exited") throw new Error(`A pass ended with ${result?.status}: ${result?.message}`);
  const sample: Record<string, number> = {};
  if (result.wallNs !== null) sample.runtime = result.wallNs / 1e9;
  if (result.cpuUs !== null) sample.cpu_time = result.cpuUs / 1e6;
  if (result.integralByteS !== null) sample.integral = result.integralByteS / 1e6;
  if (result.peakBytes !== null) sample.memory = result.peakBytes / 1e6;
  return sample;
}
