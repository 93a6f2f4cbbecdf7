import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SOURCE = join(import.meta.dir, "../../src/cli.ts");

/**
 * The command that is tested: the sources, or the compiled binary named by `PERFAGENT_TEST_BINARY`. The sources are run
 * without Bun's own `.env` and `bunfig.toml`, as the binary is.
 */
export const CLI_COMMAND: readonly string[] =
  process.env.PERFAGENT_TEST_BINARY === undefined
    ? [process.execPath, "--no-env-file", "--config=/dev/null", SOURCE]
    : [process.env.PERFAGENT_TEST_BINARY];

export interface CliOptions {
  /** Default: empty. */
  readonly stdin?: string | Uint8Array;
  /** Variables on top of PATH, HOME, TMPDIR and LANG; nothing else of the test's environment gets through. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: an empty folder, which is also HOME and is removed afterwards. */
  readonly cwd?: string;
  /** The process is killed after this time. Default: 60 s, far above what any test needs. */
  readonly timeoutMs?: number;
}

export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts perfagent as a real process with a clean environment; for tests that signal it or read it as it goes. */
export function spawnCli(args: readonly string[], home: string, options: CliOptions = {}) {
  const env = {
    PATH: process.env.PATH ?? "/usr/bin:/bin",
    HOME: home,
    TMPDIR: tmpdir(),
    LANG: "C.UTF-8",
    ...options.env,
  };
  // Running the sources, Bun takes a `--` in front of everything for itself.
  const swallowed = process.env.PERFAGENT_TEST_BINARY === undefined && args[0] === "--" ? ["--"] : [];
  return Bun.spawn([...CLI_COMMAND, ...swallowed, ...args], {
    cwd: options.cwd ?? home,
    env,
    stdin: options.stdin === undefined ? "ignore" : Buffer.from(options.stdin),
    stdout: "pipe",
    stderr: "pipe",
    timeout: options.timeoutMs ?? 60_000,
    killSignal: "SIGKILL",
  });
}

/** Runs perfagent to its end. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const home = mkdtempSync(join(tmpdir(), "perfagent-cli-"));
  try {
    const child = spawnCli(args, home, options);
    const [stdout, stderr, exitCode] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { exitCode, stdout, stderr };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Runs a body with a fresh folder, which is removed afterwards. */
export async function withFolder<T>(body: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "perfagent-test-"));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
