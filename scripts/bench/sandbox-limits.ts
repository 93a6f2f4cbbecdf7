/** How exactly limits are held: memory beyond its limit, and the time until a program over its time is reported. */
import type { ExecResult } from "../../src/types.ts";
import { median, openBench, printTable, type Row } from "./measure/bench.ts";

/** Measures and prints. */
export async function run(): Promise<void> {
  const bench = await openBench();
  const rows: Row[] = [];
  // With control groups the kernel stands behind the watch.
  const memoryBar = /^L[12]$/.test(bench.sandbox.info.isolation) ? 0.05 : 0.1;
  try {
    for (const [what, code] of HOGS) {
      const program = await bench.build(code);
      for (const limitMib of [64, 256, 1024]) {
        const memoryBytes = limitMib * 2 ** 20;
        const results = await bench.run(program, RUNS, "time", { memoryBytes });
        expectStatus(results, "memory_limit");
        const over = results.map(({ peakBytes }) => (peakBytes ?? 0) / memoryBytes - 1);
        rows.push([
          `memory beyond ${limitMib} MiB, ${what} (share, worst of ${RUNS})`,
          Math.max(...over),
          memoryBar,
        ]);
      }
    }
    for (const [what, code] of ENDLESS) {
      const program = await bench.build(code);
      for (const wallMs of [100, 1000]) {
        const beyond: number[] = [];
        for (let index = 0; index < RUNS; index += 1) {
          const start = performance.now();
          // As in a check: a timed pass would also wait for those of other processes.
          expectStatus(await bench.run(program, 1, "check", { wallMs }), "timeout");
          beyond.push(performance.now() - start - wallMs);
        }
        rows.push([`returned after a limit of ${wallMs} ms, ${what} (ms, middle)`, median(beyond), 100]);
        rows.push([`the same, worst of ${RUNS}`, Math.max(...beyond), 100]);
      }
    }
    printTable(rows);
  } finally {
    await bench.close();
  }
}

// --- internal ---

const RUNS = 7;

/** Programs that take memory as fast as they can. */
const HOGS = [
  [
    "page by page",
    "#include <cstdlib>\n#include <cstring>\nint main() { for (;;) { volatile char *p = (volatile char *)malloc(1 << 20); for (int i = 0; i < 1 << 20; i += 4096) p[i] = 1; } }\n",
  ],
  [
    "two threads",
    "#include <cstdlib>\n#include <thread>\nstatic void hog() { for (;;) { volatile char *p = (volatile char *)malloc(1 << 20); for (int i = 0; i < 1 << 20; i += 4096) p[i] = 1; } }\nint main() { std::thread a(hog), b(hog); a.join(); b.join(); }\n",
  ],
] as const;

const ENDLESS = [
  ["a loop", "int main() { for (volatile int i = 0;; i = i + 1) continue; }\n"],
  ["a sleeper", "#include <unistd.h>\nint main() { for (;;) pause(); }\n"],
  ["a fork bomb", "#include <unistd.h>\nint main() { for (;;) fork(); }\n"],
] as const;

function expectStatus(results: readonly ExecResult[], wanted: string): void {
  for (const { status, message } of results) {
    if (status !== wanted) throw new Error(`A program ended with ${status} instead of ${wanted}: ${message}`);
  }
}
