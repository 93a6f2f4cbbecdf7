/** How much perfagent itself grows while programs flood their outputs. */
import { readFileSync } from "node:fs";
import { openBench, printTable, type Row } from "./measure/bench.ts";

/** Floods and measures. */
export async function run(): Promise<void> {
  const bench = await openBench();
  const rows: Row[] = [];
  try {
    const warm = await bench.build("int main() {}\n");
    await bench.run(warm, 20, "check");
    for (const [what, code, outputBytes] of FLOODS) {
      const program = await bench.build(code);
      Bun.gc(true);
      const before = residentBytes();
      let highest = before;
      const watch = setInterval(() => {
        highest = Math.max(highest, residentBytes());
      }, 1);
      const results = await bench.run(program, 1, "check", { outputBytes });
      clearInterval(watch);
      const [result] = results;
      highest = Math.max(highest, residentBytes());
      rows.push([
        `growth with ${what}: ${result?.status} (MB)`,
        (highest - before) / 1e6,
        outputBytes / 1e6 + 16,
      ]);
    }
    printTable(rows);
  } finally {
    await bench.close();
  }
}

// --- internal ---

const MIB = 2 ** 20;

function flood(fd: number): string {
  return `#include <unistd.h>\nstatic char b[65536];\nint main() { for (;;) write(${fd}, b, sizeof b); }\n`;
}

const FLOODS = [
  ["a flood of output, 1 MiB allowed", flood(1), MIB],
  ["a flood of output, 64 MiB allowed", flood(1), 64 * MIB],
  ["a flood of errors, 64 MiB allowed", flood(2), 64 * MIB],
  [
    "32 MiB of output, 64 MiB allowed",
    "#include <unistd.h>\nstatic char b[65536];\nint main() { for (int i = 0; i < 512; i++) if (write(1, b, sizeof b) < 0) return 1; }\n",
    64 * MIB,
  ],
] as const;

function residentBytes(): number {
  return Number(readFileSync("/proc/self/statm", "utf8").split(" ")[1]) * 4096;
}
