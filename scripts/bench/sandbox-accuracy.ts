/**
 * How right the numbers are: CPU time beside the kernel's own count, peak memory beside what wait4() tells a small parent,
 * the memory–time integral beside its formula, and what looking costs.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecResult } from "../../src/types.ts";
import {
  type Bench,
  type BenchProgram,
  median,
  openBench,
  printTable,
  type Row,
  write,
} from "./measure/bench.ts";

/** Measures and prints. */
export async function run(): Promise<void> {
  const bench = await openBench();
  try {
    const rows: Row[] = [];
    rows.push(...(await cpuRows(bench)));
    rows.push(...(await memoryRows(bench)));
    rows.push(...(await integralRows(bench)));
    rows.push(...(await samplerRows(bench)));
    printTable(rows);
  } finally {
    await bench.close();
  }
}

// --- internal ---

const MB = 1e6;
const RUNS = 5;

/** Common beginning of the programs: burns CPU time of this process, in ms. */
const BURN = `#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <csignal>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
static double clock_ms(clockid_t id) { timespec t; clock_gettime(id, &t); return t.tv_sec * 1e3 + t.tv_nsec / 1e6; }
static void burn(double ms) { double start = clock_ms(CLOCK_PROCESS_CPUTIME_ID); while (clock_ms(CLOCK_PROCESS_CPUTIME_ID) - start < ms) continue; }
static char *touch(size_t bytes) { char *p = (char *)mmap(0, bytes, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); for (size_t i = 0; i < bytes; i += 4096) ((volatile char *)p)[i] = 1; return p; }
`;

async function results(
  bench: Bench,
  code: string,
  count = RUNS,
): Promise<readonly [BenchProgram, ExecResult[]]> {
  const program = await bench.build(code);
  const all = await bench.run(program, count, "time");
  for (const { status, message } of all) if (status !== "exited") throw new Error(`${status} ${message}`);
  return [program, all];
}

async function cpuRows(bench: Bench): Promise<Row[]> {
  const rows: Row[] = [];
  for (const ms of [5, 50, 500]) {
    const [program, all] = await results(bench, `${BURN}int main() { burn(${ms}); }\n`);
    const counted = cgroupCpuMs(bench.programPath(program));
    if (counted === null) continue;
    const seen = median(all.map(({ cpuUs }) => (cpuUs ?? 0) / 1000));
    // The bar is 1 % or 2 ms, whichever is more.
    rows.push([
      `CPU time of ${ms} ms, from the control group's, of the bar`,
      Math.abs(seen - counted) / Math.max(counted / 100, 2),
      1,
    ]);
  }
  const unwaited = `${BURN}int main() { int p[2]; if (pipe(p)) return 1; if (!fork()) { burn(300); char c = 1; (void)!write(p[1], &c, 1); sleep(5); } char c; (void)!read(p[0], &c, 1); }\n`;
  const [, notWaited] = await results(bench, unwaited);
  rows.push([
    "CPU time of a child that is not waited for, share counted",
    median(notWaited.map(({ cpuUs }) => (cpuUs ?? 0) / 3e5)),
    0.9,
    "least",
  ]);
  const ignored = `${BURN}int main() { signal(SIGCHLD, SIG_IGN); for (int i = 0; i < 3; i++) if (!fork()) { burn(100); _exit(0); } while (wait(0) > 0) continue; }\n`;
  const [, hidden] = await results(bench, ignored);
  rows.push([
    "CPU time of children whose end is ignored, share counted",
    median(hidden.map(({ cpuUs }) => (cpuUs ?? 0) / 3e5)),
    0.9,
    "least",
  ]);
  return rows;
}

