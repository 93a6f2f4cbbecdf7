/**
 * What the sandbox costs: one test in a box beside a bare C loop around the same program, and 1, 10, 100, 1000 tests.
 */
import { type Bench, type BenchProgram, median, openBench, printTable, type Row } from "./measure/bench.ts";

/** Measures and prints. */
export async function run(): Promise<void> {
  const bench = await openBench();
  const rows: Row[] = [];
  try {
    const empty = await bench.build("int main() {}\n");
    const boxed: number[] = [];
    const walls: number[] = [];
    for (let index = 0; index < SINGLE_RUNS; index += 1) {
      const start = Bun.nanoseconds();
      const [result] = await bench.run(empty, 1, "time");
      boxed.push((Bun.nanoseconds() - start) / 1e6);
      walls.push((result?.wallNs ?? 0) / 1e6);
    }
    const bareEmpty = median(await bench.bare(empty, SINGLE_RUNS));
    rows.push(["one test, beyond the program's own time (ms)", median(boxed) - median(walls), 8]);
    rows.push([
      "wall time of an empty program, from the C loop's (ms)",
      Math.abs(median(walls) - bareEmpty),
      0.3,
    ]);

    const direct: number[] = [];
    for (let index = 0; index < SINGLE_RUNS; index += 1) {
      const start = Bun.nanoseconds();
      await Bun.spawn([bench.programPath(empty)], { stdio: ["ignore", "ignore", "ignore"] }).exited;
      direct.push((Bun.nanoseconds() - start) / 1e6);
    }
    rows.push(["direct spawn, beyond the C loop (ms)", median(direct) - bareEmpty, 0.3]);

    const short = await busy(bench, 1.5);
    const shortWalls: number[] = [];
    const shortBare: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      shortWalls.push(
        ...(await bench.run(short, SINGLE_RUNS, "time")).map(({ wallNs }) => (wallNs ?? 0) / 1e6),
      );
      shortBare.push(...(await bench.bare(short, SINGLE_RUNS)));
    }
    rows.push([
      "wall time of a 1.5 ms program, from the C loop's (ms)",
      Math.abs(median(shortWalls) - median(shortBare)),
      0.3,
    ]);
    rows.push(["its runs that were measured below 1 ms", shortWalls.filter((wall) => wall < 1).length, 0]);

    const twenty = await busy(bench, 20);
    let previous = 0;
    for (const count of COUNTS) {
      const ratios: number[] = [];
      const perTest: number[] = [];
      // Next to each other, so that both see the same machine; the middle one of several rounds.
      for (let round = 0; round < (count < 1000 ? ROUNDS : 1); round += 1) {
        const bare = (await bench.bare(twenty, count)).reduce((sum, wall) => sum + wall, 0);
        const start = Bun.nanoseconds();
        await bench.run(twenty, count, "time");
        const took = (Bun.nanoseconds() - start) / 1e6;
        ratios.push(took / bare);
        perTest.push(took / count);
      }
      rows.push([
        `${count} tests of 20 ms, over the C loop's time`,
        median(ratios),
        count === 100 ? 1.15 : 1.5,
      ]);
      const now = median(perTest);
      if (previous > 0)
        rows.push([`${count} tests, time per test over that of ten times fewer`, now / previous, 1.15]);
      previous = now;
    }
    printTable(rows);
  } finally {
    await bench.close();
  }
}

// --- internal ---

const SINGLE_RUNS = 101;
const ROUNDS = 5;
const COUNTS = [1, 10, 100, 1000] as const;

/**
 * A program that works for about so long. It counts steps: one that asked for its own CPU time would wait for a clock that
 * runs behind at its start.
 */
async function busy(bench: Bench, milliseconds: number): Promise<BenchProgram> {
  const known = await bench.build(counting(CALIBRATION_STEPS));
  const stepMs = median(await bench.bare(known, CALIBRATION_RUNS)) / CALIBRATION_STEPS;
  return await bench.build(counting(Math.round(milliseconds / stepMs)));
}

/** Long beside the start of a process. */
const CALIBRATION_STEPS = 20_000_000;
const CALIBRATION_RUNS = 5;

function counting(steps: number): string {
  return `#include <cstdint>
int main() {
  volatile uint64_t sum = 1;
  for (int i = 0; i < ${steps}; i++) sum = sum + i;
}
`;
}
