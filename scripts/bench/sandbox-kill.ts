/**
 * Survivors: boxes that are aborted at random moments within 20 ms of their start, and boxes of a perfagent that is
 * itself killed.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../../src/lib/random.ts";
import { openBench, printTable, type Row } from "./measure/bench.ts";
import { endlessProgram } from "./measure/endless.ts";

/** Kills and counts. `PERFAGENT_BENCH_KILLS` sets the number of aborts (default 500). */
export async function run(): Promise<void> {
  const kills = Number(process.env.PERFAGENT_BENCH_KILLS ?? 500);
  const token = `bench-${crypto.randomUUID()}`;
  const bench = await openBench();
  const rows: Row[] = [];
  const random = createRandom(1);
  const delays: number[] = [];
  const program = await bench.build(endlessProgram(token));
  const limits = { wallMs: 60_000, memoryBytes: 2 ** 28, outputBytes: 2 ** 20 };
  for (let index = 0; index < kills; index += 1) {
    const controller = new AbortController();
    // The box of the last abort is dead, so each program is in a box that is just starting.
    const jobs = [{ build: program.build, stdin: "x", limits }];
    const running = bench.sandbox.run(jobs, { purpose: "check" }, controller.signal);
    await Bun.sleep(random() * 20);
    const start = performance.now();
    controller.abort();
    await running;
    delays.push(performance.now() - start);
  }
  await bench.close();
  rows.push([`processes left after ${kills} aborts`, await survivors(token), 0]);
  rows.push(["an abort, until everything is dead (ms, worst)", Math.max(...delays), 100]);
  for (let index = 0; index < OWN_DEATHS; index += 1) await dieWhileRunning(token, random() * 30);
  rows.push([`processes left after perfagent was killed ${OWN_DEATHS} times`, await survivors(token), 0]);
  printTable(rows);
}

// --- internal ---

const OWN_DEATHS = 20;

/** Time for the kernel to take away what was killed. */
const DYING_MS = 100;

/** Starts a process that runs endless programs, and kills it with SIGKILL. */
async function dieWhileRunning(token: string, afterMs: number): Promise<void> {
  const script = join(import.meta.dir, "measure", "endless.ts");
  const child = Bun.spawn([process.execPath, script, token], { stdout: "pipe", stderr: "inherit" });
  await child.stdout.getReader().read();
  await Bun.sleep(afterMs);
  child.kill("SIGKILL");
  await child.exited;
}

/** Processes in boxes that show a program with our token. */
async function survivors(token: string): Promise<number> {
  await Bun.sleep(DYING_MS);
  return readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(join("/proc", name, "root", "box", "code.cpp"), "utf8").includes(token);
    } catch {
      // Not in a box, or ended while we looked.
      return false;
    }
  }).length;
}