async function memoryRows(bench: Bench): Promise<Row[]> {
  const rows: Row[] = [];
  const peakRow = async (what: string, code: string, expected?: number): Promise<void> => {
    const [program, all] = await results(bench, code);
    const truth = expected ?? gnuTimePeak(bench.programPath(program));
    if (truth === null) return;
    const seen = median(all.map(({ peakBytes }) => peakBytes ?? 0));
    rows.push([`${what}, from the truth, of the bar`, Math.abs(seen - truth) / Math.max(truth / 100, MB), 1]);
  };
  await peakRow("peak of an empty program", "int main() {}\n");
  await peakRow("peak of 50 MB", `${BURN}int main() { touch(50 << 20); burn(20); }\n`);
  await peakRow(
    "peak of a 200 MB spike",
    `${BURN}int main() { munmap(touch(200 << 20), 200 << 20); usleep(50000); }\n`,
  );
  // The heap of the measuring process must not show.
  const heap = Buffer.alloc(2 ** 30, 1);
  await peakRow(
    "peak of 50 MB, with a 1 GB heap in perfagent",
    `${BURN}int main() { touch(50 << 20); burn(20); }\n`,
  );
  if (heap.length === 0) throw new Error("The heap is gone");
  const tree = `${BURN}int main() { touch(30 << 20); for (int i = 0; i < 4; i++) if (!fork()) { touch(40 << 20); usleep(300000); _exit(0); } while (wait(0) > 0) continue; }\n`;
  const [, all] = await results(bench, tree);
  // The parent's pages are shared with its children; so are libraries, an empty program's size.
  const truth =
    (30 + 4 * 40) * 2 ** 20 + (gnuTimePeak(bench.programPath(await bench.build("int main() {}\n"))) ?? 0);
  const seen = median(all.map(({ peakBytes }) => peakBytes ?? 0));
  rows.push(["peak of a tree of five, from the truth (share)", Math.abs(seen - truth) / truth, 0.03]);
  return rows;
}

async function integralRows(bench: Bench): Promise<Row[]> {
  // 1 MB more every 4 ms for 400 ms, then 200 ms at 100 MB; the program takes the area itself, and its own start is added.
  const ramp = `${BURN}int main() { size_t n = 100u << 20; char *p = (char *)mmap(0, n, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
double t0 = clock_ms(CLOCK_MONOTONIC), area = 0, last = t0; int mb = 0;
while (mb < 100) { double t = clock_ms(CLOCK_MONOTONIC); if (t - t0 >= mb * 4.0) { area += mb * (t - last) / 1e3; last = t; memset(p + ((size_t)mb << 20), 1, 1 << 20); mb++; } else usleep(200); }
double t = clock_ms(CLOCK_MONOTONIC); area += mb * (t - last) / 1e3; last = t;
while (clock_ms(CLOCK_MONOTONIC) - t < 200) usleep(1000);
area += mb * (clock_ms(CLOCK_MONOTONIC) - last) / 1e3; printf("%.6f\\n", area * 1048576); }
`;
  const [, all] = await results(bench, ramp);
  const [, flat] = await results(bench, `${BURN}int main() { usleep(100000); }\n`);
  const base = median(flat.map(({ peakBytes }) => peakBytes ?? 0));
  const errors = all.map(({ integralByteS, stdout, wallNs }) => {
    const truth = Number(new TextDecoder().decode(stdout)) + (base * (wallNs ?? 0)) / 1e9;
    return Math.abs((integralByteS ?? 0) - truth) / truth;
  });
  return [["integral of a ramp of 600 ms, from its formula (share)", median(errors), 0.01]];
}

async function samplerRows(bench: Bench): Promise<Row[]> {
  const code = `${BURN}int main() { touch(50 << 20); volatile unsigned long x = 0; for (long i = 0; i < 300000000; i++) x = x + i; }\n`;
  const program = await bench.build(code);
  const boxed: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < RUNS; round += 1) {
    boxed.push(...(await bench.run(program, 1, "time")).map(({ wallNs }) => (wallNs ?? 0) / 1e6));
    bare.push(...(await bench.bare(program, 1)));
  }
  return [
    [
      "what watching adds to a program of half a second (share)",
      Math.min(...boxed) / Math.min(...bare) - 1,
      0.02,
    ],
  ];
}

/** CPU time of a program in ms by a control group of its own; null where none can be made. */
function cgroupCpuMs(path: string): number | null {
  const root = "/sys/fs/cgroup/cpuacct";
  if (!existsSync(root) || process.geteuid?.() !== 0) return null;
  const group = join(root, `perfagent-bench-${process.pid}`);
  mkdirSync(group);
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    writeFileSync(join(group, "cpuacct.usage"), "0");
    Bun.spawnSync(["/bin/sh", "-c", `echo $$ > ${group}/cgroup.procs && exec ${path}`]);
    times.push(Number(readFileSync(join(group, "cpuacct.usage"), "utf8")) / 1e6);
  }
  rmdirSync(group);
  return median(times);
}

/** Peak memory of a program in bytes by GNU time; null where it is not installed. */
function gnuTimePeak(path: string): number | null {
  if (!existsSync("/usr/bin/time")) {
    write("GNU time is not installed: peaks are not compared");
    return null;
  }
  const peaks = Array.from({ length: RUNS }, () => {
    const done = Bun.spawnSync(["/usr/bin/time", "-f", "%M", path], { stdout: "ignore", stderr: "pipe" });
    return Number(done.stderr.toString().trim().split("\n").at(-1)) * 1024;
  });
  return median(peaks);
}
