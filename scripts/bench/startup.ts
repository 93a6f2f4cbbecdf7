/**
 * How long the built binary takes to answer, and its memory, beside the smallest program of the same runtime. Needs
 * `dist/perfagent` (or the binary named by `PERFAGENT_TEST_BINARY`).
 *
 * The base is `bun -e " "`: with a text that is really empty, Bun prints its own help and starts no program at all.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Bar of the contract. */
const BAR = 3;

/** Enough for a steady median; the two programs take turns, so that a busy moment hits both. */
const ROUNDS = 40;

export async function run(): Promise<void> {
  const binary = process.env.PERFAGENT_TEST_BINARY ?? join(import.meta.dir, "../../dist/perfagent");
  if (!existsSync(binary)) throw new Error(`There is no '${binary}'; build it first: npm run build`);
  const base = [process.execPath, "-e", " "];
  for (const args of [["--version"], ["--help"], ["run", "--help"], ["config"]]) {
    const times: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      times[0].push(await wallMs(base));
      times[1].push(await wallMs([binary, ...args]));
    }
    const [baseMs, ms] = [median(times[0]), median(times[1])];
    const bar = args.length === 1 && args[0] !== "config" ? ` (bar ${BAR})` : "";
    print(
      `perfagent ${args.join(" ")}: ${ms.toFixed(1)} ms, bun: ${baseMs.toFixed(1)} ms, ratio ${(ms / baseMs).toFixed(2)}${bar}`,
    );
  }
  // Both wait for standard input while their memory is read.
  const baseMb = await peakMb([process.execPath, "-e", "await Bun.stdin.text()"]);
  const mb = await peakMb([binary, "config", "--config", "-"]);
  print(
    `peak memory of perfagent config: ${mb.toFixed(1)} MB, bun: ${baseMb.toFixed(1)} MB, ratio ${(mb / baseMb).toFixed(2)}`,
  );
}

// --- internal ---

/** Time that a waiting process is given to come to rest before its memory is read. */
const SETTLE_MS = 500;

async function wallMs(command: readonly string[]): Promise<number> {
  const started = performance.now();
  const child = Bun.spawn([...command], { cwd: "/", stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  const exitCode = await child.exited;
  if (exitCode !== 0) throw new Error(`'${command.join(" ")}' ended with ${exitCode}`);
  return performance.now() - started;
}

async function peakMb(command: readonly string[]): Promise<number> {
  const child = Bun.spawn([...command], { cwd: "/", stdin: "pipe", stdout: "ignore", stderr: "ignore" });
  await Bun.sleep(SETTLE_MS);
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  child.stdin.end();
  await child.exited;
  return (Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024) / 1e6;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
