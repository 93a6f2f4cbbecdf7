/** One run of a trusted command with JSON or text in and out: no isolation, but nothing is left behind. */
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface CommandOptions {
  readonly argv: readonly [string, ...string[]];
  readonly stdin: string | Uint8Array;
  readonly cwd: string;
  /** The whole environment of the command. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  /** Standard output beyond this ends the command; of standard error the last part is kept. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export interface CommandResult {
  readonly status: "exited" | "timeout" | "output_limit" | "aborted";
  /** Null when a signal ended the command. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command in a process group of its own and waits for its end. Whatever the reason of the end, the whole group is
 * killed afterwards.
 *
 * Its output goes to files, not pipes: a command that writes without end would keep the reader of a pipe from ever doing
 * anything else, such as stopping it.
 *
 * @throws The system's error when the command cannot be started or its output cannot be kept.
 */
export async function runCommand(options: CommandOptions): Promise<CommandResult> {
  const folder = mkdtempSync(join(tmpdir(), "perfagent-command-"));
  try {
    const stdout = openSync(join(folder, "stdout"), "a+");
    const stderr = openSync(join(folder, "stderr"), "a+");
    try {
      const ended = await runWithFiles(options, stdout, stderr);
      return {
        ...ended,
        stdout: readHead(stdout, options.maxBytes),
        stderr: readTail(stderr, options.maxBytes),
      };
    } finally {
      closeSync(stdout);
      closeSync(stderr);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// --- internal ---

/** Time between two looks at how much was written: a command at full speed writes some tens of MB in between. */
const LOOK_MS = 20;
/** Standard error may be this many times longer than the part that is kept. */
const STDERR_FACTOR = 16;

async function runWithFiles(
  options: CommandOptions,
  stdout: number,
  stderr: number,
): Promise<Omit<CommandResult, "stdout" | "stderr">> {
  let status: CommandResult["status"] = "exited";
  const child = Bun.spawn([...options.argv], {
    cwd: options.cwd,
    env: { ...options.env },
    stdin: typeof options.stdin === "string" ? new TextEncoder().encode(options.stdin) : options.stdin,
    stdout,
    stderr,
    detached: true,
  });
  const end = (why: CommandResult["status"]): void => {
    if (status === "exited") status = why;
    killGroup(child.pid);
  };
  const isTooMuch = (): boolean =>
    fstatSync(stdout).size > options.maxBytes || fstatSync(stderr).size > STDERR_FACTOR * options.maxBytes;
  const abort = (): void => end("aborted");
  const timer = setTimeout(() => end("timeout"), options.timeoutMs);
  const looks = setInterval(() => {
    if (isTooMuch()) end("output_limit");
  }, LOOK_MS);
  options.signal.addEventListener("abort", abort, { once: true });
  if (options.signal.aborted) abort();
  try {
    await child.exited;
    if (status === "exited" && isTooMuch()) status = "output_limit";
    return { status, exitCode: child.exitCode, signal: nameOfSignal(child.signalCode) };
  } finally {
    clearTimeout(timer);
    clearInterval(looks);
    options.signal.removeEventListener("abort", abort);
    killGroup(child.pid);
  }
}

/** A real-time signal has a number only. */
function nameOfSignal(signal: string | number | null): string | null {
  return signal === null ? null : String(signal);
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing of the group is left.
  }
}

function readHead(fd: number, maxBytes: number): string {
  return readPart(fd, 0, Math.min(maxBytes, fstatSync(fd).size));
}

function readTail(fd: number, maxBytes: number): string {
  const { size } = fstatSync(fd);
  return readPart(fd, Math.max(0, size - maxBytes), Math.min(maxBytes, size));
}

function readPart(fd: number, from: number, length: number): string {
  const bytes = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(fd, bytes, filled, length - filled, from + filled);
    if (count === 0) break;
    filled += count;
  }
  return new TextDecoder().decode(bytes.subarray(0, filled));
}
