/**
 * Runs commands without the launcher: one box per command, made by others' tools and watched from outside through /proc.
 * Slower to start and coarser than the launcher; used where the launcher cannot be had.
 */
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statfsSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import type { ExecResult } from "../../types.ts";
import { emptyResult, KEPT_BYTES } from "../result.ts";
import type { CoreLease, Cores } from "./cores.ts";
import { type Ending, statusOf } from "./exec-result.ts";
import { hostPaths } from "./host-paths.ts";
import type { Inputs } from "./inputs.ts";
import { type Host, MOST_PROCESSES, type Tier } from "./isolation.ts";
import { killGroup } from "./launcher-box.ts";
import { DEPTH_OF_PROGRAM, portableArgv } from "./portable-command.ts";
import { readTree, type TreeProcess } from "./process-tree.ts";
import { signalName } from "./signals.ts";
import {
  type Boxes,
  type BoxRequest,
  boxEnvironment,
  DEFAULT_FILE_BYTES,
  DEFAULT_TMP_BYTES,
} from "./types.ts";

export interface PortableBoxesOptions {
  readonly tier: Tier;
  readonly host: Host;
  readonly inputs: Inputs;
  readonly cores: Cores;
  readonly tmpDir: string;
  /** Binds a process to a core; null where that is not possible. */
  readonly pin: ((pid: number, core: number) => void) | null;
}

export function createPortableBoxes(options: PortableBoxesOptions): Boxes {
  let boxCost: Promise<Cost> | null = null;
  const costOf = (): Promise<Cost> => (boxCost ??= measureBox(options));
  return {
    async execute(request, signal) {
      const results = await inLease(options, "check", [request], signal, await costOf());
      return results[0] ?? emptyResult("cancelled");
    },
    async executeInOrder(requests, signal) {
      return await inLease(options, "time", requests, signal, await costOf());
    },
  };
}

// --- internal ---

/** Time between two looks at the process tree. */
const WATCH_MS = 1;

/** Runs of an empty program that tell what a box itself costs. */
const COST_RUNS = 5;

/** What making a box takes, which is not the program's. */
interface Cost {
  readonly wallNs: number;
  readonly cpuUs: number;
}

const NO_COST: Cost = { wallNs: 0, cpuUs: 0 };

async function measureBox(options: PortableBoxesOptions): Promise<Cost> {
  const request = {
    mounts: [],
    argv: ["/bin/true"],
    env: {},
    stdin: "",
    limits: { wallMs: 10_000, memoryBytes: 2 ** 28, outputBytes: 1024 },
  };
  const never = new AbortController().signal;
  const requests = Array.from({ length: COST_RUNS }, () => request);
  const boxed = await inLease(options, "check", requests, never, NO_COST);
  const bare = await Promise.all(
    requests.map(async () => {
      const start = Bun.nanoseconds();
      await Bun.spawn(["/bin/true"], { env: {} }).exited;
      return Bun.nanoseconds() - start;
    }),
  );
  const least = (numbers: readonly (number | null)[]): number =>
    Math.min(...numbers.map((number) => number ?? 0));
  return {
    wallNs: Math.max(0, least(boxed.map(({ wallNs }) => wallNs)) - least(bare)),
    cpuUs: Math.max(0, least(boxed.map(({ cpuUs }) => cpuUs)) - least(bare) / 1000),
  };
}

async function inLease(
  options: PortableBoxesOptions,
  purpose: "check" | "time",
  requests: readonly BoxRequest[],
  signal: AbortSignal,
  cost: Cost,
): Promise<ExecResult[]> {
  let lease: CoreLease;
  try {
    lease = await options.cores.lease(purpose, signal);
  } catch (error) {
    if (signal.aborted) return requests.map(() => emptyResult("cancelled"));
    throw error;
  }
  try {
    const results: ExecResult[] = [];
    for (const request of requests) results.push(await runOne(options, request, lease, signal, cost));
    return results;
  } finally {
    lease.release();
  }
}

