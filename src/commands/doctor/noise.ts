/** Doctor's look at the clock and the noise of this machine: how much do two runs of one program differ? */
import type { ExecResult, Language, Limits, Sandbox } from "../../types.ts";
import type { Check } from "./check.ts";

/** Two runs of the same program next to each other, many times. */
export interface Noise {
  readonly pairs: number;
  /** Median wall time of a run. */
  readonly wallMs: number;
  /** Median difference within a pair, as a share. */
  readonly wallDifference: number;
  /** The same of CPU time; null where it is not measured. */
  readonly cpuDifference: number | null;
  /** Smallest step of perfagent's clock. */
  readonly clockNs: number;
}

/** Times one program against itself; null when it does not run. */
export async function measureNoise(
  sandbox: Sandbox,
  runnable: readonly Language[],
  signal: AbortSignal,
): Promise<Noise | null> {
  const language = PREFERRED.find((candidate) => runnable.includes(candidate));
  const code = language === undefined ? undefined : WORK[language];
  if (language === undefined || code === undefined) return null;
  const build = await sandbox.build({ language, code }, signal);
  if (build.status === "failed") return null;
  const jobs = Array.from({ length: 2 * PAIRS }, () => ({ build, stdin: "", limits: LIMITS }));
  return noiseOf(await sandbox.run(jobs, { purpose: "time" }, signal), clockStepNs());
}

/** The noise in runs of one program, each two neighbours a pair; null when a run failed. */
export function noiseOf(results: readonly ExecResult[], clockNs: number): Noise | null {
  const walls = results.map(({ wallNs }) => wallNs);
  const cpus = results.map(({ cpuUs }) => cpuUs);
  if (results.some(({ status }) => status !== "exited") || !isMeasured(walls) || walls.length < 2)
    return null;
  return {
    pairs: Math.floor(walls.length / 2),
    wallMs: median(walls) / 1e6,
    wallDifference: median(pairDifferences(walls)),
    cpuDifference: isMeasured(cpus) ? median(pairDifferences(cpus)) : null,
    clockNs,
  };
}

/** The report's lines. */
export function noiseChecks(noise: Noise | null): Check[] {
  const section = "Clock and noise";
  if (noise === null) {
    const detail = "not measured: no C++ or Python program could be timed";
    return [{ section, name: "noise", status: "missing", detail, advice: "" }];
  }
  const cpu = noise.cpuDifference === null ? "" : `, ${percent(noise.cpuDifference)} in CPU time`;
  const steady = noise.wallDifference <= STEADY;
  return [
    { section, name: "clock", status: "ok", detail: `steps of ${noise.clockNs} ns`, advice: "" },
    {
      section,
      name: "noise",
      status: steady ? "ok" : "degraded",
      detail:
        `two runs of one program differ by ${percent(noise.wallDifference)} in wall time${cpu} ` +
        `(median of ${noise.pairs} pairs of ${noise.wallMs.toFixed(0)} ms)`,
      advice: steady ? "" : "Close what else runs here; small gains need many more runs to be seen",
    },
  ];
}

// --- internal ---

const PAIRS = 15;

/** Above this difference within pairs, a gain of 2 % takes more than the usual number of pairs. */
const STEADY = 0.05;

const LIMITS: Limits = { wallMs: 10_000, memoryBytes: 2 ** 28, outputBytes: 2 ** 16 };

const PREFERRED: readonly Language[] = ["cpp", "python3"];

/** Some 30 ms of computing that no compiler leaves out. */
const WORK: Readonly<Partial<Record<Language, string>>> = {
  cpp: '#include <cstdio>\nint main() { unsigned x = 1; for (volatile int i = 0; i < 15000000; i = i + 1) x = x * 1664525u + 1013904223u; std::printf("%u", x); }\n',
  python3: "x = 1\nfor i in range(200000):\n    x = (x * 1664525 + 1013904223) % 4294967296\nprint(x)\n",
};

function clockStepNs(): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 1000; round += 1) {
    const before = Bun.nanoseconds();
    let after = before;
    while (after === before) after = Bun.nanoseconds();
    smallest = Math.min(smallest, after - before);
  }
  return smallest;
}

function isMeasured(values: readonly (number | null)[]): values is readonly number[] {
  return values.every((value) => value !== null && value > 0);
}

/** |ln(a/b)| of neighbours: close to the difference as a share, and the same in both directions. */
function pairDifferences(values: readonly number[]): number[] {
  const differences: number[] = [];
  for (let index = 0; index + 1 < values.length; index += 2) {
    differences.push(Math.abs(Math.log((values[index] ?? 1) / (values[index + 1] ?? 1))));
  }
  return differences;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  const high = sorted[Math.floor(middle)] ?? Number.NaN;
  return (low + high) / 2;
}

function percent(share: number): string {
  return `${(share * 100).toPrecision(2)} %`;
}
