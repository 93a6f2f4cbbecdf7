import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalSandbox } from "../../src/sandbox/local/index.ts";
import type { Logger, Sandbox } from "../../src/types.ts";

/** A logger for tests that do not look at what is logged. */
export const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Why the local sandbox cannot run Python programs here, or null. */
export const MISSING_FOR_LOCAL: string | null = !existsSync("/usr/bin/bwrap")
  ? "bubblewrap is not installed"
  : Bun.which("python3") === null
    ? "python3 is not installed"
    : null;

/** A local sandbox with folders of its own, which are removed when it is closed. */
export async function startLocalSandbox(options: { readonly compat?: boolean } = {}): Promise<Sandbox> {
  const root = mkdtempSync(join(tmpdir(), "perfagent-test-"));
  const sandbox = await createLocalSandbox({
    allowUnsafe: false,
    // Shared by the test files of one run, where the gate names a folder: Go's library is then compiled once.
    cacheDir: process.env.PERFAGENT_TEST_CACHE ?? join(root, "cache"),
    tmpDir: join(root, "tmp"),
    env: process.env,
    logger: SILENT,
    ...options,
  });
  return {
    ...sandbox,
    async close() {
      await sandbox.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