async function runOne(
  options: PortableBoxesOptions,
  request: BoxRequest,
  lease: CoreLease,
  signal: AbortSignal,
  cost: Cost,
): Promise<ExecResult> {
  const folder = mkdtempSync(join(options.tmpDir, "run-"));
  const input = await options.inputs.hold(request.stdin);
  try {
    if (signal.aborted) return emptyResult("cancelled");
    const stdin = input.name === "" ? "/dev/null" : join(options.inputs.folder, input.name);
    return await runIn(folder, stdin, options, request, lease, signal, cost);
  } finally {
    input.release();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runIn(
  folder: string,
  stdin: string,
  options: PortableBoxesOptions,
  request: BoxRequest,
  lease: CoreLease,
  signal: AbortSignal,
  cost: Cost,
): Promise<ExecResult> {
  const { limits } = request;
  const file = (name: string): string => join(folder, name);
  const scratch = file("scratch");
  mkdirSync(scratch);
  const streams = [
    openSync(stdin, "r"),
    openSync(file("out"), "a"),
    openSync(file("err"), "a"),
    openSync(file("report"), "a"),
  ] as const;
  const boxed = options.tier === "L5" ? onHost(request, scratch) : request;
  const argv = portableArgv({
    tier: options.tier,
    host: options.host,
    mounts: request.mounts,
    tmpBytes: limits.tmpBytes ?? DEFAULT_TMP_BYTES,
    fileBytes: Math.max(limits.fileBytes ?? DEFAULT_FILE_BYTES, limits.outputBytes + 1),
    // Behind the watch, should it ever be kept from looking.
    cpuSeconds: Math.ceil(limits.wallMs / 1000) + 1,
    cwd: boxed.cwd ?? "/tmp",
    env: boxEnvironment(boxed.env),
    argv: boxed.argv,
    folder: scratch,
  });
  const started = Bun.nanoseconds();
  const child = Bun.spawn(argv, { stdio: [...streams], env: { PATH: TOOLS_PATH }, cwd: "/", detached: true });
  if (lease.core !== null) options.pin?.(child.pid, lease.core);
  for (const fd of streams) closeSync(fd);

  const watched = { overMemory: false, overOutput: false, timedOut: false, cancelled: false, crowded: false };
  const memory = { peakBytes: 0, byteS: 0, lastNs: 0, lastBytes: 0 };
  const look = (): void => {
    const now = Bun.nanoseconds();
    const tree = readTree(child.pid).filter(({ depth }) => depth >= DEPTH_OF_PROGRAM[options.tier]);
    const resident = tree.reduce((sum, { residentBytes }) => sum + residentBytes, 0);
    const bytes =
      resident + (options.tier === "L5" ? 0 : unmappedFileBytes(tree, limits.tmpBytes ?? DEFAULT_TMP_BYTES));
    if (memory.lastNs > 0) memory.byteS += ((bytes + memory.lastBytes) / 2) * ((now - memory.lastNs) / 1e9);
    if (tree.length > 0) memory.lastNs = now;
    memory.lastBytes = bytes;
    memory.peakBytes = Math.max(memory.peakBytes, bytes, ...tree.map(({ highestBytes }) => highestBytes));
    watched.overMemory ||= memory.peakBytes > limits.memoryBytes;
    watched.overOutput ||=
      sizeOf(file("out")) > limits.outputBytes || sizeOf(file("err")) > limits.outputBytes;
    watched.timedOut ||= now - started - cost.wallNs > limits.wallMs * 1e6;
    watched.crowded ||= tree.length > MOST_PROCESSES;
    watched.cancelled ||= signal.aborted;
    if (Object.values(watched).includes(true)) killTree(child.pid, tree);
  };
  const watch = setInterval(look, WATCH_MS);
  signal.addEventListener("abort", look, { once: true });
  await child.exited;
  const ended = Bun.nanoseconds();
  clearInterval(watch);
  signal.removeEventListener("abort", look);
  killGroup(child.pid);

  if (watched.cancelled) return emptyResult("cancelled");
  const cpuUs = Number(child.resourceUsage()?.cpuTime.total ?? 0) - cost.cpuUs;
  const report = readFileSync(file("report"), "utf8");
  const ending = endingOf(report);
  if (ending === null && !Object.values(watched).includes(true)) {
    const words = `${report}${readStart(file("err"), KEPT_BYTES).toString()}`.trim();
    return emptyResult("sandbox_error", `Cannot run the program: the box ended early: ${words}`);
  }
  const outBytes = sizeOf(file("out"));
  const errBytes = sizeOf(file("err"));
  const overruns = {
    overOutput: watched.overOutput || outBytes > limits.outputBytes || errBytes > limits.outputBytes,
    overMemory: watched.overMemory,
    timedOut: watched.timedOut,
  };
  const { exitCode, signal: killedBy } = ending ?? { exitCode: null, signal: "SIGKILL" };
  const status = statusOf(overruns, { exitCode, signal: killedBy });
  const stdout = readStart(file("out"), status === "output_limit" ? KEPT_BYTES : limits.outputBytes);
  const stderr = readStart(file("err"), KEPT_BYTES);
  return {
    status,
    exitCode,
    signal: killedBy,
    // A program is never shorter than the work it did.
    wallNs: Math.max(ended - started - cost.wallNs, cpuUs * 1000, 1),
    // A box that was killed takes the count of its program's time with it.
    cpuUs: ending === null ? null : Math.max(cpuUs, 1),
    peakBytes: memory.peakBytes > 0 ? memory.peakBytes : null,
    integralByteS: memory.peakBytes > 0 ? memory.byteS : null,
    stdout,
    stderr,
    stdoutTruncated: outBytes > stdout.length,
    stderrTruncated: errBytes > stderr.length,
    message: watched.crowded ? "it started more processes than are allowed" : "",
  };
}

/** Bytes of files in the box's memory that none of its programs has mapped. */
function unmappedFileBytes(tree: readonly TreeProcess[], tmpBytes: number): number {
  const pid = tree[0]?.pid;
  if (pid === undefined) return 0;
  let used = 0;
  for (const folder of ["/tmp", "/dev/shm"]) {
    try {
      const { bsize, blocks, bfree } = statfsSync(`/proc/${pid}/root${folder}`);
      // Before the box is ready these are the host's own folders, which are larger.
      if (blocks * bsize <= tmpBytes) used += (blocks - bfree) * bsize;
    } catch {
      // Ended while we looked.
    }
  }
  return Math.max(0, used - tree.reduce((sum, { sharedBytes }) => sum + sharedBytes, 0));
}

/** Where the tools that make a box find their own parts. */
const TOOLS_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/** A shell's exit code of a signal is 128 and its number; only a program that was killed makes it say a word. */
function endingOf(report: string): Ending | null {
  const code = /^exit (\d+)\n$/m.exec(report)?.[1];
  if (code === undefined) return null;
  const words = report.replace(/^exit \d+\n/m, "").trim();
  const number = Number(code);
  if (number > 128 && words !== "") return { exitCode: null, signal: signalName(number - 128) };
  return { exitCode: number, signal: null };
}

/** The group holds the box, and the box holds everything; without one, the tree is all that is known. */
function killTree(root: number, tree: readonly TreeProcess[]): void {
  killGroup(root);
  for (const { pid } of tree) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Ended with the group.
    }
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function readStart(path: string, bytes: number): Buffer {
  const fd = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(Math.min(bytes, sizeOf(path)));
    return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, 0));
  } finally {
    closeSync(fd);
  }
}

/** Without a box there are no mounts: paths of the box become those of the host. */
function onHost(request: BoxRequest, scratch: string): Pick<BoxRequest, "argv" | "cwd" | "env"> {
  const translate = hostPaths(request.mounts, scratch);
  return {
    cwd: translate(request.cwd ?? "/tmp"),
    argv: request.argv.map(translate),
    env: Object.fromEntries(
      Object.entries(boxEnvironment(request.env)).map(([name, value]) => [name, translate(value)]),
    ),
  };
}
