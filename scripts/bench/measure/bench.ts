/** What the sandbox's benchmarks share: a sandbox, bare loops around the same programs, a table of figures and bars. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalSandbox } from "../../../src/sandbox/local/index.ts";
import type { ExecResult, Job, Sandbox } from "../../../src/types.ts";
import loopSource from "./loop.c" with { type: "text" };

/** What is measured, the figure, and the bar that it must not pass; a `≥` bar is a least value. */
export type Row = readonly [what: string, figure: number, bar: number, kind?: "most" | "least"];

export interface BenchProgram {
  readonly code: string;
  readonly build: Job["build"];
}

export interface Bench {
  readonly sandbox: Sandbox;
  readonly folder: string;
  build(code: string): Promise<BenchProgram>;
  run(
    program: BenchProgram,
    count: number,
    purpose: "check" | "time",
    limits?: Partial<Job["limits"]>,
  ): Promise<ExecResult[]>;
  /** The same program compiled for the host, outside any box. */
  programPath(program: BenchProgram): string;
  /** Wall times in ms of a C loop of vfork, exec and wait around a program, on the core of timed programs. */
  bare(program: BenchProgram, count: number): Promise<number[]>;
  close(): Promise<void>;
}

export const NEVER = new AbortController().signal;

/** Opens a sandbox with a cache and folders of its own. `PERFAGENT_BENCH_TIER` chooses another tier. */
export async function openBench(): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), "perfagent-bench-"));
  const tier = process.env.PERFAGENT_BENCH_TIER;
  const sandbox = await createLocalSandbox({
    allowUnsafe: false,
    cacheDir: join(folder, "cache"),
    tmpDir: folder,
    env: process.env,
    logger: { debug() {}, info() {}, warn: write, error: write },
    ...(tier === undefined ? {} : { tier: tier as "L3" }),
  });
  write(`isolation ${sandbox.info.isolation}, measurement ${sandbox.info.measurement}`);
  mkdirSync(join(folder, "bare"));
  writeFileSync(join(folder, "loop.c"), loopSource);
  compile(["gcc", "-O2", "-o", join(folder, "loop"), join(folder, "loop.c")]);
  const paths = new Map<string, string>();
  const programPath = ({ code }: BenchProgram): string => {
    const known = paths.get(code);
    if (known !== undefined) return known;
    const path = join(folder, "bare", String(paths.size));
    writeFileSync(`${path}.cpp`, code);
    compile(["g++", "-std=c++20", "-O2", "-o", path, `${path}.cpp`]);
    paths.set(code, path);
    return path;
  };
  return {
    sandbox,
    folder,
    async build(code) {
      const build = await sandbox.build({ language: "cpp", code }, NEVER);
      if (build.status !== "ok") throw new Error(build.message);
      return { code, build };
    },
    run(program, count, purpose, limits = {}) {
      const all = { wallMs: 20_000, memoryBytes: 2 ** 30, outputBytes: 2 ** 20, ...limits };
      const jobs = Array.from({ length: count }, () => ({ build: program.build, stdin: "x", limits: all }));
      return sandbox.run(jobs, { purpose }, NEVER);
    },
    programPath,
    async bare(program, count) {
      const path = programPath(program);
      const child = Bun.spawn([join(folder, "loop"), String(count), String(TIMED_CORE), path], {
        stdout: "pipe",
      });
      const text = await child.stdout.text();
      return text.trim().split("\n").map(Number);
    },
    async close() {
      await sandbox.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function printTable(rows: readonly Row[]): void {
  write(`${"".padEnd(64)}${"figure".padStart(10)}${"bar".padStart(10)}  met`);
  for (const [what, figure, bar, kind = "most"] of rows) {
    const met = kind === "most" ? figure <= bar : figure >= bar;
    const bound = `${kind === "most" ? "≤" : "≥"} ${bar}`;
    write(`${what.padEnd(64)}${figure.toFixed(3).padStart(10)}${bound.padStart(10)}  ${met ? "yes" : "NO"}`);
  }
}

export function write(line: string): void {
  process.stdout.write(`${line}\n`);
}

// --- internal ---

/** The core that timed programs are given first: the one after perfagent's own. */
const TIMED_CORE = secondCore();

function secondCore(): number {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  const cores = list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  return cores[1] ?? cores[0] ?? 0;
}

function compile(argv: readonly string[]): void {
  const done = Bun.spawnSync([...argv], { stderr: "pipe" });
  if (done.exitCode !== 0) throw new Error(done.stderr.toString());
}
