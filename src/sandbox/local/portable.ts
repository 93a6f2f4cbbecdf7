/**
 * Runs commands without the launcher: one box per command, watched from outside through /proc. Slower to start and
 * coarser than the launcher; used where the launcher cannot be had.
 */
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { ExecResult, ExecStatus } from "../../types.ts";
import { emptyResult, KEPT_BYTES } from "../result.ts";
import type { BoxRequest } from "./types.ts";

export interface PortableOptions {
  /** Where input and outputs of a running command live. */
  readonly tmpDir: string;
  /** The command line that starts `argv` in a box. */
  readonly wrap: (request: BoxRequest, argv: readonly string[]) => string[];
}

/** Runs one command; see {@link Boxes.execute}. */
export async function executePortable(
  options: PortableOptions,
  request: BoxRequest,
  signal: AbortSignal,
): Promise<ExecResult> {
  if (signal.aborted) return emptyResult("cancelled");
  const folder = mkdtempSync(join(options.tmpDir, "run-"));
  try {
    return await runIn(folder, options, request, signal);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// --- internal ---

/** Time between two looks at the process tree. */
const WATCH_MS = 2;

/** What the shell around the program does: limits first, then the program with its own three streams only. */
const SHELL = `ulimit -c 0; ulimit -s unlimited 2>&3; ulimit -f "$1" 2>&3; shift
exec 4>&2 2>&3 3>&-
"$@" 2>&4 4>&-
code=$?
echo "exit $code" >&2`;

async function runIn(
  folder: string,
  options: PortableOptions,
  request: BoxRequest,
  signal: AbortSignal,
): Promise<ExecResult> {
  const file = (name: string): string => join(folder, name);
  writeFileSync(file("in"), request.stdin);
  const fds = [
    openSync(file("in"), "r"),
    openSync(file("out"), "a+"),
    openSync(file("err"), "a+"),
    openSync(file("report"), "a"),
  ] as const;
  const { limits } = request;
  // POSIX shells count file sizes in blocks of 512 bytes.
  const fileBlocks = Math.ceil(Math.max(limits.fileBytes ?? 0, limits.outputBytes + 1) / 512);
  const argv = ["/bin/sh", "-c", SHELL, "sh", String(fileBlocks), ...request.argv];
  const started = Bun.nanoseconds();
  const child = Bun.spawn(options.wrap(request, argv), {
    stdio: [fds[0], fds[1], fds[2], fds[3]],
    env: {},
    detached: true,
  });
  for (const fd of fds) closeSync(fd);
  const killed = new Set<"timeout" | "memory_limit" | "output_limit" | "cancelled">();
  const kill = (reason: "timeout" | "memory_limit" | "output_limit" | "cancelled"): void => {
    killed.add(reason);
    killGroup(child.pid);
  };
  const onAbort = (): void => kill("cancelled");
  signal.addEventListener("abort", onAbort, { once: true });
  const tree = { peakBytes: 0, byteS: 0, last: started, lastBytes: 0 };
  const watch = setInterval(() => {
    const now = Bun.nanoseconds();
    const bytes = treeBytes(child.pid);
    tree.byteS += ((bytes + tree.lastBytes) / 2) * ((now - tree.last) / 1e9);
    tree.last = now;
    tree.lastBytes = bytes;
    tree.peakBytes = Math.max(tree.peakBytes, bytes);
    if (bytes > limits.memoryBytes) kill("memory_limit");
    if (sizeOf(file("out")) > limits.outputBytes || sizeOf(file("err")) > limits.outputBytes)
      kill("output_limit");
    if (now - started > limits.wallMs * 1e6) kill("timeout");
  }, WATCH_MS);
  await child.exited;
  const wallNs = Bun.nanoseconds() - started;
  clearInterval(watch);
  signal.removeEventListener("abort", onAbort);
  killGroup(child.pid);
  const out = readFileSync(file("out"));
  const err = readFileSync(file("err"));
  const report = readFileSync(file("report"), "utf8");
  if (killed.has("cancelled")) return emptyResult("cancelled");
  const code = /exit (\d+)\n$/.exec(report)?.[1];
  if (code === undefined && killed.size === 0)
    return emptyResult("sandbox_error", `the box ended early: ${report}${err}`);
  const over = out.length > limits.outputBytes || err.length > limits.outputBytes;
  const status: ExecStatus = over
    ? "output_limit"
    : killed.has("memory_limit")
      ? "memory_limit"
      : killed.has("timeout")
        ? "timeout"
        : code === "0"
          ? "exited"
          : "runtime_error";
  const usage = child.resourceUsage();
  const kept = status === "output_limit" ? KEPT_BYTES : limits.outputBytes;
  return {
    status,
    exitCode: code === undefined ? null : Number(code),
    signal: null,
    wallNs,
    cpuUs: usage === undefined ? null : Number(usage.cpuTime.total),
    peakBytes: tree.peakBytes === 0 ? null : tree.peakBytes,
    integralByteS: tree.byteS,
    stdout: out.subarray(0, kept),
    stderr: err.subarray(0, KEPT_BYTES),
    stdoutTruncated: out.length > kept,
    stderrTruncated: err.length > KEPT_BYTES,
    message: "",
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The group is empty already.
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Resident memory of the programs below a box's process: its shell and the box itself are left out by name. */
function treeBytes(root: number): number {
  let bytes = 0;
  const pending = [root];
  for (let pid = pending.pop(); pid !== undefined; pid = pending.pop()) {
    try {
      for (const task of readdirSync(`/proc/${pid}/task`)) {
        const children = readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim();
        if (children !== "") pending.push(...children.split(" ").map(Number));
      }
      if (pid !== root)
        bytes += Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * PAGE_BYTES;
    } catch {
      // Ended between the two looks.
    }
  }
  return bytes;
}

const PAGE_BYTES = 4096;
