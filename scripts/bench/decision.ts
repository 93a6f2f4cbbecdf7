/**
 * Error rates of the decision rule on this machine, while other work comes and goes: false accepts for the same program
 * twice, and how often true gains of 5 % and 10 % are found, beside the original tool's rule on the same samples.
 *
 * `PERFAGENT_BENCH_ROUNDS` sets the number of rounds (default 1100: about 20 minutes on an otherwise idle machine of two
 * cores). Decisions are made twice: one after another on pairs of their own, as many as there are, and 1000 that begin at
 * random places of the series.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalSandbox } from "../../src/sandbox/local/index.ts";
import type { Criterion, Logger } from "../../src/types.ts";
import { GAINS, type NoiseSeries, recordSeries } from "./noise/series.ts";
import { decideAtRandom, decideClassic, decideInTurn, type Rates } from "./noise/simulate.ts";

const METRICS = ["cpu_time", "runtime", "integral"] as const;

/** Measures, decides and prints. */
export async function run(): Promise<void> {
  const rounds = Number(process.env.PERFAGENT_BENCH_ROUNDS ?? 1100);
  const root = mkdtempSync(join(tmpdir(), "perfagent-bench-"));
  const logger: Logger = { debug() {}, info() {}, warn: write, error: write };
  const sandbox = await createLocalSandbox({
    allowUnsafe: false,
    cacheDir: join(root, "cache"),
    tmpDir: join(root, "tmp"),
    env: process.env,
    logger,
  });
  try {
    write(`isolation ${sandbox.info.isolation}, measurement ${sandbox.info.measurement}, ${rounds} rounds`);
    const started = performance.now();
    const series = await recordSeries({
      sandbox,
      rounds,
      seed: 1,
      passMs: PASS_MS,
      onProgress: (done) => {
        if (done % 500 === 0)
          write(`${done} rounds after ${Math.round((performance.now() - started) / 1000)} s`);
      },
    });
    report(series);
  } finally {
    await sandbox.close();
    rmSync(root, { recursive: true, force: true });
  }
}

// --- internal ---

/** Half of the least work of a real comparison's pair: noisier, so the rates are on the safe side. */
const PASS_MS = 50;

const RANDOM_DECISIONS = 1000;

/** Bars: false accepts of any metric, gains of 5 % found on CPU time, and the pairs they may take. */
const FALSE_ACCEPTS = 0.01;
const FOUND = 0.9;
const PAIRS = 30;

function report(series: NoiseSeries): void {
  for (const metric of METRICS) {
    write(`\n${metric}${metric === "runtime" ? " (decides on CPU time where that may stand for it)" : ""}`);
    for (const gain of GAINS) {
      const pairs = series[`${gain}`];
      if (pairs.some(({ a }) => a[metric] === undefined)) {
        write("  was not measured");
        break;
      }
      const own = decideInTurn(pairs, criterion(metric));
      const rates = decideAtRandom(pairs, criterion(metric), RANDOM_DECISIONS, 1);
      const classic = decideClassic(pairs, metric);
      write(`  ${label(gain)}: ${shown(own)}`);
      write(`    at random places: ${shown(rates)}`);
      write(`    the original's rule: ${percent(classic.faster)} of ${classic.decisions}`);
      if (gain === 0) bar("false accepts / bar", rates.faster / FALSE_ACCEPTS, "at most 1");
      if (gain === 0.05 && metric === "cpu_time") {
        bar("found / bar", rates.faster / FOUND, "at least 1");
        bar("mean pairs / bar", rates.meanPairs / PAIRS, "at most 1");
      }
    }
  }
}

function criterion(metric: string): Criterion {
  return { metric, minEffect: 0.02, maxPairs: 60, question: "faster", exact: false };
}

function label(gain: number): string {
  return gain === 0 ? "the same program" : `${gain * 100} % less work`;
}

function shown({ decisions, faster, meanPairs }: Rates): string {
  return `${percent(faster)} of ${decisions} decisions say faster, ${meanPairs.toFixed(1)} pairs on average`;
}

function bar(name: string, ratio: number, wanted: string): void {
  write(`    ${name}: ${ratio.toFixed(2)} (${wanted})`);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

function write(line: string): void {
  process.stderr.write(`${line}\n`);
}
