/**
 * Records the noise series that the suite simulates the decision rule on:
 *
 *     bun scripts/bench/noise/record.ts NAME "how the machine was" [ROUNDS]
 *
 * writes test/fixtures/noise/NAME.json.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, release, tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalSandbox } from "../../../src/sandbox/local/index.ts";
import type { SamplePair } from "../../../src/types.ts";
import { recordSeries } from "./series.ts";

const [name, how, rounds = "250"] = process.argv.slice(2);
if (name === undefined || how === undefined)
  throw new Error('Give a name and words on the machine: NAME "HOW" [ROUNDS]');
const PASS_MS = 50;
const SEED = 20260101;

const root = mkdtempSync(join(tmpdir(), "perfagent-noise-"));
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const folders = { cacheDir: join(root, "cache"), tmpDir: join(root, "tmp") };
const sandbox = await createLocalSandbox({
  allowUnsafe: false,
  ...folders,
  env: process.env,
  logger: silent,
});
try {
  const series = await recordSeries({
    sandbox,
    rounds: Number(rounds),
    seed: SEED,
    passMs: PASS_MS,
    onProgress() {},
  });
  const header = {
    how: `${how} Hogs on every core, each busy and idle in turns of 0.2 to 1.5 s; passes of ${PASS_MS} ms on one core.`,
    made: `bun scripts/bench/noise/record.ts ${name} … ${rounds} (seed ${SEED})`,
    machine: `${availableParallelism()} × ${cpus()[0]?.model.trim()}, Linux ${release()}`,
    measurement: `${sandbox.info.isolation}, ${sandbox.info.measurement}`,
    columns: "first (0: A, 1: B), then A and B: runtime in µs, cpu_time in µs, integral in kB·s",
  };
  const lines = Object.entries(series).map(
    ([gain, pairs]) =>
      `  ${JSON.stringify(gain)}: [\n${pairs.map((pair) => `   ${JSON.stringify(row(pair))}`).join(",\n")}\n  ]`,
  );
  const path = join(import.meta.dir, `../../../test/fixtures/noise/${name}.json`);
  const head = JSON.stringify(header, null, 1).replace(/\n\}$/, "");
  writeFileSync(path, `${head},\n "gains": {\n${lines.join(",\n")}\n }\n}\n`);
} finally {
  await sandbox.close();
  rmSync(root, { recursive: true, force: true });
}

function row({ first, a, b }: SamplePair): number[] {
  const numbers = [a, b].flatMap(({ runtime = 0, cpu_time: cpu = 0, integral = 0 }) => [
    Math.round(runtime * 1e6),
    Math.round(cpu * 1e6),
    Math.round(integral * 1e3),
  ]);
  return [first === "a" ? 0 : 1, ...numbers];
}
