/**
 * Runs hostile programs in one sandbox and prints what came of them, as JSON. A program of its own, because it is run
 * as different users: `bun hostile-run.ts '{"tier": "L3", …}'`.
 */
import { createLocalSandbox } from "../../../src/sandbox/local/index.ts";
import type { Tier } from "../../../src/sandbox/local/isolation.ts";
import type { ExecResult } from "../../../src/types.ts";
import { HOSTILE_PROGRAMS, HOSTILE_SOURCES, type HostileProgram } from "./hostile-programs.ts";

export interface HostileRunOptions {
  readonly tier: Tier;
  readonly measurement: "launcher" | "portable";
  readonly cacheDir: string;
  readonly tmpDir: string;
  readonly path: string;
  /** Names of programs to run; all when empty. */
  readonly only: readonly string[];
  /** Whether to build hostile sources too. */
  readonly sources: boolean;
}

/** What came of a program's last run; bytes as Latin-1 text. */
export interface HostileOutcome extends Omit<ExecResult, "stdout" | "stderr"> {
  readonly name: string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface HostileReport {
  readonly isolation: string;
  readonly measurement: string;
  readonly outcomes: readonly HostileOutcome[];
  readonly builds: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly ms: number;
  }[];
  /** How much this process grew. */
  readonly grownBytes: number;
  /** Least wall time of a short program before and after all others, in ns. */
  readonly before: number;
  readonly after: number;
}

/** Memory of each program; the whole of what a tree may use. */
export const MEMORY_BYTES = 128 * 2 ** 20;
export const OUTPUT_BYTES = 4 * 2 ** 20;

if (import.meta.main) {
  const options = JSON.parse(process.argv[2] ?? "{}") as HostileRunOptions;
  process.stdout.write(JSON.stringify(await run(options)));
}

async function run(options: HostileRunOptions): Promise<HostileReport> {
  const said: string[] = [];
  const note = (message: string): void => void said.push(message);
  const sandbox = await createLocalSandbox({
    allowUnsafe: false,
    cacheDir: options.cacheDir,
    tmpDir: options.tmpDir,
    env: { PATH: options.path, HOME: options.tmpDir, API_SECRET: "zxqanswerword" },
    logger: { debug: note, info: note, warn: note, error: note },
    tier: options.tier,
    measurement: options.measurement,
  });
  const never = new AbortController().signal;
  const short = { language: "cpp", code: '#include <cstdio>\nint main() { puts("short"); }\n' } as const;
  const timeOfShort = async (): Promise<number> => {
    const build = await sandbox.build(short, never);
    if (build.status !== "ok") throw new Error(build.message);
    const limits = { wallMs: 10_000, memoryBytes: MEMORY_BYTES, outputBytes: OUTPUT_BYTES };
    const jobs = Array.from({ length: 15 }, () => ({ build, stdin: "", limits }));
    const walls = (await sandbox.run(jobs, { purpose: "time" }, never)).map(({ wallNs }) => wallNs ?? 0);
    // The least: work of others on this machine comes and goes, what a program left running stays.
    return Math.min(...walls);
  };
  const outcome = async (program: HostileProgram): Promise<HostileOutcome> => {
    const { name, language, code, stdin = "", wallMs = 10_000, runs = 1 } = program;
    const build = await sandbox.build({ language, code }, never);
    if (build.status !== "ok") throw new Error(`${name}: ${build.message}`);
    const limits = { wallMs, memoryBytes: MEMORY_BYTES, outputBytes: OUTPUT_BYTES };
    // In order, so that a later run would find what an earlier one left.
    const jobs = Array.from({ length: runs }, () => ({ build, stdin, limits }));
    const purpose = runs > 1 ? "time" : "check";
    const results = await sandbox.run(jobs, { purpose }, never);
    const last = results.at(-1);
    if (last === undefined) throw new Error(name);
    const text = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(0, 65536)).toString("latin1");
    return { ...last, name, stdout: text(last.stdout), stderr: text(last.stderr) };
  };
  try {
    const wanted = HOSTILE_PROGRAMS.filter(
      ({ name }) => options.only.length === 0 || options.only.includes(name),
    );
    const before = await timeOfShort();
    Bun.gc(true);
    const startBytes = process.memoryUsage.rss();
    const outcomes = await Promise.all(wanted.map(outcome));
    Bun.gc(true);
    const grownBytes = process.memoryUsage.rss() - startBytes;
    const builds = await Promise.all(
      (options.sources ? HOSTILE_SOURCES : []).map(async ({ name, ...source }) => {
        const start = performance.now();
        const build = await sandbox.build(source, never);
        return { name, status: build.status, message: build.message, ms: performance.now() - start };
      }),
    );
    const { isolation, measurement } = sandbox.info;
    return { isolation, measurement, outcomes, builds, grownBytes, before, after: await timeOfShort() };
  } finally {
    await sandbox.close();
  }
}
