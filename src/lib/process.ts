/** One run of a trusted command with JSON or text in and out: no isolation, but nothing is left behind. */

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
 * @throws The system's error when the command cannot be started.
 */
export async function runCommand(options: CommandOptions): Promise<CommandResult> {
  let status: CommandResult["status"] = "exited";
  const child = Bun.spawn([...options.argv], {
    cwd: options.cwd,
    env: { ...options.env },
    stdin: typeof options.stdin === "string" ? new TextEncoder().encode(options.stdin) : options.stdin,
    stdout: "pipe",
    stderr: "pipe",
    detached: true,
  });
  const end = (why: CommandResult["status"]): void => {
    if (status === "exited") status = why;
    killGroup(child.pid);
  };
  const abort = (): void => end("aborted");
  const timer = setTimeout(() => end("timeout"), options.timeoutMs);
  options.signal.addEventListener("abort", abort, { once: true });
  if (options.signal.aborted) abort();
  try {
    const streams = Promise.all([
      readHead(child.stdout, options.maxBytes, () => end("output_limit")),
      readTail(child.stderr, options.maxBytes),
    ]);
    await child.exited;
    // A grandchild may hold the pipes open; the text of what is left is complete once the group is gone.
    killGroup(child.pid);
    const [stdout, stderr] = await streams;
    return { status, exitCode: child.exitCode, signal: nameOfSignal(child.signalCode), stdout, stderr };
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener("abort", abort);
    killGroup(child.pid);
  }
}

// --- internal ---

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

async function readHead(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
  onLimit: () => void,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    if (size >= maxBytes) continue;
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) onLimit();
  }
  return decode(chunks).slice(0, maxBytes);
}

async function readTail(stream: ReadableStream<Uint8Array>, maxBytes: number): Promise<string> {
  let chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > 2 * maxBytes) {
      const kept = Buffer.concat(chunks).subarray(-maxBytes);
      chunks = [kept];
      size = kept.length;
    }
  }
  return decode(chunks).slice(-maxBytes);
}

function decode(chunks: readonly Uint8Array[]): string {
  return new TextDecoder().decode(Buffer.concat(chunks));
}
