/**
 * What a batch costs beyond its programs, its memory, and how busy it keeps the cores.
 *
 * Crash safety is a test: `PERFAGENT_TEST_KILLS=200 bun test test/e2e/batch-kill.test.ts`.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { JournalEvent } from "../../src/events.ts";
import { readJournal } from "../../src/record/journal.ts";

const SIZES = [10, 100, 1000] as const;
const MEMORY_BAR_MB = 300;
const BUSY_BAR = 0.9;

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "perfagent-bench-"));
  try {
    await benchOverhead(folder);
    await benchCores(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// --- internal ---

const CLI = join(import.meta.dir, "../../src/cli.ts");

/** Small instances, a scripted sandbox and recorded answers: what is left is perfagent's own work. */
async function benchOverhead(folder: string): Promise<void> {
  writeScripted(folder, SIZES.at(-1) ?? 0);
  const costs = new Map<number, number>();
  for (const size of SIZES) {
    const args = ["--limit", String(size), "--base-dir", `out${size}`, "--model", "replay:answers.jsonl"];
    const settings = ["--set", "backend=fake", "--set", "held_out_tests=0", "--max-iterations", "2"];
    const { cpuMs, wallMs, peakMb } = await batch(folder, [
      "--initial-code-dir",
      "initial",
      "--mode",
      "direct",
      ...args,
      ...settings,
    ]);
    costs.set(size, cpuMs);
    print(
      `${size} instances`,
      `${(wallMs / 1000).toFixed(2)} s`,
      `${(cpuMs / 1000).toFixed(2)} s of processor time`,
    );
    if (size === SIZES.at(-1))
      print(
        "  peak memory",
        `${peakMb.toFixed(0)} MB`,
        `${ratio(peakMb, MEMORY_BAR_MB)} of the bar (${MEMORY_BAR_MB} MB)`,
      );
  }
  const [ten = 0, hundred = 0, thousand = 0] = SIZES.map((size) => costs.get(size));
  const early = (hundred - ten) / 90;
  const late = (thousand - hundred) / 900;
  print("an instance more, from 10 to 100", `${early.toFixed(2)} ms`, "processor time, without start-up");
  print(
    "an instance more, from 100 to 1,000",
    `${late.toFixed(2)} ms`,
    `${ratio(late, early)} of the former (bar: flat, about 1)`,
  );
}

/** Programs that fail their tests are only checked, never timed: the cores should have nothing but programs. */
async function benchCores(folder: string): Promise<void> {
  const work = join(folder, "cores");
  mkdirSync(join(work, "instances"), { recursive: true });
  mkdirSync(join(work, "initial"));
  const tests = Array.from({ length: 20 }, (_, i) => ({ input: `${i}\n`, output: "something else" }));
  for (let i = 0; i < 6; i++) {
    writeFileSync(
      join(work, "instances", `t${i}.json`),
      JSON.stringify({ description: "Count.", generated_tests: tests }),
    );
    writeFileSync(join(work, "initial", `t${i}.py`), `print(sum(i * i for i in range(4_000_000)), ${i})\n`);
  }
  const answers = join(work, "answers.jsonl");
  writeFileSync(answers, '"none"\n');
  const { wallMs } = await batch(work, [
    ...["--initial-code-dir", "initial", "--base-dir", "out", "--model", `replay:${answers}`],
    ...["--max-iterations", "0", "--time-limit", "60"],
  ]);
  const tasks = Array.from(
    { length: 6 },
    (_, i) => readJournal(join(work, "out", `t${i}`, `t${i}.journal.jsonl`)).events,
  );
  const ranMs = tasks.flat().reduce((sum, event) => sum + wallMsOf(event), 0);
  const started = Math.min(...tasks.map(([first]) => Date.parse(first?.at ?? "")));
  const ended = Math.max(...tasks.map((events) => Date.parse(events.at(-1)?.at ?? "")));
  const cores = availableParallelism();
  const busy = ranMs / (cores * (ended - started));
  print(
    `${cores} cores in correctness passes`,
    `${(busy * 100).toFixed(1)} % busy`,
    `bar ${BUSY_BAR * 100} %; the batch took ${(wallMs / 1000).toFixed(1)} s`,
  );
}

function wallMsOf(event: JournalEvent): number {
  if (event.type !== "initial_evaluated") return 0;
  return (event.evaluation?.tests ?? []).reduce((sum, { wallNs }) => sum + (wallNs ?? 0) / 1e6, 0);
}

function writeScripted(folder: string, count: number): void {
  mkdirSync(join(folder, "instances"));
  mkdirSync(join(folder, "initial"));
  const program = (wallMs: number): string =>
    `# perfagent-fake: {"stdout":"3\\n","wallMs":${wallMs}}\nprint(3)\n`;
  const text = JSON.stringify({
    description: "Print three.",
    generated_tests: [{ input: "1\n", output: "3" }],
  });
  for (let i = 0; i < count; i++) {
    const name = `t${String(i).padStart(4, "0")}`;
    writeFileSync(join(folder, "instances", `${name}.json`), text);
    writeFileSync(join(folder, "initial", `${name}.py`), program(300));
  }
  const answers = ["no code", `\`\`\`python\n${program(100)}\`\`\``];
  writeFileSync(
    join(folder, "answers.jsonl"),
    `${answers.map((answer) => JSON.stringify(answer)).join("\n")}\n`,
  );
}

interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakMb: number;
}

/** How often the memory of a running batch is looked at: its peak so far, so that nothing between is missed. */
const LOOK_MS = 20;

async function batch(cwd: string, args: readonly string[]): Promise<Cost> {
  const startedMs = performance.now();
  const child = Bun.spawn(
    [
      process.execPath,
      "--no-env-file",
      "--config=/dev/null",
      CLI,
      "batch",
      "--instances-dir",
      "instances",
      "--quiet",
      ...args,
    ],
    { cwd, stdin: "ignore", stdout: "ignore", stderr: "inherit" },
  );
  let peakMb = 0;
  const timer = setInterval(() => {
    peakMb = Math.max(peakMb, peakOf(child.pid));
  }, LOOK_MS);
  const exitCode = await child.exited;
  clearInterval(timer);
  if (exitCode !== 0) throw new Error(`the batch ended with ${exitCode}`);
  const cpuUs = child.resourceUsage()?.cpuTime.total ?? 0n;
  return { wallMs: performance.now() - startedMs, cpuMs: Number(cpuUs) / 1000, peakMb };
}

function peakOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return (Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024) / 1e6;
  } catch {
    return 0;
  }
}

function ratio(value: number, bar: number): string {
  return `${(value / bar).toFixed(2)}×`;
}

function print(what: string, figure: string, bar: string): void {
  process.stdout.write(`${what.padEnd(38)} ${figure.padStart(14)}   ${bar}\n`);
}
